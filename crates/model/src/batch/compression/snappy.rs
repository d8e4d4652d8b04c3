//! Snappy in xerial's framing, which the Java client writes, and bare, which others do.
//!
//! ```text
//! 0                                     8            12              16
//! 82 53 4e 41 50 50 59 00               version = 1  compatible = 1  then blocks: length (big-endian), raw Snappy
//! ```

use super::{Codec, CompressionError};

const MAGIC: [u8; 8] = [0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0];
const HEADER_LENGTH: usize = 16;
/// What xerial's stream gathers before it compresses a block.
const BLOCK_BYTES: usize = 32 << 10;
/// The most that raw Snappy can grow: a copy of three bytes gives 64.
const GROWTH_MAX: usize = 22;

pub(super) fn compress(input: &[u8], output: &mut Vec<u8>) -> Result<(), snap::Error> {
    output.extend_from_slice(&MAGIC);
    output.extend_from_slice(&1i32.to_be_bytes());
    output.extend_from_slice(&1i32.to_be_bytes());
    let mut encoder = snap::raw::Encoder::new();
    for block in input.chunks(BLOCK_BYTES) {
        let at = output.len();
        output.resize(at + 4 + snap::raw::max_compress_len(block.len()), 0);
        let length = encoder.compress(block, &mut output[at + 4..])?;
        output[at..at + 4].copy_from_slice(&(length as i32).to_be_bytes());
        output.truncate(at + 4 + length);
    }
    Ok(())
}

pub(in crate::batch) struct Decompressor<'a> {
    input: &'a [u8],
    framed: bool,
    decoder: snap::raw::Decoder,
    block: Vec<u8>,
    /// How much of `block` was given.
    given: usize,
    /// The most that a block may give.
    limit: usize,
}

impl<'a> Decompressor<'a> {
    pub(super) fn new(input: &'a [u8], limit: usize) -> Self {
        let framed = input.len() >= HEADER_LENGTH && input.starts_with(&MAGIC);
        Self { input, framed, decoder: snap::raw::Decoder::new(), block: Vec::new(), given: 0, limit }
    }

    /// The next block's compressed bytes. Streams that were joined have headers between blocks.
    fn next_block(&mut self) -> Result<&'a [u8], CompressionError> {
        if !self.framed {
            return Ok(std::mem::take(&mut self.input));
        }
        while self.input.len() >= HEADER_LENGTH && self.input.starts_with(&MAGIC) {
            self.input = &self.input[HEADER_LENGTH..];
        }
        if self.input.is_empty() {
            return Ok(&[]);
        }
        let block = self.input.split_first_chunk::<4>().and_then(|(length, rest)| {
            rest.split_at_checked(usize::try_from(i32::from_be_bytes(*length)).ok()?)
        });
        let (block, rest) = block.ok_or_else(|| corrupt("a block reaches beyond the end"))?;
        self.input = rest;
        if block.is_empty() { Err(corrupt("a block is empty")) } else { Ok(block) }
    }

    /// Decompresses a block whose claimed length the compressed bytes could have.
    fn decompress(&mut self, compressed: &[u8]) -> Result<(), CompressionError> {
        let length = snap::raw::decompress_len(compressed).map_err(corrupt)?;
        if length > compressed.len().saturating_mul(GROWTH_MAX) {
            return Err(corrupt("a block claims more than it can hold"));
        }
        if length > self.limit {
            return Err(CompressionError::TooLarge { limit: self.limit });
        }
        self.block.resize(length, 0);
        let written = self.decoder.decompress(compressed, &mut self.block).map_err(corrupt)?;
        self.block.truncate(written);
        self.given = 0;
        Ok(())
    }

    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<usize, CompressionError> {
        while self.given == self.block.len() {
            let compressed = self.next_block()?;
            if compressed.is_empty() {
                return Ok(0);
            }
            self.decompress(compressed)?;
        }
        let length = buffer.len().min(self.block.len() - self.given);
        buffer[..length].copy_from_slice(&self.block[self.given..self.given + length]);
        self.given += length;
        Ok(length)
    }
}

fn corrupt(reason: impl std::fmt::Display) -> CompressionError {
    CompressionError::Corrupt { codec: Codec::Snappy, reason: reason.to_string() }
}
