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

/// What became of the change of one resource, as both APIs tell it.
pub(super) struct Told {
    pub(super) error_code: i16,
    pub(super) error_message: Option<Text>,
    pub(super) resource_type: i8,
    pub(super) resource_name: Text,
}

/// Changes each resource of a request by itself, none that is named twice. Gives what became of them, what the answer
/// waits for, and the first error.
pub(super) async fn change_each<C, F: Future<Output = Answer<Result<(), ConfigError>>>>(
    resources: Vec<(i8, Text, C)>,
    change: impl Fn(Resource, C) -> F,
) -> (Vec<Told>, WalSeq, Option<Code>) {
    let (mut after, mut first) = (WalSeq::default(), FirstError::default());
    let mut told = Vec::with_capacity(resources.len());
    let mut seen = HashSet::default();
    let named = resources.iter().map(|(number, name, _)| (*number, name.to_shared()));
    let twice: HashSet<_> = named.filter(|resource| !seen.insert(resource.clone())).collect();
    for (resource_type, resource_name, wanted) in resources {
        let name = resource_name.to_shared();
        let result = match resource_kind(resource_type) {
            None => Err(no_such_kind(resource_type)),
            Some(_) if twice.contains(&(resource_type, name.clone())) => {
                Err(ConfigError::InvalidRequest("The request names this resource more than once.".into()))
            }
            Some(kind) => {
                let changed = change(Resource { kind, name }, wanted).await;
                after = after.max(changed.after);
                changed.value
            }
        };
        let (code, error_message) = match result {
            Ok(()) => (Code::None, None),
            Err(error) => (Code::from(&error), Some(error.to_string().into())),
        };
        told.push(Told { error_code: first.see(code), error_message, resource_type, resource_name });
    }
    (told, after, first.code())
}

/// That no kind of resource has this number.
pub(super) fn no_such_kind(number: i8) -> ConfigError {
    ConfigError::InvalidRequest(format!("There is no resource of type {number}."))
}
