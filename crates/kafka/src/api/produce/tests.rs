//! Batches that are refused: with which code, and whether the partition's start is told, as a running Kafka does it.

use bytes::BytesMut;
use thalweg_model::batch::checksum;
use thalweg_model::codec::RecordBytes;
use thalweg_wire::ProduceRequest;

use crate::testing::{House, batch, produce};

/// Where the fields of a batch are.
const LENGTH_AT: usize = 8;
const MAGIC_AT: usize = 16;
const CRC_AT: usize = 17;
const ATTRIBUTES_AT: usize = 21;
const LAST_OFFSET_DELTA_AT: usize = 23;
const PRODUCER_ID_AT: usize = 43;
const COUNT_AT: usize = 57;
const RECORDS_AT: usize = 61;

/// The bytes of a batch written over from a position on.
fn with(at: usize, bytes: &[u8]) -> BytesMut {
    let mut batch = batch(&["a record"]);
    batch[at..at + bytes.len()].copy_from_slice(bytes);
    batch
}

/// The same, and the checksum fits.
fn summed(at: usize, bytes: &[u8]) -> BytesMut {
    let mut batch = with(at, bytes);
    let crc = checksum(&batch);
    batch[CRC_AT..CRC_AT + 4].copy_from_slice(&crc.to_be_bytes());
    batch
}

fn of(batch: BytesMut) -> ProduceRequest {
    let mut request = produce("t", 0, &[]);
    request.topic_data[0].partition_data[0].records = Some(RecordBytes::Frame(batch));
    request
}

#[tokio::test]
async fn what_cannot_be_read_gets_kafkas_codes() {
    let house = House::new().await;
    house.topic("t", 1).await;
    let mut client = house.connect();
    let mut cut = batch(&["a record"]);
    cut.truncate(cut.len() - 1);
    let mut two = batch(&["a record"]);
    two.extend_from_slice(&batch(&["another"]));
    let (corrupt, invalid, unknown) = (2, 87, -1);
    // What is refused before the batch is looked into tells nothing of the partition.
    let cases: Vec<(&str, BytesMut, i16, i64)> = vec![
        ("checksum", with(CRC_AT, b"abcd"), corrupt, -1),
        ("magic of the future", with(MAGIC_AT, &[3]), corrupt, -1),
        ("magic of the past", with(MAGIC_AT, &[1]), invalid, -1),
        ("length below a header's", with(LENGTH_AT, &10i32.to_be_bytes()), corrupt, -1),
        ("cut", cut, invalid, -1),
        ("nothing", BytesMut::new(), invalid, -1),
        ("two batches", two, invalid, -1),
        ("base offset", with(0, &7i64.to_be_bytes()), invalid, 0),
        ("two records said", summed(COUNT_AT, &2i32.to_be_bytes()), invalid, 0),
        ("last offset", summed(LAST_OFFSET_DELTA_AT, &5i32.to_be_bytes()), invalid, 0),
        ("a record's length", summed(RECORDS_AT, &[0x7e]), invalid, 0),
        ("control", summed(ATTRIBUTES_AT, &32i16.to_be_bytes()), invalid, 0),
        ("producer without a sequence", summed(PRODUCER_ID_AT, &[0, 0, 0, 0, 0, 0, 0, 7, 0, 0]), invalid, 0),
        ("unknown codec", summed(ATTRIBUTES_AT, &5i16.to_be_bytes()), unknown, 0),
        ("no gzip", summed(ATTRIBUTES_AT, &1i16.to_be_bytes()), unknown, 0),
        ("no snappy", summed(ATTRIBUTES_AT, &2i16.to_be_bytes()), unknown, 0),
        ("no lz4", summed(ATTRIBUTES_AT, &3i16.to_be_bytes()), unknown, 0),
        ("no zstd", summed(ATTRIBUTES_AT, &4i16.to_be_bytes()), unknown, 0),
        ("transactional", summed(ATTRIBUTES_AT, &16i16.to_be_bytes()), 53, -1),
    ];
    for (what, batch, code, log_start_offset) in cases {
        let answer = client.ask(9, &of(batch)).await;
        let found = &answer.responses[0].partition_responses[0];
        assert_eq!((found.error_code, found.log_start_offset), (code, log_start_offset), "{what}");
        assert!(found.error_message.is_some() && found.base_offset == -1, "{what}");
    }
    let answer = client.ask(9, &of(batch(&["a record"]))).await;
    assert_eq!(answer.responses[0].partition_responses[0].base_offset, 0, "none of them was written");
}
