//! `GetTelemetrySubscriptionsResponse`, read and written in each of its versions. Written by `cargo xtask codegen` from `crates/wire/schema/get_telemetry_subscriptions.txt`, never by hand.

use thalweg_model::Uuid;
use thalweg_model::codec::{EncodeError, Error, Reader, Text, Writer};

use crate::ApiKey;

/// Whose message it is.
pub const API_KEY: ApiKey = ApiKey::GetTelemetrySubscriptions;
/// The first version.
pub const MIN_VERSION: i16 = 0;
/// The last version.
pub const MAX_VERSION: i16 = 0;
/// The first version with compact lengths and tagged fields.
pub const FLEXIBLE_FROM: i16 = 0;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetTelemetrySubscriptionsResponse {
    pub throttle_time_ms: i32,
    pub error_code: i16,
    pub client_instance_id: Uuid,
    pub subscription_id: i32,
    pub accepted_compression_types: Vec<i8>,
    pub push_interval_ms: i32,
    pub telemetry_max_bytes: i32,
    pub delta_temporality: bool,
    pub requested_metrics: Vec<Text>,
}

impl GetTelemetrySubscriptionsResponse {
    /// Reads it as `version` has it.
    pub fn decode(reader: &mut Reader, version: i16) -> Result<Self, Error> {
        if !(0..=0).contains(&version) {
            return Err(Error::Version(version));
        }
        let value = Self {
            throttle_time_ms: reader.i32()?,
            error_code: reader.i16()?,
            client_instance_id: reader.uuid()?,
            subscription_id: reader.i32()?,
            accepted_compression_types: reader.array(true, 1, Reader::i8)?,
            push_interval_ms: reader.i32()?,
            telemetry_max_bytes: reader.i32()?,
            delta_temporality: reader.bool()?,
            requested_metrics: reader.array(true, 1, |reader| reader.text(true))?,
        };
        reader.skip_tagged_fields()?;
        Ok(value)
    }

    /// Writes it as `version` has it.
    pub fn encode(&self, writer: &mut Writer, version: i16) -> Result<(), EncodeError> {
        if !(0..=0).contains(&version) {
            return Err(EncodeError::Version(version));
        }
        writer.i32(self.throttle_time_ms);
        writer.i16(self.error_code);
        writer.uuid(self.client_instance_id);
        writer.i32(self.subscription_id);
        writer.array(true, self.accepted_compression_types.len())?;
        for element in &self.accepted_compression_types {
            writer.i8(*element);
        }
        writer.i32(self.push_interval_ms);
        writer.i32(self.telemetry_max_bytes);
        writer.bool(self.delta_temporality);
        writer.array(true, self.requested_metrics.len())?;
        for element in &self.requested_metrics {
            writer.text(true, element)?;
        }
        writer.unsigned_varint(0);
        Ok(())
    }
}
