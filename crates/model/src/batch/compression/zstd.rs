//! Zstandard, one or more frames. Contexts are kept per thread: making one costs more than a small batch does.

use std::cell::Cell;
use std::io::{self, Read};

use zstd::zstd_safe::{
    CCtx, CParameter, DCtx, DParameter, InBuffer, OutBuffer, ResetDirective, compress_bound, get_error_name,
    max_c_level, min_c_level,
};

/// The largest window that a frame may ask for: what level 22 declares, and what Kafka's decoder takes.
const WINDOW_LOG_MAX: u32 = 27;
/// A context that grew larger than this is not kept.
const CONTEXT_BYTES_KEPT: usize = 4 << 20;

thread_local! {
    static COMPRESSION: Cell<Option<CCtx<'static>>> = const { Cell::new(None) };
    static DECOMPRESSION: Cell<Option<DCtx<'static>>> = const { Cell::new(None) };
}

pub(super) fn compress(level: i32, input: &[u8], output: &mut Vec<u8>) -> Result<(), String> {
    let name = |code| get_error_name(code).to_owned();
    let mut context = COMPRESSION.take().or_else(CCtx::try_create).ok_or("no memory")?;
    context.reset(ResetDirective::SessionAndParameters).map_err(name)?;
    let level = level.clamp(min_c_level(), max_c_level());
    context.set_parameter(CParameter::CompressionLevel(level)).map_err(name)?;
    let at = output.len();
    output.resize(at + compress_bound(input.len()), 0);
    let length = context.compress2(&mut output[at..], input).map_err(name)?;
    output.truncate(at + length);
    if context.sizeof() <= CONTEXT_BYTES_KEPT {
        COMPRESSION.set(Some(context));
    }
    Ok(())
}

pub(in crate::batch) struct Decompressor<'a> {
    /// None where there was no memory for one, and while being dropped.
    context: Option<DCtx<'static>>,
    input: InBuffer<'a>,
    /// Whether a frame has begun and not ended.
    inside: bool,
}

impl<'a> Decompressor<'a> {
    pub(super) fn new(input: &'a [u8]) -> Self {
        let context = DECOMPRESSION.take().or_else(|| {
            let mut context = DCtx::try_create()?;
            context.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX)).ok()?;
            Some(context)
        });
        Self { context, input: InBuffer::around(input), inside: false }
    }
}

impl Read for Decompressor<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let context = self.context.as_mut().ok_or(io::ErrorKind::OutOfMemory)?;
        loop {
            let consumed = self.input.pos() == self.input.src.len();
            if consumed && !self.inside {
                return Ok(0);
            }
            let mut output = OutBuffer::around(&mut *buffer);
            let hint = context
                .decompress_stream(&mut output, &mut self.input)
                .map_err(|code| io::Error::new(io::ErrorKind::InvalidData, get_error_name(code)))?;
            self.inside = hint != 0;
            if output.pos() > 0 {
                return Ok(output.pos());
            }
            if consumed && self.inside {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

impl Drop for Decompressor<'_> {
    fn drop(&mut self) {
        if let Some(mut context) = self.context.take()
            && context.sizeof() <= CONTEXT_BYTES_KEPT
            && context.reset(ResetDirective::SessionOnly).is_ok()
        {
            DECOMPRESSION.set(Some(context));
        }
    }
}
