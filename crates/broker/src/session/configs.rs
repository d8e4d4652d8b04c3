//! Settings of topics and brokers: described, changed whole or one by one, listed. What settings there are, and
//! what they mean, stands in the table of `config`.

use std::sync::Arc;

use thiserror::Error;

use super::{Operation, Session, Target};
use crate::answer::Answer;
pub use crate::config::{
    ConfigChange, ConfigEntry, ConfigKind, ConfigOperation, ConfigSource, ConfigSynonym, DescribeOptions,
};

/// The part of a session that tells and changes settings.
#[derive(Clone, Copy)]
pub struct Configs<'a> {
    pub(super) session: &'a Session,
}

/// What has settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ResourceKind {
    /// A topic.
    Topic,
    /// A broker; with an empty name the defaults of all brokers.
    Broker,
    /// The log levels of a broker.
    BrokerLogger,
    /// Subscriptions to metrics of clients.
    ClientMetrics,
    /// A group.
    Group,
}

/// One thing that has settings.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resource {
    /// What it is.
    pub kind: ResourceKind,
    /// Which one.
    pub name: Arc<str>,
}

/// A change of a resource's settings.
pub(crate) enum Alteration<'a> {
    /// These are all.
    Whole(&'a [(Arc<str>, Option<Arc<str>>)]),
    /// One by one.
    Single(&'a [ConfigChange]),
}

/// Why settings were not told or changed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// There is no such topic.
    #[error("the topic '{0}' does not exist")]
    UnknownTopic(Arc<str>),
    /// A topic name that no topic can have.
    #[error("{0}")]
    InvalidTopic(String),
    /// The request asks for what cannot be: another broker's settings, an unknown kind of resource, one thing twice.
    #[error("{0}")]
    InvalidRequest(String),
    /// A name that is none, or a value that it cannot take.
    #[error("{0}")]
    InvalidConfig(String),
    /// The peer may not.
    #[error("not authorized for these settings")]
    Unauthorized,
    /// The facts cannot be written just now; try again.
    #[error("the change could not be written: {0}")]
    Unavailable(String),
}

impl Configs<'_> {
    /// What holds for one resource: all settings, or those named (unknown names are left out, as Kafka does).
    pub fn describe(
        &self,
        resource: &Resource,
        names: Option<&[&str]>,
        options: DescribeOptions,
    ) -> Answer<Result<Vec<ConfigEntry>, ConfigError>> {
        if !self.session.allows(Operation::DescribeConfigs, &Target::Resource(resource)) {
            return Answer::now(Err(ConfigError::Unauthorized));
        }
        let wanted = |name: &str| names.is_none_or(|names| names.contains(&name));
        Answer::now(self.session.broker.describe_configs(resource, &wanted, options))
    }

    /// Replaces all settings of a resource: what is not named gets its default.
    pub async fn alter(
        &self,
        resource: &Resource,
        values: &[(Arc<str>, Option<Arc<str>>)],
        validate_only: bool,
    ) -> Answer<Result<(), ConfigError>> {
        self.change(resource, &Alteration::Whole(values), validate_only).await
    }

    /// Changes single settings of a resource, all of them or none.
    pub async fn alter_incrementally(
        &self,
        resource: &Resource,
        changes: &[ConfigChange],
        validate_only: bool,
    ) -> Answer<Result<(), ConfigError>> {
        self.change(resource, &Alteration::Single(changes), validate_only).await
    }

    async fn change(
        &self,
        resource: &Resource,
        alteration: &Alteration<'_>,
        validate_only: bool,
    ) -> Answer<Result<(), ConfigError>> {
        if !self.session.allows(Operation::AlterConfigs, &Target::Resource(resource)) {
            return Answer::now(Err(ConfigError::Unauthorized));
        }
        Answer::now(self.session.broker.alter_configs(resource, alteration, validate_only).await)
    }

    /// All resources of these kinds that have settings (brokers and topics: all there are; groups and subscriptions: those
    /// for which something was set); no kinds are all kinds.
    pub fn list(&self, kinds: &[ResourceKind]) -> Vec<Resource> {
        if !self.session.allows(Operation::DescribeConfigs, &Target::Cluster) {
            return Vec::new();
        }
        self.session.broker.config_resources(kinds)
    }
}
