//! Kafka's primitive codec: how numbers, texts, arrays and tagged fields lie in a frame.
//!
//! [`Reader`] takes a frame apart without copying texts or records, and refuses lengths that lie before it allocates.
//! [`Writer`] puts a frame together and leaves holes for records, which are filled with [`Region`](crate::Region)s, so
//! that they leave by `writev` or `sendfile`. Which fields a message has is not known here: see `wire`.

mod reader;
mod text;
mod writer;

#[cfg(test)]
mod tests;

pub use self::reader::{Reader, RecordBytes};
pub use self::text::Text;
pub use self::writer::{TagMark, Writer, require};

/// How many elements an array may have, as in Kafka.
pub const ARRAY_ELEMENTS_MAX: usize = 1_000_000;
/// For how many elements room is made before the first of them is read, as in Kafka.
pub const ARRAY_RESERVATION_MAX: usize = 1_000;
/// How many tagged fields a structure may have, as in Kafka.
pub const TAGGED_FIELDS_MAX: usize = 10_000;
/// How many bytes a text may have, as in Kafka.
pub const TEXT_BYTES_MAX: usize = i16::MAX as usize;

/// Why bytes are no message. The peer is at fault: it gets an error, or loses its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There are fewer bytes than the message says.
    #[error("{needed} bytes are needed where {remaining} remain")]
    Truncated {
        /// How many bytes the next thing has.
        needed: usize,
        /// How many there are.
        remaining: usize,
    },
    /// A length below zero where none may be, or above what a thing of its kind may have.
    #[error("a {what} has the length {length}")]
    Length {
        /// Of what kind of thing.
        what: &'static str,
        /// What the length says.
        length: i64,
    },
    /// More elements than are allowed, or than there are bytes for.
    #[error("{count} elements of a {what} do not fit into {limit}")]
    TooMany {
        /// Of what kind of thing.
        what: &'static str,
        /// How many the message announces.
        count: usize,
        /// How many there can be.
        limit: usize,
    },
    /// Null where null may not be.
    #[error("a {0} is null")]
    Null(&'static str),
    /// A number of variable length that does not end.
    #[error("a varint has too many bytes")]
    Varint,
    /// A tagged field that is shorter or longer than it says.
    #[error("a tagged field leaves {0} bytes over")]
    TaggedSize(usize),
    /// A version that the message never had, or no longer has.
    #[error("there is no version {0} of the message")]
    Version(i16),
}

/// Why a message cannot be written. Our own caller is at fault, or asks too much of an old version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The version does not know a field that says something.
    #[error("version {version} has no field `{field}`")]
    Field {
        /// Which field.
        field: &'static str,
        /// Which version.
        version: i16,
    },
    /// Null in a version that has no null there.
    #[error("the field `{0}` may not be null in this version")]
    Null(&'static str),
    /// Longer than its length field, or than a reader would take.
    #[error("a {what} has the length {length}")]
    Length {
        /// Of what kind of thing.
        what: &'static str,
        /// How long it is.
        length: usize,
    },
    /// A version that the message never had, or no longer has.
    #[error("there is no version {0} of the message")]
    Version(i16),
}
