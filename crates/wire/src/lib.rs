//! Kafka's messages: generated from our own schema files (`schema/`), read and written in each of their versions.
//! Texts and records of a request are parts of its frame; records of an answer are holes that regions fill.
//! No I/O, no rules: what a message means is not known here.

mod generated;

use std::ops::RangeInclusive;

use thalweg_model::codec::{EncodeError, Error, Reader, Writer};

pub use self::generated::*;

/// What is known of an API before anything of it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiFacts {
    /// Kafka's name for it.
    pub name: &'static str,
    /// The first version that can be read and written.
    pub min_version: i16,
    /// The last one.
    pub max_version: i16,
    /// The first version with compact lengths and tagged fields.
    pub flexible_from: i16,
    /// Whether the last version is not advertised, but for those who ask for it.
    pub latest_unstable: bool,
}

impl ApiKey {
    /// Its number on the wire.
    pub const fn number(self) -> i16 {
        self as i16
    }

    /// Kafka's name for it.
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// The versions that can be read and written.
    pub const fn versions(self) -> RangeInclusive<i16> {
        self.facts().min_version..=self.facts().max_version
    }

    /// The versions that are advertised where unstable ones are not asked for.
    pub const fn stable_versions(self) -> RangeInclusive<i16> {
        let ApiFacts { min_version, max_version, latest_unstable, .. } = self.facts();
        min_version..=max_version - latest_unstable as i16
    }

    /// The version of the header that a request of `version` has.
    pub const fn request_header_version(self, version: i16) -> i16 {
        if version >= self.facts().flexible_from { 2 } else { 1 }
    }

    /// The version of the header that an answer of `version` has. That of ApiVersions never has tagged fields, because
    /// its client does not know yet what the broker speaks.
    pub const fn response_header_version(self, version: i16) -> i16 {
        let flexible = version >= self.facts().flexible_from;
        if flexible && !matches!(self, Self::ApiVersions) { 1 } else { 0 }
    }
}

/// A message with versions, for code that is the same for all.
pub trait Message: Sized {
    /// Reads it as `version` has it.
    fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error>;
    /// Writes it as `version` has it.
    fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError>;
}

/// A request, and what answers it.
pub trait Request: Message {
    /// The API.
    const API_KEY: ApiKey;
    /// What answers it.
    type Response: Message;
}

macro_rules! message {
    ($($message:ident),*) => {$(
        impl crate::Message for $message {
            fn decode(
                reader: &mut thalweg_model::codec::Reader,
                version: i16,
            ) -> Result<Self, thalweg_model::codec::Error> {
                Self::decode(reader, version)
            }

            fn encode(
                &self,
                writer: &mut thalweg_model::codec::Writer,
                version: i16,
            ) -> Result<(), thalweg_model::codec::EncodeError> {
                self.encode(writer, version)
            }
        }
    )*};
}

/// Ties each request to its response, and lets one exhaustive `match` reach them all.
macro_rules! tie {
    ($($api:ident: $request:ident => $response:ident,)*) => {
        $(
            impl crate::Request for $request {
                const API_KEY: ApiKey = ApiKey::$api;
                type Response = $response;
            }

            crate::message!($request, $response);
        )*

        /// Does for the API's request and response what `visitor` says.
        pub fn visit<V: crate::Visitor>(api: ApiKey, visitor: V) -> V::Output {
            match api {
                $(ApiKey::$api => visitor.visit::<$request>(),)*
            }
        }
    };
}

/// Something to be done for any request, whichever type it has.
pub trait Visitor {
    /// What comes of it.
    type Output;
    /// Does it for the request `R`.
    fn visit<R: Request>(self) -> Self::Output;
}

message!(RequestHeader, ResponseHeader);

use {message, tie};

#[cfg(test)]
mod tests;
