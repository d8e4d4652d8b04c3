//! The LZ4 frame as Kafka writes it: independent blocks of 64 KiB, no checksums of content.
//!
//! The Java client reads no legacy frames, no blocks that depend on others and no frame without its end mark. What it
//! cannot read must not come into a log, so that they are refused here too.

use std::io::{self, Read, Write};

use lz4_flex::frame::{BlockMode, BlockSize, FrameDecoder, FrameEncoder, FrameInfo};

const MAGIC: [u8; 4] = 0x184d_2204u32.to_le_bytes();
const END_MARK: [u8; 4] = [0; 4];
const INDEPENDENT_BLOCKS_BIT: u8 = 1 << 5;
const CONTENT_CHECKSUM_BIT: u8 = 1 << 2;
const CONTENT_CHECKSUM_LENGTH: usize = 4;

pub(in crate::batch) struct Decompressor<'a> {
    stream: FrameDecoder<&'a [u8]>,
    /// What is wrong with the frame as a whole.
    fault: Option<&'static str>,
}

impl<'a> Decompressor<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        Self { stream: FrameDecoder::new(input), fault: fault(input) }
    }
}

impl Read for Decompressor<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.fault {
            Some(fault) => Err(io::Error::new(io::ErrorKind::InvalidData, fault)),
            None => self.stream.read(buffer),
        }
    }
}

fn fault(input: &[u8]) -> Option<&'static str> {
    let Some((MAGIC, [flags, ..])) = input.split_first_chunk().map(|(magic, rest)| (*magic, rest)) else {
        return Some("no frame");
    };
    if flags & INDEPENDENT_BLOCKS_BIT == 0 {
        return Some("blocks depend on others");
    }
    let checksum = if flags & CONTENT_CHECKSUM_BIT == 0 { 0 } else { CONTENT_CHECKSUM_LENGTH };
    match input.len().checked_sub(checksum).map(|end| input[..end].ends_with(&END_MARK)) {
        Some(true) => None,
        _ => Some("the frame has no end mark"),
    }
}

pub(super) fn compress(input: &[u8], output: &mut Vec<u8>) -> io::Result<()> {
    let frame = FrameInfo::new().block_mode(BlockMode::Independent).block_size(BlockSize::Max64KB);
    let mut encoder = FrameEncoder::with_frame_info(frame, output);
    encoder.write_all(input)?;
    encoder.finish()?;
    Ok(())
}
