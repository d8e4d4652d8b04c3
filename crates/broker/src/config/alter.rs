//! Changes of settings, checked as Kafka checks them; what comes out is what shall be stored, whole.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::broker::{BrokerConfig, check};
use super::definition::{Class, Definition, Update};
use super::entry::{ConfigChange, ConfigKind, ConfigOperation};
use super::topic::effective;
use super::value::{self, Value};
use super::{Overrides, broker_setting, topic_setting};
use crate::session::configs::ConfigError;

/// For whom a broker's setting is changed while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DynamicScope {
    /// All brokers.
    Cluster,
    /// This one.
    Broker,
}

/// What Kafka lets a running broker change and this one reads when it opens its sockets: a running broker does not become
/// more open than its start was told (`docs/decisions/0006`).
const SOCKETS: [&str; 2] = ["listeners", "listener.security.protocol.map"];

/// Kafka keeps this one for all brokers, where it is from the first start on: it cannot be taken away, and no broker can
/// have another.
pub(crate) const MIN_INSYNC_REPLICAS: &str = "min.insync.replicas";

impl BrokerConfig {
    /// The settings of a topic that is made or altered as a whole.
    pub fn replace_topic(&self, values: &[(Arc<str>, Option<Arc<str>>)]) -> Result<Overrides, ConfigError> {
        let overrides = whole(values)?;
        self.check_topic(&overrides)?;
        Ok(overrides)
    }

    /// The settings of a topic after these changes.
    pub fn alter_topic(
        &self,
        existing: &Overrides,
        changes: &[ConfigChange],
    ) -> Result<Overrides, ConfigError> {
        let current = |name: &str| effective(self, existing, name);
        let overrides = changed(existing, changes, &|name| topic_setting(name), &current)?;
        self.check_topic(&overrides)?;
        Ok(overrides)
    }

    fn check_topic(&self, overrides: &Overrides) -> Result<(), ConfigError> {
        for (name, text) in overrides {
            let Some(row) = topic_setting(name) else {
                return Err(ConfigError::InvalidConfig(format!("Unknown topic config name: {name}")));
            };
            value::parse(row, text).map_err(|error| ConfigError::InvalidConfig(error.to_string()))?;
        }
        let lag = |name| if let Some(Value::Number(ms)) = effective(self, overrides, name) { ms } else { 0 };
        let (least, most) = (lag("min.compaction.lag.ms"), lag("max.compaction.lag.ms"));
        if least > most {
            let text =
                format!("min.compaction.lag.ms ({least}) must not be above max.compaction.lag.ms ({most})");
            return Err(ConfigError::InvalidConfig(text));
        }
        if effective(self, overrides, "remote.storage.enable") == Some(Value::Boolean(true)) {
            let text = "remote.storage.enable cannot be true: this broker has no tiered storage";
            return Err(ConfigError::InvalidConfig(text.to_owned()));
        }
        Ok(())
    }

    /// The settings of brokers, set while they run, when altered as a whole.
    pub fn replace_broker(
        &self,
        scope: DynamicScope,
        values: &[(Arc<str>, Option<Arc<str>>)],
    ) -> Result<Overrides, ConfigError> {
        let overrides = whole(values)?;
        self.check_broker(scope, overrides.keys(), &overrides)?;
        Ok(overrides)
    }

    /// The settings of brokers, set while they run, after these changes.
    pub fn alter_broker(
        &self,
        scope: DynamicScope,
        changes: &[ConfigChange],
    ) -> Result<Overrides, ConfigError> {
        let existing = match scope {
            DynamicScope::Cluster => self.cluster(),
            DynamicScope::Broker => self.own(),
        };
        let overrides = changed(existing, changes, &broker_setting, &|name| self.value(name))?;
        self.check_broker(scope, changes.iter().map(|change| &change.name), &overrides)?;
        Ok(overrides)
    }

    fn check_broker<'a>(
        &self,
        scope: DynamicScope,
        mut named: impl Iterator<Item = &'a Arc<str>>,
        overrides: &Overrides,
    ) -> Result<(), ConfigError> {
        check_values(scope, overrides)?;
        let of_one = scope == DynamicScope::Broker && named.any(|name| **name == *MIN_INSYNC_REPLICAS);
        let removed = scope == DynamicScope::Cluster
            && self.cluster().contains_key(MIN_INSYNC_REPLICAS)
            && !overrides.contains_key(MIN_INSYNC_REPLICAS);
        if of_one || removed {
            let text = format!("{MIN_INSYNC_REPLICAS} is set for all brokers alone, and cannot be unset");
            return Err(ConfigError::InvalidConfig(text));
        }
        let (cluster, own) = match scope {
            DynamicScope::Cluster => (overrides.clone(), self.own().clone()),
            DynamicScope::Broker => (self.cluster().clone(), overrides.clone()),
        };
        let together = self.with_dynamic(cluster, own).check_together();
        together.map_err(|error| ConfigError::InvalidRequest(error.to_string()))
    }
}

fn check_values(scope: DynamicScope, overrides: &Overrides) -> Result<(), ConfigError> {
    let named = |test: &dyn Fn(&Definition) -> bool| -> Vec<&str> {
        let names = overrides.keys().map(|name| &**name);
        names.filter(|name| broker_setting(name).is_some_and(test)).collect()
    };
    let refused = |text: &str, names: &[&str]| {
        Err(ConfigError::InvalidRequest(format!("{text}: [{}]", names.join(", "))))
    };
    let fixed = named(&|row| row.update == Update::ReadOnly);
    if !fixed.is_empty() {
        return refused("Cannot update these configs dynamically", &fixed);
    }
    let own = named(&|row| row.update == Update::PerBroker);
    if scope == DynamicScope::Cluster && !own.is_empty() {
        return refused(
            "Cannot update these configs at default cluster level, broker id must be specified",
            &own,
        );
    }
    let sockets = named(&|row| SOCKETS.contains(&row.name));
    if !sockets.is_empty() {
        return refused("These configs are read at the start alone by this broker", &sockets);
    }
    let security = named(&|row| row.class == Class::NotYet);
    if !security.is_empty() {
        return refused("These configs cannot be set yet, because what they steer is not there", &security);
    }
    for (name, text) in overrides.iter().filter(|(name, _)| broker_setting(name).is_some()) {
        check(name, text).map_err(|error| ConfigError::InvalidRequest(error.to_string()))?;
    }
    Ok(())
}

/// Values that replace all others.
pub(super) fn whole(values: &[(Arc<str>, Option<Arc<str>>)]) -> Result<Overrides, ConfigError> {
    refuse_twice(values.iter().map(|(name, _)| name))?;
    refuse_nothing(values.iter().filter(|(_, value)| value.is_none()).map(|(name, _)| name))?;
    Ok(values.iter().filter_map(|(name, value)| Some((name.clone(), value.clone()?))).collect())
}

pub(super) fn changed(
    existing: &Overrides,
    changes: &[ConfigChange],
    row_of: &dyn Fn(&str) -> Option<&'static Definition>,
    current: &dyn Fn(&str) -> Option<Value>,
) -> Result<Overrides, ConfigError> {
    refuse_twice(changes.iter().map(|change| &change.name))?;
    let needs_value =
        |change: &&ConfigChange| change.operation != ConfigOperation::Delete && change.value.is_none();
    refuse_nothing(changes.iter().filter(needs_value).map(|change| &change.name))?;
    let mut overrides = existing.clone();
    for ConfigChange { name, operation, value } in changes {
        let value = value.clone().unwrap_or_default();
        match operation {
            ConfigOperation::Set => {
                overrides.insert(name.clone(), value);
            }
            ConfigOperation::Delete => {
                overrides.remove(name);
            }
            ConfigOperation::Append | ConfigOperation::Subtract => {
                let append = *operation == ConfigOperation::Append;
                if row_of(name).is_none_or(|row| row.kind != ConfigKind::List) {
                    let word = if append { "APPEND" } else { "SUBTRACT" };
                    let text = format!("Can't {word} to key {name} because its type is not LIST.");
                    return Err(ConfigError::InvalidConfig(text));
                }
                let mut words = if let Some(Value::List(words)) = current(name) { words } else { Vec::new() };
                for word in value.split(',').map(str::trim).filter(|word| !word.is_empty()) {
                    let there = words.iter().any(|found| found == word);
                    if append && !there {
                        words.push(word.to_owned());
                    } else if !append {
                        words.retain(|found| found != word);
                    }
                }
                overrides.insert(name.clone(), words.join(",").into());
            }
        }
    }
    Ok(overrides)
}

fn refuse_twice<'a>(names: impl Iterator<Item = &'a Arc<str>>) -> Result<(), ConfigError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            let text = format!("Error due to duplicate config keys: {name}");
            return Err(ConfigError::InvalidRequest(text));
        }
    }
    Ok(())
}

fn refuse_nothing<'a>(names: impl Iterator<Item = &'a Arc<str>>) -> Result<(), ConfigError> {
    let names: Vec<&str> = names.map(|name| &**name).collect();
    if names.is_empty() {
        return Ok(());
    }
    Err(ConfigError::InvalidRequest(format!("Null value not supported for: {}", names.join(","))))
}
