//! Log lines on stderr, as text or as JSON.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, fmt};

use crate::exit::Failure;

pub(crate) fn start(level: &str, json: bool) -> Result<(), Failure> {
    let wrong = |error| Failure::configuration(format!("thalweg.log.level: cannot read {level:?}: {error}"));
    let targets: Targets = level.parse().map_err(wrong)?;
    let registry = Registry::default().with(targets);
    let started = if json {
        registry.with(fmt::layer().json().flatten_event(true).with_writer(stderr)).try_init()
    } else {
        registry.with(fmt::layer().with_ansi(stderr().is_terminal()).with_writer(stderr)).try_init()
    };
    started.map_err(|error| Failure::configuration(format!("cannot log: {error}")))
}
