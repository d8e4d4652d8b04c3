//! Log lines on stderr, as text or as JSON; levels that can be changed while the process runs.

use std::collections::BTreeMap;
use std::io::{IsTerminal, stderr};
use std::sync::Arc;

use parking_lot::Mutex;
use thalweg_broker::loggers::{LogLevel, Loggers, ROOT};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, fmt, reload};

use crate::exit::Failure;

/// The loggers that are always told of: our own crates. Others are where the settings name them.
const OWN: [&str; 6] =
    ["thalweg", "thalweg_broker", "thalweg_kafka", "thalweg_net", "thalweg_storage", "thalweg_web"];

/// The levels that hold now.
pub(crate) struct Levels {
    // Held while levels are read or changed, which is rare.
    state: Mutex<State>,
    filter: reload::Handle<Targets, Registry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct State {
    root: LevelFilter,
    own: BTreeMap<String, LevelFilter>,
}

pub(crate) fn start(level: &str, json: bool) -> Result<Arc<Levels>, Failure> {
    let state = State::read(level)?;
    let (filter, handle) = reload::Layer::new(state.targets());
    let registry = Registry::default().with(filter);
    let started = if json {
        registry.with(fmt::layer().json().flatten_event(true).with_writer(stderr)).try_init()
    } else {
        registry.with(fmt::layer().with_ansi(stderr().is_terminal()).with_writer(stderr)).try_init()
    };
    started.map_err(|error| Failure::configuration(format!("cannot log: {error}")))?;
    Ok(Arc::new(Levels { state: Mutex::new(state), filter: handle }))
}

impl Loggers for Levels {
    fn levels(&self) -> Vec<(Arc<str>, LogLevel)> {
        self.state.lock().levels()
    }

    fn set(&self, logger: &str, level: Option<LogLevel>) {
        let mut state = self.state.lock();
        state.set(logger, level);
        if let Err(error) = self.filter.reload(state.targets()) {
            tracing::warn!(%error, "log levels could not be changed");
        }
    }
}

impl State {
    fn read(level: &str) -> Result<Self, Failure> {
        let wrong =
            |error| Failure::configuration(format!("thalweg.log.level: cannot read {level:?}: {error}"));
        let targets: Targets = level.parse().map_err(wrong)?;
        let own = targets.iter().map(|(name, level)| (name.to_owned(), level)).collect();
        Ok(Self { root: targets.default_level().unwrap_or(LevelFilter::OFF), own })
    }

    fn targets(&self) -> Targets {
        let own = self.own.iter().map(|(name, level)| (name.clone(), *level));
        Targets::new().with_default(self.root).with_targets(own)
    }

    fn levels(&self) -> Vec<(Arc<str>, LogLevel)> {
        let named = self.own.keys().map(String::as_str).chain(OWN);
        let mut levels: BTreeMap<&str, LevelFilter> = named.map(|name| (name, self.level(name))).collect();
        levels.insert(ROOT, self.root);
        levels.into_iter().map(|(name, level)| (name.into(), told(level))).collect()
    }

    /// As the filter has it: of all beginnings of a name that have a level the longest one's holds.
    fn level(&self, name: &str) -> LevelFilter {
        let beginnings = self.own.iter().filter(|(own, _)| name.starts_with(own.as_str()));
        beginnings.max_by_key(|(own, _)| own.len()).map_or(self.root, |(_, level)| *level)
    }

    fn set(&mut self, logger: &str, level: Option<LogLevel>) {
        match level {
            Some(level) if logger == ROOT => self.root = filter(level),
            Some(level) => drop(self.own.insert(logger.to_owned(), filter(level))),
            None => drop(self.own.remove(logger)),
        }
    }
}

fn told(level: LevelFilter) -> LogLevel {
    match level {
        LevelFilter::TRACE => LogLevel::Trace,
        LevelFilter::DEBUG => LogLevel::Debug,
        LevelFilter::INFO => LogLevel::Info,
        LevelFilter::WARN => LogLevel::Warn,
        LevelFilter::ERROR => LogLevel::Error,
        LevelFilter::OFF => LogLevel::Fatal,
    }
}

fn filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Trace => LevelFilter::TRACE,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Error => LevelFilter::ERROR,
        // There is no graver line than an error: what ends the process is told without a logger.
        LogLevel::Fatal => LevelFilter::OFF,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(state: &State, logger: &str) -> Option<LogLevel> {
        state.levels().into_iter().find(|(name, _)| **name == *logger).map(|(_, level)| level)
    }

    #[test]
    fn levels_are_told_and_changed() {
        let mut state =
            State::read("warn,thalweg_net=debug,other=off").unwrap_or_else(|_| panic!("it is sound"));
        assert_eq!(level(&state, ROOT), Some(LogLevel::Warn));
        assert_eq!(level(&state, "thalweg_net"), Some(LogLevel::Debug));
        assert_eq!(level(&state, "thalweg_kafka"), Some(LogLevel::Warn));
        assert_eq!((level(&state, "other"), level(&state, "no.such")), (Some(LogLevel::Fatal), None));
        state.set("thalweg_kafka", Some(LogLevel::Trace));
        state.set(ROOT, Some(LogLevel::Error));
        state.set("thalweg_net", None);
        assert_eq!(level(&state, "thalweg_kafka"), Some(LogLevel::Trace));
        assert_eq!(level(&state, "thalweg_net"), Some(LogLevel::Error));
        // The filter has the same, by its own reading.
        let targets = state.targets();
        assert!(targets.would_enable("thalweg_kafka::server", &tracing::Level::TRACE));
        assert!(!targets.would_enable("thalweg_net", &tracing::Level::WARN));
        assert!(!targets.would_enable("other", &tracing::Level::ERROR));
        assert!(State::read("thalweg=loud").is_err());
    }
}
