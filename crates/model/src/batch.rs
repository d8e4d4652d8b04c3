//! Kafka's record batch, magic 2: what producers send, what the log keeps and what consumers get, byte for byte.
//!
//! ```text
//!   0         8       12                 16     17     21          23                 27              35
//!   base      length  partition leader   magic  crc    attributes  last offset delta  base timestamp
//!   offset            epoch              (= 2)                                                         max timestamp
//!   35             43           51              53             57             61
//!   max timestamp  producer id  producer epoch  base sequence  records count  records…
//! ```
//!
//! `length` counts what follows it; the CRC covers all from `attributes` on, so that base offset and partition
//! leader epoch can be patched without computing it again. With a codec, the records after byte 61 are compressed as
//! one stream.
//!
//! - read: [`BatchHeader`], [`Batches`] (splits a run of bytes), [`Records`] (walks the records of one batch);
//! - write: [`BatchBuilder`];
//! - check what a client produces and mend what Kafka's rules say must be mended: [`produce`].
//!
//! What is older than magic 2 is recognised and refused. What offsets a batch gets, and whether its producer's
//! sequence is right, is not decided here.

mod builder;
pub mod compression;
mod header;
pub mod produce;
mod record;
mod records;
mod source;
mod split;
#[cfg(test)]
mod tests;

pub use builder::{BatchBuilder, BatchOptions, NewRecord, ProducerStamp};
pub use compression::{Codec, CompressionError};
pub use header::{
    BATCH_OVERHEAD, BatchError, BatchHeader, TimestampType, checksum, patch_base_offset,
    patch_partition_leader_epoch, patch_timestamps,
};
pub use record::{Header, Headers, Record, RecordFault};
pub use records::{Records, find_timestamp};
pub use split::Batches;
