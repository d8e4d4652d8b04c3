//! The four codecs of record batches, as the Java client and librdkafka write and read them.
//!
//! Decompression is a stream into a buffer of the caller's: nobody here allocates by a length that the bytes claim,
//! and how much may come out in all is the reader's limit ([`super::Records`]). Contexts that are dear to make are
//! kept per thread. Compression takes the records of one batch, which are in memory, at once.

mod gzip;
mod lz4;
mod snappy;
mod zstd;

use std::io::Read;

/// The most that the records of one batch may be decompressed, unless the caller says otherwise: above the largest
/// frame (`socket.request.max.bytes`), so that what may be sent plain may be sent compressed.
pub const DECOMPRESSED_BYTES_MAX: usize = 128 << 20;

/// How records are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Codec {
    /// Not at all.
    #[default]
    None,
    /// gzip (RFC 1952).
    Gzip,
    /// Snappy in xerial's framing; bare Snappy is read too.
    Snappy,
    /// An LZ4 frame.
    Lz4,
    /// A Zstandard frame.
    Zstd,
}

impl Codec {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::None, Self::Gzip, Self::Snappy, Self::Lz4, Self::Zstd];

    /// By the number that stands in a batch's attributes.
    #[inline]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// The number that stands in a batch's attributes.
    #[inline]
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The name in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Snappy => "snappy",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
        }
    }

    /// By the name in settings; `uncompressed` is `none` as a topic says it.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "uncompressed" => Some(Self::None),
            _ => Self::ALL.into_iter().find(|codec| codec.name() == name),
        }
    }

    /// The level where none is set, as in Kafka's `compression.*.level`.
    pub fn level_default(self) -> i32 {
        match self {
            Self::None | Self::Snappy => 0,
            Self::Gzip => -1,
            Self::Lz4 => 9,
            Self::Zstd => 3,
        }
    }
}

/// Why bytes cannot be compressed or decompressed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompressionError {
    /// The bytes are not what the codec writes.
    #[error("cannot decompress {}: {reason}", codec.name())]
    Corrupt {
        /// Which codec.
        codec: Codec,
        /// What it says.
        reason: String,
    },
    /// More comes out than may.
    #[error("more than {limit} bytes come out of the compressed records")]
    TooLarge {
        /// How much may.
        limit: usize,
    },
    /// The codec failed on good bytes: a defect, or no memory.
    #[error("cannot compress with {}: {reason}", codec.name())]
    Failed {
        /// Which codec.
        codec: Codec,
        /// What it says.
        reason: String,
    },
}

/// Appends `input`, compressed, to `output`. Levels are those of Kafka's settings; one outside the codec's range is
/// taken as the nearest inside. Snappy has none, and of LZ4 there is one here, whatever the level.
pub fn compress(
    codec: Codec,
    level: i32,
    input: &[u8],
    output: &mut Vec<u8>,
) -> Result<(), CompressionError> {
    let failed = |reason: String| CompressionError::Failed { codec, reason };
    match codec {
        Codec::None => {
            output.extend_from_slice(input);
            Ok(())
        }
        Codec::Gzip => gzip::compress(level, input, output).map_err(|error| failed(error.to_string())),
        Codec::Snappy => snappy::compress(input, output).map_err(|error| failed(error.to_string())),
        Codec::Lz4 => lz4::compress(input, output).map_err(|error| failed(error.to_string())),
        Codec::Zstd => zstd::compress(level, input, output).map_err(failed),
    }
}

/// A stream of decompressed bytes.
pub(super) enum Decompressor<'a> {
    Gzip(Box<gzip::Decompressor<'a>>),
    Snappy(snappy::Decompressor<'a>),
    Lz4(Box<lz4::Decompressor<'a>>),
    Zstd(zstd::Decompressor<'a>),
}

impl<'a> Decompressor<'a> {
    /// Of the compressed bytes `input`; none for [`Codec::None`], whose bytes need none. What must be whole in memory
    /// is never larger than `limit`; to count what comes out is the reader's part.
    pub(super) fn new(codec: Codec, input: &'a [u8], limit: usize) -> Option<Self> {
        Some(match codec {
            Codec::None => return None,
            Codec::Gzip => Self::Gzip(Box::new(gzip::decompressor(input))),
            Codec::Snappy => Self::Snappy(snappy::Decompressor::new(input, limit)),
            Codec::Lz4 => Self::Lz4(Box::new(lz4::Decompressor::new(input))),
            Codec::Zstd => Self::Zstd(zstd::Decompressor::new(input)),
        })
    }

    /// Fills some of `buffer`, which is not empty; 0 is the end.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, CompressionError> {
        let (codec, read) = match self {
            Self::Gzip(stream) => (Codec::Gzip, stream.read(buffer)),
            Self::Snappy(stream) => return stream.read(buffer),
            Self::Lz4(stream) => (Codec::Lz4, stream.read(buffer)),
            Self::Zstd(stream) => (Codec::Zstd, stream.read(buffer)),
        };
        read.map_err(|error| CompressionError::Corrupt { codec, reason: error.to_string() })
    }
}
