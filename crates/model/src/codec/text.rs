//! A text that is a slice of the frame it came in, or shared with whoever holds it for long.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use bytes::Bytes;

use crate::{BrokerAddress, GroupId, MemberId, TopicName};

/// A text, cheap to clone. One that was read keeps its whole frame in memory: state that outlives the request copies it
/// (`Arc::<str>::from(text.as_str())`).
#[derive(Clone)]
pub struct Text(Form);

#[derive(Clone)]
enum Form {
    /// Always UTF-8.
    Frame(Bytes),
    Shared(Arc<str>),
}

impl Text {
    /// A text that the program contains.
    pub const fn fixed(text: &'static str) -> Self {
        Self(Form::Frame(Bytes::from_static(text.as_bytes())))
    }

    /// The bytes of a frame as text. What is no UTF-8 is replaced, as Kafka does.
    pub fn from_frame(bytes: Bytes) -> Self {
        match String::from_utf8_lossy(&bytes) {
            std::borrow::Cow::Borrowed(_) => Self(Form::Frame(bytes)),
            std::borrow::Cow::Owned(mended) => mended.into(),
        }
    }

    /// The text itself.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Form::Frame(bytes) => std::str::from_utf8(bytes).expect("it was UTF-8 when the text was made"),
            Form::Shared(text) => text,
        }
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Form::Frame(bytes) => bytes,
            Form::Shared(text) => text.as_bytes(),
        }
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.as_bytes().is_empty()
    }

    /// A copy that shares nothing with the frame.
    pub fn to_shared(&self) -> Arc<str> {
        match &self.0 {
            Form::Frame(_) => self.as_str().into(),
            Form::Shared(text) => text.clone(),
        }
    }
}

impl Default for Text {
    fn default() -> Self {
        Self::fixed("")
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Text {}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(Form::Frame(Bytes::copy_from_slice(text.as_bytes())))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Form::Frame(Bytes::from(text)))
    }
}

impl From<Arc<str>> for Text {
    fn from(text: Arc<str>) -> Self {
        Self(Form::Shared(text))
    }
}

impl From<&Arc<str>> for Text {
    fn from(text: &Arc<str>) -> Self {
        Self(Form::Shared(text.clone()))
    }
}

impl From<&BrokerAddress> for Text {
    /// The host.
    fn from(address: &BrokerAddress) -> Self {
        Self(Form::Shared(address.host.clone()))
    }
}

macro_rules! from_name {
    ($($name:ident),*) => {$(
        impl From<&$name> for Text {
            fn from(name: &$name) -> Self {
                Self(Form::Shared(name.0.clone()))
            }
        }

        impl From<$name> for Text {
            fn from(name: $name) -> Self {
                Self(Form::Shared(name.0))
            }
        }

        impl From<&Text> for $name {
            fn from(text: &Text) -> Self {
                Self(text.to_shared())
            }
        }
    )*};
}

from_name!(GroupId, MemberId, TopicName);
