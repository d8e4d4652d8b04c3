//! Segment files and packs as bytes: runs of batches, one run after another, and at the end a directory of them. A
//! segment file holds one partition's, a pack those of many; the format is one. Drawn in `docs/formats.md`.
//!
//! ```text
//!   header     32   magic, number
//!   runs            batches as they came, partition after partition
//!   directory       one row per run, with its marks
//!   footer     32   where the directory is, checksums
//! ```
//!
//! Readers go by the manifest; the directory is there so that a file explains itself (and can be checked) without it.

use std::io;

use bytes::{BufMut, BytesMut};
use crc_fast::{CrcAlgorithm, checksum};
use thalweg_model::TopicPartition;

use crate::blobs::{BlobWriter, write_all};
use crate::extent::{EXTENT_BYTES_MAX, Extent, FileNumber, MARK_BYTES, Mark};
use crate::manifest::record;

const MAGIC: [u8; 8] = *b"thlwgRF\x01";
const HEADER_BYTES: u64 = 32;

/// The name of a file.
pub(crate) fn name_of(number: FileNumber) -> String {
    format!("{number:016x}.run")
}

/// The number in a name, where it is one of ours.
pub(crate) fn number_of(name: &str) -> Option<FileNumber> {
    let digits = name.strip_suffix(".run").filter(|digits| digits.len() == 16)?;
    FileNumber::from_str_radix(digits, 16).ok()
}

/// Writes one file.
pub(crate) struct RunFileWriter {
    number: FileNumber,
    blob: Box<dyn BlobWriter>,
    position: u64,
    run: Option<Run>,
    extents: Vec<(TopicPartition, Extent)>,
}

struct Run {
    partition: TopicPartition,
    extent: Extent,
    marks: Vec<Mark>,
}

/// What is known of some batches that are written together; a mark may stand before them, not between.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch {
    pub(crate) base: i64,
    pub(crate) end: i64,
    pub(crate) max_timestamp: i64,
}

/// A file that is written and durable.
pub(crate) struct Written {
    pub(crate) number: FileNumber,
    pub(crate) bytes: u64,
    pub(crate) extents: Vec<(TopicPartition, Extent)>,
}

impl RunFileWriter {
    pub(crate) async fn begin(number: FileNumber, mut blob: Box<dyn BlobWriter>) -> io::Result<Self> {
        let mut header = BytesMut::with_capacity(HEADER_BYTES as usize);
        header.put_slice(&MAGIC);
        header.put_u64_le(number);
        header.put_bytes(0, 12);
        header.put_u32_le(sum(&header));
        write_all(&mut *blob, &header).await?;
        Ok(Self { number, blob, position: HEADER_BYTES, run: None, extents: Vec::new() })
    }

    /// Adds batches of a partition. They extend its run where they follow on it in the offsets, else they begin one.
    pub(crate) async fn push(
        &mut self,
        partition: TopicPartition,
        stretch: Stretch,
        bytes: &[u8],
    ) -> io::Result<()> {
        let length = u32::try_from(bytes.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let follows = |run: &Run| {
            run.partition == partition
                && run.extent.end == stretch.base
                && u64::from(run.extent.length) + u64::from(length) <= u64::from(EXTENT_BYTES_MAX)
        };
        if !self.run.as_ref().is_some_and(follows) {
            self.end_run();
        }
        let run = self.run.get_or_insert_with(|| Run {
            partition,
            extent: Extent {
                file: self.number,
                position: self.position,
                length: 0,
                base: stretch.base,
                end: stretch.base,
                max_timestamp: -1,
                marks: None,
            },
            marks: Vec::new(),
        });
        let marked = run.marks.last().map_or(0, |mark| mark.position);
        if run.extent.length - marked >= MARK_BYTES {
            let (position, max_before) = (run.extent.length, run.extent.max_timestamp);
            run.marks.push(Mark { offset: stretch.base, position, max_before });
        }
        run.extent.length += length;
        run.extent.end = stretch.end;
        run.extent.max_timestamp = run.extent.max_timestamp.max(stretch.max_timestamp);
        self.position += u64::from(length);
        write_all(&mut *self.blob, bytes).await
    }

    fn end_run(&mut self) {
        if let Some(Run { partition, mut extent, marks }) = self.run.take() {
            extent.marks = (!marks.is_empty()).then(|| marks.into());
            self.extents.push((partition, extent));
        }
    }

    /// Writes the directory and makes all of it durable.
    pub(crate) async fn finish(mut self) -> io::Result<Written> {
        self.end_run();
        let mut end = BytesMut::new();
        for (partition, extent) in &self.extents {
            record::put_partition(&mut end, *partition);
            record::put_extent(&mut end, extent);
        }
        let (length, directory_sum) = (end.len(), sum(&end));
        let footer = end.len();
        end.put_u64_le(self.position);
        end.put_u64_le(length as u64);
        end.put_u32_le(self.extents.len() as u32);
        end.put_u32_le(directory_sum);
        end.put_u32_le(0);
        end.put_u32_le(sum(&end[footer..]));
        write_all(&mut *self.blob, &end).await?;
        self.blob.finish().await?;
        let bytes = self.position + end.len() as u64;
        Ok(Written { number: self.number, bytes, extents: self.extents })
    }
}

fn sum(bytes: &[u8]) -> u32 {
    u32::try_from(checksum(CrcAlgorithm::Crc32Iscsi, bytes)).expect("a 32-bit checksum has 32 bits")
}
