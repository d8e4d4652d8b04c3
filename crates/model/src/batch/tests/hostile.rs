//! Bytes that lie: about their length, their records, or what they decompress to.

use super::*;

/// A batch around `records` as they are, with a true length and checksum.
fn around(codec: Codec, count: i32, records: &[u8]) -> Vec<u8> {
    let mut batch = build(BatchOptions::default(), &[]);
    batch.extend_from_slice(records);
    let mut header = BatchHeader::parse(&batch).unwrap();
    header.length = (batch.len() - 12) as i32;
    header.attributes = i16::from(codec.number());
    header.records_count = count;
    header.last_offset_delta = count - 1;
    header.write(&mut batch);
    header.crc = checksum(&batch);
    header.write(&mut batch);
    batch
}

#[test]
fn headers_that_are_none() {
    let good = build(BatchOptions::default(), &[value(0, b"v")]);
    let with = |at: usize, bytes: &[u8]| {
        let mut batch = good.clone();
        batch[at..at + bytes.len()].copy_from_slice(bytes);
        BatchHeader::parse(&batch).unwrap_err()
    };
    assert_eq!(with(16, &[0]), BatchError::OldMagic(0));
    assert_eq!(with(16, &[1]), BatchError::OldMagic(1));
    assert_eq!(with(16, &[3]), BatchError::UnknownMagic(3));
    assert_eq!(with(16, &[255]), BatchError::UnknownMagic(-1));
    assert_eq!(with(8, &(-1i32).to_be_bytes()), BatchError::Length(-1));
    assert_eq!(with(8, &13i32.to_be_bytes()), BatchError::Length(13));
    assert_eq!(with(8, &48i32.to_be_bytes()), BatchError::Length(48));
    for cut in 0..61 {
        assert!(
            matches!(BatchHeader::parse(&good[..cut]), Err(BatchError::Truncated { .. })),
            "cut at {cut}"
        );
    }
    let mut long = good.clone();
    long[8..12].copy_from_slice(&i32::MAX.to_be_bytes());
    assert!(matches!(Records::new(&long), Err(BatchError::Truncated { .. })));
}

#[test]
fn records_that_do_not_parse() {
    let check = |count: i32, records: &[u8], expected: BatchError| {
        for codec in Codec::ALL {
            let mut bytes = Vec::new();
            compression::compress(codec, codec.level_default(), records, &mut bytes).unwrap();
            let batch = around(codec, count, &bytes);
            assert_eq!(read(&batch).unwrap_err(), expected, "{codec:?}");
            assert_eq!(pass(&batch).unwrap_err(), expected, "{codec:?}");
        }
    };
    let fault = |index, fault| BatchError::Record { index, fault };
    // length 6 (zigzag 12): attributes, timestamp 0, offset 0, key -1, value -1, no headers
    let good = [12u8, 0, 0, 0, 1, 1, 0];
    assert_eq!(read(&around(Codec::None, 1, &good)).unwrap().len(), 1);
    check(1, &[&good[..], &[0]].concat(), BatchError::BytesLeft(1));
    check(1, &[&good[..], &good[..]].concat(), BatchError::BytesLeft(1));
    check(1, &[14, 0, 0, 0, 1, 1, 0, 9], fault(0, RecordFault::BytesLeft(1)));
    check(1, &[12, 0, 0, 0, 1, 1], fault(0, RecordFault::EndsEarly));
    check(1, &[10, 0, 0, 0, 1, 1, 0], fault(0, RecordFault::EndsEarly));
    check(1, &[1, 0, 0, 0, 1, 1, 0], fault(0, RecordFault::Length(-1)));
    check(1, &[12, 0, 0, 0, 1, 1, 1], fault(0, RecordFault::HeadersCount(-1)));
    check(1, &[12, 0, 0, 0, 1, 1, 2], fault(0, RecordFault::HeadersCount(1)));
    check(1, &[16, 0, 0, 0, 1, 1, 2, 1, 1], fault(0, RecordFault::HeaderKeyMissing));
    check(1, &[12, 0, 0, 0, 126, 1, 0], fault(0, RecordFault::EndsEarly));
    check(1, &[255, 255, 255, 255, 255, 255], fault(0, RecordFault::Varint));
    check(1, &[24, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0], fault(0, RecordFault::Varint));
    check(2, &[&good[..], &[12, 0]].concat(), fault(1, RecordFault::EndsEarly));
}

#[test]
fn fewer_records_than_declared() {
    let good = [12u8, 0, 0, 0, 1, 1, 0];
    for codec in Codec::ALL {
        let mut bytes = Vec::new();
        compression::compress(codec, codec.level_default(), &good, &mut bytes).unwrap();
        let batch = around(codec, i32::MAX, &bytes);
        let missing = BatchError::RecordsMissing { declared: i32::MAX, present: 1 };
        assert_eq!(read(&batch).unwrap_err(), missing, "{codec:?}");
        assert_eq!(pass(&batch).unwrap_err(), missing, "{codec:?}");
    }
}

#[test]
fn a_record_of_2_gib_costs_nothing() {
    // A length of 2^31-1 behind which nothing comes: plain, and out of each decompressor.
    let lie = [254u8, 255, 255, 255, 15, 0, 0, 0, 1, 1, 0];
    for codec in Codec::ALL {
        let mut bytes = Vec::new();
        compression::compress(codec, codec.level_default(), &lie, &mut bytes).unwrap();
        let batch = around(codec, 1, &bytes);
        assert!(read(&batch).is_err(), "{codec:?}");
        assert!(pass(&batch).is_err(), "{codec:?}");
    }
}

#[test]
fn bombs_are_refused_at_the_limit() {
    let limit = 4 << 20;
    // One record whose value is 16 MiB of nothing, and many small ones of as much.
    let one = [value(0, &vec![0; 16 << 20])];
    let many: Vec<_> = (0..256).map(|offset| value(offset, &vec![0; 64 << 10])).collect();
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        for records in [&one[..], &many[..]] {
            let batch = build(BatchOptions { codec, ..BatchOptions::default() }, records);
            let refused = BatchError::Compression(CompressionError::TooLarge { limit });
            assert_eq!(read_with_limit(&batch, limit).unwrap_err(), refused, "{codec:?}");
            let header = BatchHeader::parse(&batch).unwrap();
            let policy = produce::Policy {
                decompressed_bytes_max: limit,
                batch_bytes_max: usize::MAX,
                ..produce::Policy::default()
            };
            let verdict = produce::validate(&header, &batch, &policy, TimestampMs(1000));
            assert_eq!(verdict.unwrap_err(), produce::Refusal::Batch(refused), "{codec:?}");
        }
    }
}

#[test]
fn a_gibibyte_in_32_kib_of_zstd() {
    // A value of 1 GiB of nothing, made without having it: frames of 1 MiB, one after another.
    let mut head = Vec::new();
    let mut frame = Vec::new();
    compression::compress(Codec::Zstd, 3, &vec![0; 1 << 20], &mut frame).unwrap();
    // The record's length is 2^30 + 9; its value's 2^30.
    compression::compress(
        Codec::Zstd,
        3,
        &[0x92, 0x80, 0x80, 0x80, 0x08, 0, 0, 0, 1, 0x80, 0x80, 0x80, 0x80, 0x08],
        &mut head,
    )
    .unwrap();
    let bytes = [head, frame.repeat(1024)].concat();
    assert!(bytes.len() < 64 << 10);
    let batch = around(Codec::Zstd, 1, &bytes);
    let limit = compression::DECOMPRESSED_BYTES_MAX;
    let refused = BatchError::Compression(CompressionError::TooLarge { limit });
    assert_eq!(pass(&batch).unwrap_err(), refused);
    assert_eq!(read(&batch).unwrap_err(), refused);
}

#[test]
fn codecs_refuse_what_they_did_not_write() {
    let records = [value(0, &text(5000, 5))];
    for codec in [Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        let batch = build(BatchOptions { codec, ..BatchOptions::default() }, &records);
        for cut in (62..batch.len()).step_by(7) {
            let cut = around(codec, 1, &batch[61..cut]);
            assert!(read(&cut).is_err(), "{codec:?}");
        }
        assert!(read(&around(codec, 1, b"")).is_err(), "{codec:?}");
        let noise = around(codec, 1, &[0xff; 100]);
        assert!(matches!(read(&noise), Err(BatchError::Compression(_))), "{codec:?}: {:?}", read(&noise));
    }
    let mut unknown = build(BatchOptions::default(), &records);
    unknown[22] = 5;
    assert_eq!(read(&unknown).unwrap_err(), BatchError::UnknownCodec(5));
}

#[test]
fn a_snappy_block_cannot_claim_more_than_it_holds() {
    // Bare: a length header of 2^31 and one literal byte.
    let batch = around(Codec::Snappy, 1, &[0x80, 0x80, 0x80, 0x80, 0x08, 0, 0]);
    assert!(matches!(read(&batch), Err(BatchError::Compression(CompressionError::Corrupt { .. }))));
    // Framed: a block that reaches beyond the end, a negative one.
    for length in [100i32, -1] {
        let mut bytes = vec![0x82, b'S', b'N', b'A', b'P', b'P', b'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1];
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&[1, 0, 0]);
        let batch = around(Codec::Snappy, 1, &bytes);
        assert!(
            matches!(read(&batch), Err(BatchError::Compression(CompressionError::Corrupt { .. }))),
            "{length}"
        );
    }
}
