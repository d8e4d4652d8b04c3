//! gzip: any number of members, as RFC 1952 allows.

use std::io::{self, Write};

use flate2::Compression;
use flate2::bufread::MultiGzDecoder;
use flate2::write::GzEncoder;

pub(super) type Decompressor<'a> = MultiGzDecoder<&'a [u8]>;

pub(super) fn decompressor(input: &[u8]) -> Decompressor<'_> {
    MultiGzDecoder::new(input)
}

pub(super) fn compress(level: i32, input: &[u8], output: &mut Vec<u8>) -> io::Result<()> {
    let level = match level {
        ..=-1 => Compression::default(),
        level => Compression::new(level.clamp(1, 9) as u32),
    };
    let mut encoder = GzEncoder::new(output, level);
    encoder.write_all(input)?;
    encoder.finish()?;
    Ok(())
}
