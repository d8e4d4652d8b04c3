//! What the APIs that deal with settings share: the numbers that Kafka gives to kinds of resources, kinds of values and
//! places where settings are set, and how the changes of a request are made.

use thalweg_broker::{Answer, ConfigError, ConfigKind, ConfigSource, Resource, ResourceKind, WalSeq};
use thalweg_model::codec::Text;
use thalweg_model::collections::HashSet;

use crate::errors::{Code, FirstError};

/// The number of a kind of resource.
pub(super) fn resource_number(kind: ResourceKind) -> i8 {
    match kind {
        ResourceKind::Topic => 2,
        ResourceKind::Broker => 4,
        ResourceKind::BrokerLogger => 8,
        ResourceKind::ClientMetrics => 16,
        ResourceKind::Group => 32,
    }
}

/// The kind of resource with this number.
pub(super) fn resource_kind(number: i8) -> Option<ResourceKind> {
    match number {
        2 => Some(ResourceKind::Topic),
        4 => Some(ResourceKind::Broker),
        8 => Some(ResourceKind::BrokerLogger),
        16 => Some(ResourceKind::ClientMetrics),
        32 => Some(ResourceKind::Group),
        _ => None,
    }
}

/// The number of a place where a setting is set.
pub(super) fn source_number(source: ConfigSource) -> i8 {
    match source {
        ConfigSource::Topic => 1,
        ConfigSource::DynamicBroker => 2,
        ConfigSource::DynamicDefaultBroker => 3,
        ConfigSource::StaticBroker => 4,
        ConfigSource::Default => 5,
        ConfigSource::BrokerLogger => 6,
        ConfigSource::ClientMetrics => 7,
        ConfigSource::Group => 8,
    }
}

/// The number of a kind of value.
pub(super) fn kind_number(kind: ConfigKind) -> i8 {
    match kind {
        ConfigKind::Unknown => 0,
        ConfigKind::Boolean => 1,
        ConfigKind::String => 2,
        ConfigKind::Int => 3,
        ConfigKind::Short => 4,
        ConfigKind::Long => 5,
        ConfigKind::Double => 6,
        ConfigKind::List => 7,
        ConfigKind::Class => 8,
        ConfigKind::Password => 9,
    }
}

/// The changes of one request: each resource by itself, none that is named twice.
pub(super) struct Changes<'a> {
    twice: HashSet<(i8, &'a str)>,
    after: WalSeq,
    first: FirstError,
}

impl<'a> Changes<'a> {
    /// Of a request that names these resources.
    pub(super) fn of(named: impl Iterator<Item = (i8, &'a Text)>) -> Self {
        let mut seen = HashSet::default();
        let named = named.map(|(number, name)| (number, name.as_str()));
        let twice = named.filter(|resource| !seen.insert(*resource)).collect();
        Self { twice, after: WalSeq::default(), first: FirstError::default() }
    }

    /// Changes one of them; gives the code and the text for the answer.
    pub(super) async fn make(
        &mut self,
        number: i8,
        name: &Text,
        change: impl AsyncFnOnce(Resource) -> Answer<Result<(), ConfigError>>,
    ) -> (i16, Option<Text>) {
        let result = match resource_kind(number) {
            None => Err(no_such_kind(number)),
            Some(_) if self.twice.contains(&(number, name.as_str())) => {
                Err(ConfigError::InvalidRequest("The request names this resource more than once.".into()))
            }
            Some(kind) => {
                let changed = change(Resource { kind, name: name.to_shared() }).await;
                self.after = self.after.max(changed.after);
                changed.value
            }
        };
        match result {
            Ok(()) => (self.first.see(Code::None), None),
            Err(error) => (self.first.see(Code::from(&error)), Some(error.to_string().into())),
        }
    }

    /// What the answer waits for, and the first error in it.
    pub(super) fn end(self) -> (WalSeq, Option<Code>) {
        (self.after, self.first.code())
    }
}

/// That no kind of resource has this number.
pub(super) fn no_such_kind(number: i8) -> ConfigError {
    ConfigError::InvalidRequest(format!("There is no resource of type {number}."))
}
