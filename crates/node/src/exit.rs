//! Exit codes: what they mean stands in the README too.

use std::fmt::Display;

use thalweg_kafka::client::ClientError;

/// The command failed; the message says why.
pub(crate) const FAILED: u8 = 1;
/// The command line or the configuration is wrong.
pub(crate) const WRONG_CONFIGURATION: u8 = 2;
/// The broker that was asked cannot be reached.
pub(crate) const BROKER_NOT_REACHED: u8 = 3;
/// The data folder cannot be opened: it is in use, or another node's or a newer version's, or damaged, or the system does
/// not let us.
pub(crate) const FOLDER_REFUSED: u8 = 4;
/// Ended by a second signal.
pub(crate) const INTERRUPTED: u8 = 130;

/// Why a command did not do what it was asked for.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: u8,
    pub(crate) error: anyhow::Error,
}

impl Failure {
    pub(crate) fn new(code: u8, error: impl Into<anyhow::Error>) -> Self {
        Self { code, error: error.into() }
    }

    /// The command line or a setting is wrong.
    pub(crate) fn configuration(text: impl Display) -> Self {
        Self { code: WRONG_CONFIGURATION, error: anyhow::anyhow!("{text}") }
    }
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        let error = error.into();
        let code = match error.downcast_ref() {
            Some(ClientError::Unreachable(_) | ClientError::Dial(_)) => BROKER_NOT_REACHED,
            _ => FAILED,
        };
        Self { code, error }
    }
}
