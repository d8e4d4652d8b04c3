//! Settings: one table of topics' and one of brokers', one row per setting, which feeds the parser, the documentation
//! and what DescribeConfigs says. Names, types, defaults and rules are Kafka's where Kafka has the setting.
//!
//! Reading files, the environment and flags is not done here: values come in as names and texts.

mod alter;
pub mod broker;
mod broker_table;
pub mod definition;
mod describe;
pub mod entry;
pub mod named;
mod named_table;
pub mod topic;
mod topic_table;
pub mod value;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

pub use self::alter::DynamicScope;
pub(crate) use self::alter::MIN_INSYNC_REPLICAS;
pub use self::broker::{BrokerConfig, BrokerSettings, SettingError};
pub use self::definition::{Class, Definition, Update};
pub use self::entry::{
    ConfigChange, ConfigEntry, ConfigKind, ConfigOperation, ConfigSource, ConfigSynonym, DescribeOptions,
};
pub use self::named::NamedKind;
pub use self::topic::{CleanupPolicy, StoredCompression, TopicConfig};

/// Values that somebody set, by name.
pub type Overrides = BTreeMap<Arc<str>, Arc<str>>;

static BROKER: LazyLock<BTreeMap<&'static str, &'static Definition>> =
    LazyLock::new(|| broker_table::all().map(|row| (row.name, row)).collect());

/// All settings of topics, by name.
pub fn topic_settings() -> impl Iterator<Item = &'static Definition> {
    topic_table::TABLE.iter()
}

/// The setting of topics that has this name.
pub fn topic_setting(name: &str) -> Option<&'static Definition> {
    let found = topic_table::TABLE.binary_search_by(|row| row.name.cmp(name)).ok()?;
    Some(&topic_table::TABLE[found])
}

/// All settings of brokers, by name.
pub fn broker_settings() -> impl Iterator<Item = &'static Definition> {
    BROKER.values().copied()
}

/// The setting of brokers that has this name; one for a single listener (`listener.name.NAME.SETTING`) is found by
/// the setting's own name.
pub fn broker_setting(name: &str) -> Option<&'static Definition> {
    BROKER.get(name).or_else(|| BROKER.get(of_listener(name)?.1)).copied()
}

/// Splits `listener.name.NAME.SETTING`.
pub fn of_listener(name: &str) -> Option<(&str, &str)> {
    let (listener, setting) = name.strip_prefix("listener.name.")?.split_once('.')?;
    // A SASL mechanism may stand before the setting: listener.name.internal.plain.sasl.jaas.config
    let setting = match setting.find("sasl.").filter(|_| !setting.starts_with("sasl.")) {
        Some(at) => &setting[at..],
        None => setting,
    };
    (!listener.is_empty()).then_some((listener, setting))
}
