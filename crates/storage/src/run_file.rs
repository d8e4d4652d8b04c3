//! Segment files and packs as bytes: runs of batches, one run after another, and at the end a directory of them. A
//! segment file holds one partition's, a pack those of many, a state file what their owners keep beside them; the format
//! is one. Drawn in `docs/formats.md`.
//!
//! ```text
//!   header     32   magic, number
//!   runs            batches as they came, partition after partition; or parts of snapshots
//!   directory       one row per run, with its marks
//!   footer     32   where the directory is, checksums
//! ```
//!
//! Readers go by the manifest; the directory is there so that a file explains itself (and can be checked) without it.

mod reading;

use std::io;

use bytes::{BufMut, BytesMut};
use crc_fast::{CrcAlgorithm, checksum};
use thalweg_model::TopicPartition;

use crate::blobs::{BlobWriter, write_all};
use crate::extent::{EXTENT_BYTES_MAX, Extent, FileNumber, MARK_BYTES, Mark};
use crate::kept::Stored;
use crate::manifest::record;

pub(crate) use self::reading::{FileFault, directory, format_of, newer_format};

const MAGIC: [u8; 8] = *b"thlwgRF\x02";
/// The format that this program writes.
pub(crate) const FORMAT: u8 = MAGIC[MAGIC_COMMON];
/// The part of it that later versions share.
const MAGIC_COMMON: usize = 7;
pub(crate) const HEADER_BYTES: u64 = 32;
const FOOTER_BYTES: u64 = 32;

/// The name of a file.
pub(crate) fn name_of(number: FileNumber) -> String {
    format!("{number:016x}.run")
}

/// The name of a file with the folder that it is in.
pub(crate) fn path_of(number: FileNumber) -> String {
    format!("segments/{}", name_of(number))
}

/// The number in a name, where it is one of ours.
pub(crate) fn number_of(name: &str) -> Option<FileNumber> {
    let number = FileNumber::from_str_radix(name.strip_suffix(".run")?, 16).ok()?;
    (name_of(number) == name).then_some(number)
}

/// Writes one file.
pub(crate) struct RunFileWriter {
    number: FileNumber,
    blob: Box<dyn BlobWriter>,
    position: u64,
    run: Option<Run>,
    extents: Vec<(TopicPartition, Extent)>,
    is_checked: bool,
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
    /// Nobody [doubted](RunFileWriter::doubt) what was written.
    pub(crate) is_checked: bool,
    pub(crate) extents: Vec<(TopicPartition, Extent)>,
    pub(crate) states: Vec<(TopicPartition, Stored)>,
}

impl RunFileWriter {
    pub(crate) async fn begin(number: FileNumber, mut blob: Box<dyn BlobWriter>) -> io::Result<Self> {
        let mut header = BytesMut::with_capacity(HEADER_BYTES as usize);
        header.put_slice(&MAGIC);
        header.put_u64_le(number);
        header.put_bytes(0, 12);
        header.put_u32_le(sum(&header));
        write_all(&mut *blob, &header).await?;
        Ok(Self { number, blob, position: HEADER_BYTES, run: None, extents: Vec::new(), is_checked: true })
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

    /// What is pushed may be wrong, and who reads it is to find out.
    pub(crate) fn doubt(&mut self) {
        self.is_checked = false;
    }

    /// Adds a part of what a partition's owner keeps.
    pub(crate) async fn push_state(&mut self, partition: TopicPartition, bytes: &[u8]) -> io::Result<Stored> {
        self.end_run();
        let length = u32::try_from(bytes.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let stored = Stored { file: self.number, position: self.position, length, sum: sum(bytes) };
        self.extents.push((partition, stored.extent()));
        self.position += u64::from(length);
        write_all(&mut *self.blob, bytes).await?;
        Ok(stored)
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
        let state = |(partition, extent): &(TopicPartition, Extent)| Some((*partition, Stored::of(extent)?));
        let states = self.extents.iter().filter_map(state).collect();
        self.extents.retain(|(_, extent)| Stored::of(extent).is_none());
        Ok(Written { number: self.number, bytes, is_checked: self.is_checked, extents: self.extents, states })
    }
}

pub(crate) fn sum(bytes: &[u8]) -> u32 {
    u32::try_from(checksum(CrcAlgorithm::Crc32Iscsi, bytes)).expect("a 32-bit checksum has 32 bits")
}

#[cfg(test)]
mod tests {
    use thalweg_model::world::block_on;
    use thalweg_model::{PartitionIndex, TopicId, Uuid};

    use super::reading::Directory;
    use super::*;
    use crate::blobs::{Blobs, Cached, MemoryBlob, MemoryBlobs};

    fn stretch(base: i64, end: i64) -> Stretch {
        Stretch { base, end, max_timestamp: end * 10 }
    }

    async fn written(blobs: &MemoryBlobs, pushes: &[(i32, Stretch, &[u8])]) -> Written {
        let blob = blobs.create(&name_of(5), Cached::Kept).await.expect("memory takes it");
        let mut writer = RunFileWriter::begin(5, blob).await.expect("memory takes it");
        for (index, stretch, bytes) in pushes {
            let topic = TopicId(Uuid::from_u128(0x33));
            let partition = TopicPartition { topic, partition: PartitionIndex(*index) };
            writer.push(partition, *stretch, bytes).await.expect("memory takes it");
        }
        writer.finish().await.expect("memory takes it")
    }

    #[test]
    fn what_follows_is_one_extent_with_marks() {
        let bytes = vec![7; 700_000];
        let pushes: Vec<_> = (0..4).map(|at| (0, stretch(at, at + 1), &bytes[..])).collect();
        let mut pushes = pushes;
        pushes.push((0, stretch(9, 10), b"behind a gap"));
        pushes.push((1, stretch(10, 12), b"another's"));
        let written = block_on(written(&MemoryBlobs::default(), &pushes));
        let extents: Vec<_> =
            written.extents.iter().map(|(_, extent)| (extent.base, extent.end, extent.length)).collect();
        assert_eq!(extents, [(0, 4, 2_800_000), (9, 10, 12), (10, 12, 9)]);
        let first = &written.extents[0].1;
        let marks: Vec<_> =
            first.marks().iter().map(|mark| (mark.offset, mark.position, mark.max_before)).collect();
        assert_eq!(marks, [(2, 1_400_000, 20)]);
        assert_eq!((first.position_before(1), first.position_before(3)), (0, 1_400_000));
        assert_eq!(
            (first.position_before_timestamp(20), first.position_before_timestamp(21)),
            (0, 1_400_000)
        );
    }

    #[test]
    fn the_bytes_are_those_of_the_second_version() {
        let blobs = MemoryBlobs::default();
        let pushes: [(i32, Stretch, &[u8]); 2] = [(0, stretch(0, 2), b"one"), (1, stretch(4, 5), b"two")];
        let written = block_on(written(&blobs, &pushes));
        let mut found = vec![0; written.bytes as usize];
        let blob = block_on(blobs.open(&name_of(5))).expect("it was written");
        blob.read(&mut found, 0).expect("all of it is there");
        let text: String = found.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(text, include_str!("run_file/golden-2.txt").trim());
        assert_eq!(directory(&*blob).expect("it explains itself").runs, first_version().runs);
    }

    /// A file as the first version wrote it.
    fn first_version() -> Directory {
        let text = include_str!("run_file/golden.txt").trim();
        let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("it is a byte");
        let bytes: Vec<u8> = (0..text.len()).step_by(2).map(byte).collect();
        directory(&MemoryBlob::new(bytes.into())).expect("it is read for ever")
    }

    #[test]
    fn states_lie_between_runs_and_are_read_back() {
        let blobs = MemoryBlobs::default();
        let partition =
            TopicPartition { topic: TopicId(Uuid::from_u128(0x33)), partition: PartitionIndex(0) };
        let written = block_on(async {
            let blob = blobs.create(&name_of(5), Cached::Kept).await.expect("memory takes it");
            let mut writer = RunFileWriter::begin(5, blob).await.expect("memory takes it");
            writer.push(partition, stretch(0, 2), b"one").await.expect("memory takes it");
            writer.push_state(partition, b"state").await.expect("memory takes it");
            writer.push(partition, stretch(2, 3), b"two").await.expect("memory takes it");
            writer.finish().await.expect("memory takes it")
        });
        let blob = block_on(blobs.open(&name_of(5))).expect("it was written");
        let [(of, stored)] = written.states[..] else { panic!("there is one: {:?}", written.states) };
        assert_eq!((of, stored.read(&*blob).expect("it is whole")), (partition, "state".into()));
        assert!(Stored { sum: stored.sum ^ 1, ..stored }.read(&*blob).is_err());
        assert!(Stored { position: u64::MAX, ..stored }.read(&*blob).is_err());
        let runs = directory(&*blob).expect("it explains itself").runs;
        let states: Vec<_> = runs.iter().map(|(_, extent)| Stored::of(extent)).collect();
        assert_eq!(states, [None, Some(stored), None]);
        assert_eq!(written.extents.len(), 2);
    }

    #[test]
    fn names_are_numbers() {
        assert_eq!(name_of(0x1f), "000000000000001f.run");
        assert_eq!(number_of("000000000000001f.run"), Some(0x1f));
        for name in ["1f.run", "000000000000001f", "00000000000000zz.run", "+00000000000001f.run"] {
            assert_eq!(number_of(name), None, "{name}");
        }
    }
}
