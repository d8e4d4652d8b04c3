//! Identifiers and positions. Newtypes, so that an offset is never taken for a length.

use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /// A record's place in its partition.
    Offset(i64)
);
number!(
    /// Which leadership of a partition wrote a batch; rises with each start of the broker.
    LeaderEpoch(i32)
);
number!(
    /// Who produces, as given by InitProducerId; -1 is nobody.
    ProducerId(i64)
);
number!(
    /// Which incarnation of a producer id.
    ProducerEpoch(i16)
);
number!(
    /// A broker's number in its cluster.
    NodeId(i32)
);
number!(
    /// Milliseconds since 1970-01-01 UTC; -1 is none.
    TimestampMs(i64)
);
number!(
    /// A partition's number in its topic.
    PartitionIndex(i32)
);

impl ProducerId {
    /// What a batch without a producer bears.
    pub const NONE: Self = Self(-1);
}

impl TimestampMs {
    /// What stands where no timestamp is known.
    pub const NONE: Self = Self(-1);
}

/// What never changes of a topic; a topic made again under its old name has a new one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicId(pub Uuid);

impl TopicId {
    /// The id of no topic.
    pub const ZERO: Self = Self(Uuid::nil());
}

impl fmt::Display for TopicId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Arc<str>);

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

name!(
    /// A topic's name.
    TopicName
);
name!(
    /// A consumer group's name.
    GroupId
);
name!(
    /// A member's name in its group.
    MemberId
);

/// One partition of one topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// Whose.
    pub topic: TopicId,
    /// Which.
    pub partition: PartitionIndex,
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

/// Who speaks: `User:ANONYMOUS` where nobody was asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Principal(pub Arc<str>);

impl Principal {
    /// Who speaks on a listener without authentication.
    pub fn anonymous() -> Self {
        Self("User:ANONYMOUS".into())
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a broker tells clients to find it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BrokerAddress {
    /// A host name or an address, as clients shall dial it.
    pub host: Arc<str>,
    /// The port.
    pub port: u16,
}

impl fmt::Display for BrokerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}
