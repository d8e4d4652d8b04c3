//! Batches that clients wrote: the Java client (4.4) and librdkafka (2.16). All hold the same five records: of the plain
//! ones the checksums are kept.

use super::*;

const PLAIN_SIZE: usize = 31_706;
const PLAIN_CRC_JAVA: u32 = 0x4323_ff73;
const PLAIN_CRC_LIBRDKAFKA: u32 = 0xf21a_10aa;

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

/// Java's batches are of a transaction.
fn java(codec: Codec) -> BatchOptions {
    let producer = Some(ProducerStamp { id: ProducerId(4711), epoch: ProducerEpoch(3), sequence: 12 });
    BatchOptions { producer, transactional: true, ..librdkafka(codec) }
}

fn librdkafka(codec: Codec) -> BatchOptions {
    BatchOptions { codec, partition_leader_epoch: LeaderEpoch(-1), ..BatchOptions::default() }
}

/// It is read, and stored as it came.
fn check(batch: &[u8], expect: BatchOptions) {
    let header = BatchHeader::parse(batch).unwrap();
    assert_eq!(header.codec().unwrap(), expect.codec);
    let producer = expect.producer.map_or((-1, -1, -1), |stamp| (stamp.id.0, stamp.epoch.0, stamp.sequence));
    assert_eq!((header.producer_id.0, header.producer_epoch.0, header.base_sequence), producer);
    assert_eq!(header.is_transactional(), expect.transactional);
    assert_eq!(read(batch).unwrap(), records(), "{:?}", expect.codec);
    let now = TimestampMs(1_700_000_000_000);
    let verdict = produce::validate(&header, batch, &produce::Policy::default(), now).unwrap();
    assert_eq!(verdict.store, produce::Store::AsItCame, "{:?}", expect.codec);
}

#[test]
fn batches_of_the_java_client_are_read_and_stored_as_they_came() {
    check(include_bytes!("fixtures/java-gzip.batch"), java(Codec::Gzip));
    check(include_bytes!("fixtures/java-snappy.batch"), java(Codec::Snappy));
    check(include_bytes!("fixtures/java-lz4.batch"), java(Codec::Lz4));
    check(include_bytes!("fixtures/java-zstd.batch"), java(Codec::Zstd));
}

#[test]
fn batches_of_librdkafka_are_read_and_stored_as_they_came() {
    check(include_bytes!("fixtures/librdkafka-gzip.batch"), librdkafka(Codec::Gzip));
    check(include_bytes!("fixtures/librdkafka-snappy.batch"), librdkafka(Codec::Snappy));
    check(include_bytes!("fixtures/librdkafka-lz4.batch"), librdkafka(Codec::Lz4));
    check(include_bytes!("fixtures/librdkafka-zstd.batch"), librdkafka(Codec::Zstd));
}

#[test]
fn plain_batches_are_written_as_clients_write_them() {
    for (options, crc) in
        [(java(Codec::None), PLAIN_CRC_JAVA), (librdkafka(Codec::None), PLAIN_CRC_LIBRDKAFKA)]
    {
        let batch = build(options, &records());
        assert_eq!(batch.len(), PLAIN_SIZE);
        assert_eq!(batch[17..21], crc.to_be_bytes());
    }
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
