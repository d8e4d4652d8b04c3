//! What DescribeConfigs says, in Kafka's own way: which synonyms are listed, and that the source shown is that of the
//! first synonym listed. So a topic whose age bound comes from `log.retention.hours` is shown without synonyms and
//! with the source of a default: the list begins at `log.retention.ms`, and what stands before it is left out.

use std::sync::Arc;

use super::broker::{BrokerConfig, dynamic};
use super::definition::Definition;
use super::entry::{ConfigEntry, ConfigKind, ConfigSource, ConfigSynonym, DescribeOptions};
use super::topic::effective;
use super::value;
use super::{Overrides, broker_setting, broker_settings, of_listener, topic_settings};

/// Settings that are one thing in several units, the first holding before the others.
pub(super) const UNITS: [&[&str]; 3] = [
    &["log.retention.ms", "log.retention.minutes", "log.retention.hours"],
    &["log.roll.ms", "log.roll.hours"],
    &["log.roll.jitter.ms", "log.roll.jitter.hours"],
];

impl BrokerConfig {
    /// All settings of a topic for which `wanted` says yes.
    pub fn describe_topic(
        &self,
        overrides: &Overrides,
        wanted: &dyn Fn(&str) -> bool,
        options: DescribeOptions,
    ) -> Vec<ConfigEntry> {
        let rows = topic_settings().filter(|row| wanted(row.name));
        rows.map(|row| self.describe_topic_setting(row, overrides, options)).collect()
    }

    fn describe_topic_setting(
        &self,
        row: &'static Definition,
        overrides: &Overrides,
        options: DescribeOptions,
    ) -> ConfigEntry {
        let value: Option<Arc<str>> =
            effective(self, overrides, row.name).map(|value| value::write(&value).into());
        let mut synonyms = row.brokers.first().map(|name| self.synonyms(name)).unwrap_or_default();
        if overrides.contains_key(row.name) {
            let own =
                ConfigSynonym { name: row.name.into(), value: value.clone(), source: ConfigSource::Topic };
            synonyms.insert(0, own);
        }
        own_entry(row, value, synonyms, options)
    }

    /// All settings of this broker for which `wanted` says yes; also those without a row that were set.
    pub fn describe_broker(
        &self,
        wanted: &dyn Fn(&str) -> bool,
        options: DescribeOptions,
    ) -> Vec<ConfigEntry> {
        let rows = broker_settings().filter(|row| row.described).map(|row| row.name);
        let mut names: Vec<&str> = rows.collect();
        for layer in [self.own(), self.cluster(), self.fixed()] {
            names.extend(layer.keys().map(|name| &**name).filter(|name| match broker_setting(name) {
                Some(_) => of_listener(name).is_some(),
                None => true,
            }));
        }
        names.sort_unstable();
        names.dedup();
        let wanted = names.into_iter().filter(|name| wanted(name));
        wanted.map(|name| self.describe_broker_setting(name, options, |_| true)).collect()
    }

    /// What was set for all brokers while they ran.
    pub fn describe_cluster(
        &self,
        wanted: &dyn Fn(&str) -> bool,
        options: DescribeOptions,
    ) -> Vec<ConfigEntry> {
        let names = self.cluster().keys().filter(|name| wanted(name));
        let of_cluster = |source| source == ConfigSource::DynamicDefaultBroker;
        names.map(|name| self.describe_broker_setting(name, options, of_cluster)).collect()
    }

    fn describe_broker_setting(
        &self,
        name: &str,
        options: DescribeOptions,
        listed: impl Fn(ConfigSource) -> bool,
    ) -> ConfigEntry {
        let row = broker_setting(name);
        let sensitive = row.is_none_or(Definition::sensitive);
        let value = if sensitive { None } else { self.value(name).map(|value| value::write(&value).into()) };
        let mut synonyms = self.synonyms(name);
        synonyms.retain(|synonym| listed(synonym.source));
        ConfigEntry {
            name: name.into(),
            value,
            read_only: !dynamic(name),
            sensitive,
            source: source(&synonyms),
            synonyms: if options.synonyms { synonyms } else { Vec::new() },
            kind: row.map_or(ConfigKind::Password, |row| row.kind),
            documentation: options
                .documentation
                .then(|| row.map(Definition::explained).unwrap_or_default().into()),
        }
    }

    /// All values of a setting and of the same in other units, source by source, from the setting's own first one on.
    pub(super) fn synonyms(&self, name: &str) -> Vec<ConfigSynonym> {
        let alone = [name];
        let base = of_listener(name).map(|(_, base)| [name, base]);
        let units = UNITS.into_iter().find(|units| units.contains(&name));
        let names = units.unwrap_or(base.as_ref().map_or(&alone[..], |both| &both[..]));
        let sensitive = broker_setting(name).is_none_or(Definition::sensitive);
        let mut found = Vec::new();
        let layers = [
            (self.own(), ConfigSource::DynamicBroker),
            (self.cluster(), ConfigSource::DynamicDefaultBroker),
            (self.fixed(), ConfigSource::StaticBroker),
        ];
        for (layer, source) in layers {
            for (name, text) in names.iter().filter_map(|name| layer.get_key_value(*name)) {
                let value = (!sensitive).then(|| text.clone());
                found.push(ConfigSynonym { name: name.clone(), value, source });
            }
        }
        let rows =
            names.iter().filter(|name| of_listener(name).is_none()).filter_map(|name| broker_setting(name));
        for (row, default) in rows.filter_map(|row| Some((row, row.default?))) {
            let value = (!sensitive).then(|| default.into());
            found.push(ConfigSynonym { name: row.name.into(), value, source: ConfigSource::Default });
        }
        let first = found.iter().position(|synonym| *synonym.name == *name).unwrap_or(found.len());
        found.split_off(first)
    }
}

/// What is told of a setting that what is asked about may have of its own.
pub(super) fn own_entry(
    row: &'static Definition,
    value: Option<Arc<str>>,
    synonyms: Vec<ConfigSynonym>,
    options: DescribeOptions,
) -> ConfigEntry {
    ConfigEntry {
        name: row.name.into(),
        value,
        read_only: false,
        sensitive: row.sensitive(),
        source: source(&synonyms),
        synonyms: if options.synonyms { synonyms } else { Vec::new() },
        kind: row.kind,
        documentation: options.documentation.then(|| row.explained().into()),
    }
}

fn source(synonyms: &[ConfigSynonym]) -> ConfigSource {
    synonyms.first().map_or(ConfigSource::Default, |synonym| synonym.source)
}
