//! Settings of what has a name and is no topic and no broker: groups, and subscriptions to clients' metrics. Both may
//! have settings before there is anything of that name.

use std::sync::Arc;

use super::Overrides;
use super::alter::{changed, whole};
use super::broker::{BrokerConfig, default_of};
use super::definition::Definition;
use super::describe::own_entry;
use super::entry::{
    ConfigChange, ConfigEntry, ConfigOperation, ConfigSource, ConfigSynonym, DescribeOptions,
};
use super::named_table::{CLIENT_METRICS, GROUPS};
use super::topic::inherited;
use super::value::{self, Value};
use crate::session::configs::ConfigError;

/// What may stand before the `=` of a subscription's `match`.
const MATCHED: [&str; 6] = [
    "client_instance_id",
    "client_id",
    "client_software_name",
    "client_software_version",
    "client_source_address",
    "client_source_port",
];

/// Bounds whose names do not follow from the setting's own.
const OTHER_BOUNDS: [(&str, &str); 1] =
    [("group.streams.num.standby.replicas", "group.streams.max.standby.replicas")];

/// What has settings under a name of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NamedKind {
    /// A subscription to clients' metrics.
    ClientMetrics,
    /// A group.
    Group,
}

impl NamedKind {
    /// Its settings, by name in order.
    pub fn settings(self) -> &'static [Definition] {
        match self {
            Self::ClientMetrics => CLIENT_METRICS,
            Self::Group => GROUPS,
        }
    }

    fn setting(self, name: &str) -> Option<&'static Definition> {
        self.settings().iter().find(|row| row.name == name)
    }

    fn source(self) -> ConfigSource {
        match self {
            Self::ClientMetrics => ConfigSource::ClientMetrics,
            Self::Group => ConfigSource::Group,
        }
    }
}

impl BrokerConfig {
    /// All settings for which `wanted` says yes.
    pub fn describe_named(
        &self,
        kind: NamedKind,
        overrides: &Overrides,
        wanted: &dyn Fn(&str) -> bool,
        options: DescribeOptions,
    ) -> Vec<ConfigEntry> {
        let rows = kind.settings().iter().filter(|row| wanted(row.name));
        rows.map(|row| self.describe_named_setting(kind, row, overrides, options)).collect()
    }

    fn describe_named_setting(
        &self,
        kind: NamedKind,
        row: &'static Definition,
        overrides: &Overrides,
        options: DescribeOptions,
    ) -> ConfigEntry {
        let written = |value: Option<Value>| -> Option<Arc<str>> { Some(value::write(&value?).into()) };
        let value = written(self.named_value(row, overrides));
        let synonym = |value, source| ConfigSynonym { name: row.name.into(), value, source };
        let mut synonyms = Vec::new();
        if overrides.contains_key(row.name) {
            synonyms.push(synonym(value.clone(), kind.source()));
        }
        match (kind, row.brokers.first()) {
            (_, Some(behind)) => synonyms.extend(self.synonyms(behind)),
            (NamedKind::Group, None) => {
                synonyms.push(synonym(written(default_of(row)), ConfigSource::Default));
            }
            (NamedKind::ClientMetrics, None) => {}
        }
        own_entry(row, value, synonyms, options)
    }

    /// The settings when altered as a whole.
    pub fn replace_named(
        &self,
        kind: NamedKind,
        values: &[(Arc<str>, Option<Arc<str>>)],
    ) -> Result<Overrides, ConfigError> {
        let overrides = whole(values)?;
        self.check_named(kind, &overrides)?;
        Ok(overrides)
    }

    /// The settings after these changes.
    pub fn alter_named(
        &self,
        kind: NamedKind,
        existing: &Overrides,
        changes: &[ConfigChange],
    ) -> Result<Overrides, ConfigError> {
        let current = |name: &str| self.named_value(kind.setting(name)?, existing);
        // As in Kafka the lists of a subscription are no lists for changes.
        let row_of = |name: &str| kind.setting(name).filter(|_| kind != NamedKind::ClientMetrics);
        let overrides = changed(existing, changes, &row_of, &current)?;
        // A value that was good when it was set may lie outside of the broker's bounds by now; what is changed may not.
        let set = |change: &&ConfigChange| change.operation != ConfigOperation::Delete;
        let set = changes.iter().filter(set).filter_map(|change| overrides.get_key_value(&change.name));
        let set = set.map(|(name, value)| (name.clone(), value.clone())).collect();
        self.check_named(kind, &set)?;
        Ok(overrides)
    }

    fn named_value(&self, row: &'static Definition, overrides: &Overrides) -> Option<Value> {
        let set = overrides.get(row.name).and_then(|text| value::parse(row, text).ok());
        set.or_else(|| inherited(self, row))
    }

    fn check_named(&self, kind: NamedKind, overrides: &Overrides) -> Result<(), ConfigError> {
        for (name, text) in overrides {
            let Some(row) = kind.setting(name) else {
                return Err(match kind {
                    NamedKind::ClientMetrics => {
                        ConfigError::InvalidRequest(format!("Unknown client metrics configuration: {name}"))
                    }
                    NamedKind::Group => {
                        ConfigError::InvalidConfig(format!("Unknown group config name: {name}"))
                    }
                });
            };
            let value = value::parse(row, text).map_err(|error| match kind {
                NamedKind::ClientMetrics => ConfigError::InvalidRequest(error.to_string()),
                NamedKind::Group => ConfigError::InvalidConfig(error.to_string()),
            })?;
            match (&value, name.as_ref()) {
                (Value::Number(number), _) => self.check_bounds(row, *number)?,
                (Value::List(pairs), "match") => check_match(pairs)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// The bounds that the broker sets for a group's own value.
    fn check_bounds(&self, row: &Definition, number: i64) -> Result<(), ConfigError> {
        let Some(behind) = row.brokers.first() else { return Ok(()) };
        let bound = |word: &str| {
            let other = OTHER_BOUNDS.iter().find(|(name, _)| name == behind).map(|(_, bound)| *bound);
            let (protocol, rest) = behind.strip_prefix("group.")?.split_once('.')?;
            let named = format!("group.{protocol}.{word}.{rest}");
            let of_word = other.filter(|bound| bound.contains(&format!(".{word}.")));
            let Some(Value::Number(bound)) = self.value(of_word.unwrap_or(&named)) else { return None };
            Some(bound)
        };
        let (least, most) = (bound("min").unwrap_or(i64::MIN), bound("max").unwrap_or(i64::MAX));
        if (least..=most).contains(&number) {
            return Ok(());
        }
        let bounds = match (least, most) {
            (i64::MIN, most) => format!("at most {most}"),
            (least, i64::MAX) => format!("at least {least}"),
            (least, most) => format!("within {least} and {most}"),
        };
        Err(ConfigError::InvalidConfig(format!("{} must be {bounds} on this broker", row.name)))
    }
}

fn check_match(pairs: &[String]) -> Result<(), ConfigError> {
    let sound = |pair: &String| {
        let (name, pattern) = pair.split_once('=')?;
        (MATCHED.contains(&name.trim()) && !pattern.trim().is_empty()).then_some(())
    };
    match pairs.iter().find(|pair| sound(pair).is_none()) {
        Some(pair) => Err(ConfigError::InvalidConfig(format!("Illegal client matching pattern: {pair}"))),
        None => Ok(()),
    }
}
