//! The program's own log as those see it who may change settings: loggers by name, each with a level. What a logger is,
//! and where its lines go, is not known here.

use std::sync::Arc;

/// The logger from which those have their level that have none of their own.
pub const ROOT: &str = "root";

/// What a logger tells, and all that is graver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// Everything.
    Trace,
    /// What helps to find a fault.
    Debug,
    /// What an operator may want to know.
    Info,
    /// What may need somebody.
    Warn,
    /// What failed.
    Error,
    /// Nothing but what ends the process.
    Fatal,
}

impl LogLevel {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error, Self::Fatal];

    /// The word that clients know.
    pub fn word(self) -> &'static str {
        match self {
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
            Self::Fatal => "FATAL",
        }
    }

    /// The level of this name.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.word() == word)
    }
}

/// The loggers of a process. What is set lasts until it ends.
pub trait Loggers: Send + Sync {
    /// All of them, by name in order, the root too, with the level that holds.
    fn levels(&self) -> Vec<(Arc<str>, LogLevel)>;

    /// Gives one of them a level; none gives it the root's again.
    fn set(&self, logger: &str, level: Option<LogLevel>);
}
