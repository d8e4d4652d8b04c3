//! The numbers that Kafka gives to kinds of resources, kinds of values and places where settings are set; shared by
//! the APIs that deal with settings.

use thalweg_broker::{ConfigKind, ConfigSource, ResourceKind};
use thalweg_model::collections::HashSet;

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
        ConfigSource::Group => 8,
    }
}

/// The number of a kind of value.
pub(super) fn kind_number(kind: ConfigKind) -> i8 {
    match kind {
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

/// The resources that a request names more than once.
pub(super) struct Twice<'a>(HashSet<(i8, &'a str)>);

impl<'a> Twice<'a> {
    /// Among these.
    pub(super) fn among(named: impl Iterator<Item = (i8, &'a str)>) -> Self {
        let mut seen = HashSet::default();
        Self(named.filter(|resource| !seen.insert(*resource)).collect())
    }

    /// Whether this is one of them.
    pub(super) fn has(&self, resource: (i8, &'a str)) -> bool {
        self.0.contains(&resource)
    }
}
