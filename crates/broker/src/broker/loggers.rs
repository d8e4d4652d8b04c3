//! Log levels of this broker, told and changed one by one, as Kafka does it.

use std::sync::Arc;

use crate::config::{ConfigChange, ConfigEntry, ConfigKind, ConfigOperation, ConfigSource, DescribeOptions};
use crate::loggers::{LogLevel, Loggers, ROOT};
use crate::session::configs::{Alteration, ConfigError};

use super::Broker;

impl Broker {
    /// From now on these are the loggers whose levels can be changed.
    pub fn set_loggers(&self, loggers: Arc<dyn Loggers>) {
        *self.0.loggers.write() = Some(loggers);
    }

    pub(super) fn describe_loggers(
        &self,
        node: &str,
        wanted: &dyn Fn(&str) -> bool,
        options: DescribeOptions,
    ) -> Result<Vec<ConfigEntry>, ConfigError> {
        self.check_node(node)?;
        let levels = self.loggers()?.levels().into_iter().filter(|(logger, _)| wanted(logger));
        let entry = |(name, level): (Arc<str>, LogLevel)| ConfigEntry {
            name,
            value: Some(level.word().into()),
            read_only: false,
            sensitive: false,
            source: ConfigSource::BrokerLogger,
            synonyms: Vec::new(),
            kind: ConfigKind::Unknown,
            documentation: options.documentation.then(|| "".into()),
        };
        Ok(levels.map(entry).collect())
    }

    pub(super) fn alter_loggers(
        &self,
        node: &str,
        alteration: &Alteration<'_>,
        validate_only: bool,
    ) -> Result<(), ConfigError> {
        let Alteration::Single(changes) = alteration else {
            return Err(ConfigError::InvalidRequest("log levels are changed one by one".into()));
        };
        self.check_node(node)?;
        let loggers = self.loggers()?;
        let known = loggers.levels();
        let mut levels = Vec::with_capacity(changes.len());
        for change in *changes {
            levels.push((&change.name, level_of(change, &known)?));
        }
        if !validate_only {
            for (logger, level) in levels {
                loggers.set(logger, level);
                tracing::info!(%logger, level = level.map_or("the root's", LogLevel::word), "a log level changed");
            }
        }
        Ok(())
    }

    fn loggers(&self) -> Result<Arc<dyn Loggers>, ConfigError> {
        let nobody = || ConfigError::InvalidRequest("the log levels of this broker cannot be changed".into());
        self.0.loggers.read().clone().ok_or_else(nobody)
    }
}

/// What a change comes to; none is the root's level.
fn level_of(change: &ConfigChange, known: &[(Arc<str>, LogLevel)]) -> Result<Option<LogLevel>, ConfigError> {
    let ConfigChange { name, operation, value } = change;
    if value.is_none() && *operation != ConfigOperation::Delete {
        return Err(ConfigError::InvalidRequest(format!("Null value not supported for: {name}")));
    }
    if matches!(operation, ConfigOperation::Append | ConfigOperation::Subtract) {
        return Err(ConfigError::InvalidRequest("a log level is no list".into()));
    }
    if !known.iter().any(|(logger, _)| logger == name) {
        return Err(ConfigError::InvalidConfig(format!("Logger {name} does not exist!")));
    }
    if *operation == ConfigOperation::Delete {
        return match &**name {
            ROOT => Err(ConfigError::InvalidRequest("the root logger needs a level".into())),
            _ => Ok(None),
        };
    }
    let word = value.as_deref().unwrap_or_default();
    let level = LogLevel::of_word(word).ok_or_else(|| {
        let words: Vec<_> = LogLevel::ALL.iter().map(|level| level.word()).collect();
        ConfigError::InvalidConfig(format!("{word} is no log level; these are: {}", words.join(", ")))
    })?;
    Ok(Some(level))
}
