//! Batches that the Java client (4.4) wrote. All hold the same five records: of the plain one the checksum is kept.

use super::*;

const PLAIN_SIZE: usize = 31_706;
const PLAIN_CRC: u32 = 0x4323_ff73;

fn records() -> Vec<Owned> {
    let record = |offset: i64, after: i64, key: Option<&str>, value: Option<&str>| Owned {
        offset,
        timestamp: 1_700_000_000_000 + after,
        key: key.map(|key| key.as_bytes().to_vec()),
        value: value.map(|value| value.as_bytes().to_vec()),
        headers: Vec::new(),
    };
    let big: String = (0..4000).map(|line| format!("line {}\n", line % 97)).collect();
    let mut records = vec![
        record(0, 0, Some("key"), Some("value")),
        record(1, 7, None, Some("")),
        record(2, -1, Some("tomb"), None),
        record(3, 1, Some("big"), Some(&big)),
        record(4, 2, Some("end"), Some("x")),
    ];
    records[0].headers = vec![(b"h".to_vec(), Some(b"1".to_vec())), (b"h".to_vec(), None)];
    records
}

fn options(codec: Codec) -> BatchOptions {
    BatchOptions {
        codec,
        partition_leader_epoch: LeaderEpoch(-1),
        producer: Some(ProducerStamp { id: ProducerId(4711), epoch: ProducerEpoch(3), sequence: 12 }),
        transactional: true,
        ..BatchOptions::default()
    }
}

#[test]
fn batches_of_the_java_client_are_read_and_stored_as_they_came() {
    let fixtures: [(Codec, &[u8]); 4] = [
        (Codec::Gzip, include_bytes!("fixtures/java-gzip.batch")),
        (Codec::Snappy, include_bytes!("fixtures/java-snappy.batch")),
        (Codec::Lz4, include_bytes!("fixtures/java-lz4.batch")),
        (Codec::Zstd, include_bytes!("fixtures/java-zstd.batch")),
    ];
    for (codec, batch) in fixtures {
        let header = BatchHeader::parse(batch).unwrap();
        assert_eq!(header.codec().unwrap(), codec);
        assert_eq!((header.producer_id.0, header.producer_epoch.0, header.base_sequence), (4711, 3, 12));
        assert!(header.is_transactional());
        assert_eq!(read(batch).unwrap(), records(), "{codec:?}");
        let now = TimestampMs(1_700_000_000_000);
        let verdict = produce::validate(&header, batch, &produce::Policy::default(), now).unwrap();
        assert_eq!(verdict.store, produce::Store::AsItCame, "{codec:?}");
    }
}

#[test]
fn plain_batches_are_written_as_the_java_client_writes_them() {
    let batch = build(options(Codec::None), &records());
    assert_eq!(batch.len(), PLAIN_SIZE);
    assert_eq!(batch[17..21], PLAIN_CRC.to_be_bytes());
}

#[test]
fn bare_snappy_is_read() {
    let plain = build(BatchOptions::default(), &[value(0, &text(3000, 2))]);
    let bare = snap::raw::Encoder::new().compress_vec(&plain[61..]).unwrap();
    let mut batch = [&plain[..61], &bare[..]].concat();
    let mut header = BatchHeader::parse(&plain).unwrap();
    header.attributes = i16::from(Codec::Snappy.number());
    header.length = (batch.len() - 12) as i32;
    header.write(&mut batch);
    assert_eq!(read(&batch).unwrap(), read(&plain).unwrap());
}
