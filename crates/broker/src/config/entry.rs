//! How a setting is told to those who ask, and how they ask for a change.

use std::sync::Arc;

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConfigSource {
    /// Set for this topic.
    Topic,
    /// Set for this broker while it ran.
    DynamicBroker,
    /// Set for all brokers while they ran.
    DynamicDefaultBroker,
    /// Set at the start of the broker.
    StaticBroker,
    /// Nobody set it.
    Default,
    /// Set for this subscription to clients' metrics.
    ClientMetrics,
    /// Set for this group.
    Group,
    /// A log level, wherever it was set.
    BrokerLogger,
}

/// What kind of value a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConfigKind {
    /// true or false.
    Boolean,
    /// Text.
    String,
    /// 32 bits.
    Int,
    /// 16 bits.
    Short,
    /// 64 bits.
    Long,
    /// A fraction.
    Double,
    /// Words with commas between them.
    List,
    /// A name of a class.
    Class,
    /// Text that is never shown.
    Password,
    /// Not said.
    Unknown,
}

impl ConfigKind {
    /// The word that Kafka has for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Boolean => "BOOLEAN",
            Self::String => "STRING",
            Self::Int => "INT",
            Self::Short => "SHORT",
            Self::Long => "LONG",
            Self::Double => "DOUBLE",
            Self::List => "LIST",
            Self::Class => "CLASS",
            Self::Password => "PASSWORD",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// A value that holds, or would hold if those before it were not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigSynonym {
    /// Under which name it is set.
    pub name: Arc<str>,
    /// The value.
    pub value: Option<Arc<str>>,
    /// Where it was set.
    pub source: ConfigSource,
}

/// A setting as it is described.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigEntry {
    /// Its name.
    pub name: Arc<str>,
    /// The value that holds; none is none, or one that must not be shown.
    pub value: Option<Arc<str>>,
    /// Whether it cannot be changed while the broker runs.
    pub read_only: bool,
    /// Whether it must not be shown.
    pub sensitive: bool,
    /// Where the value comes from.
    pub source: ConfigSource,
    /// All values there are, the one that holds first; filled if asked for.
    pub synonyms: Vec<ConfigSynonym>,
    /// What kind of value it takes (a secret, where the name is of no setting that is known).
    pub kind: ConfigKind,
    /// What it is for; filled if asked for.
    pub documentation: Option<Arc<str>>,
}

/// What to tell beside values.
#[derive(Clone, Copy, Debug, Default)]
pub struct DescribeOptions {
    /// Synonyms too.
    pub synonyms: bool,
    /// Documentation too.
    pub documentation: bool,
}

/// How a single setting is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConfigOperation {
    /// It gets this value.
    Set,
    /// It gets its default.
    Delete,
    /// These words are added to its list.
    Append,
    /// These words are taken out of its list.
    Subtract,
}

/// A change of one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigChange {
    /// Which.
    pub name: Arc<str>,
    /// How.
    pub operation: ConfigOperation,
    /// The value, where the operation needs one.
    pub value: Option<Arc<str>>,
}
