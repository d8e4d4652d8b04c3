//! Record batches as a producer may send them. An input is one byte that says what is mended of the rest, and the
//! bytes of a partition in a Produce: with a right checksum hostile records get past the first door.

use bytes::BytesMut;
use thalweg_model::TimestampMs;
use thalweg_model::batch::produce::{Policy, admit};
use thalweg_model::batch::{
    BATCH_OVERHEAD, Batches, Codec, Records, TimestampType, checksum, find_timestamp,
};

/// How much may come out of one input: enough that the limit is met, little enough to be fast.
const DECOMPRESSED_BYTES_MAX: usize = 4 << 20;
const NOW: TimestampMs = TimestampMs(1_700_000_000_000);

pub(super) fn body(input: &[u8]) {
    let [how, bytes @ ..] = input else { return };
    let mut bytes = BytesMut::from(bytes);
    if how & 1 != 0 {
        mend(&mut bytes);
    }
    for batch in Batches::new(&bytes).map_while(Result::ok) {
        walk(batch.1);
    }
    let _ = find_timestamp(&bytes, NOW);
    let policy = Policy {
        batch_bytes_max: 1 << 20,
        decompressed_bytes_max: DECOMPRESSED_BYTES_MAX,
        compacted: how & 2 != 0,
        timestamp_type: if how & 4 != 0 { TimestampType::LogAppendTime } else { TimestampType::CreateTime },
        compression: (how & 8 != 0).then(|| (Codec::ALL[usize::from(how >> 4) % Codec::ALL.len()], 1)),
        ..Policy::default()
    };
    let Ok(admitted) = admit(bytes, &policy, NOW) else { return };
    assert_eq!(admitted.header.check(&admitted.bytes), Ok(()), "what is stored bears a right checksum");
    let mut records = Records::with_limit(&admitted.bytes, DECOMPRESSED_BYTES_MAX).expect("it was admitted");
    let mut count = 0;
    while let Some(record) = records.next() {
        record.expect("what was admitted can be read");
        count += 1;
    }
    assert_eq!(count, admitted.header.records_count, "all records are there");
}

/// Makes length and checksum fit the bytes.
fn mend(bytes: &mut BytesMut) {
    if bytes.len() < BATCH_OVERHEAD {
        return;
    }
    let length = (bytes.len() - 12) as u32;
    bytes[8..12].copy_from_slice(&length.to_be_bytes());
    let sum = checksum(bytes);
    bytes[17..21].copy_from_slice(&sum.to_be_bytes());
}

/// Reads all records, whatever the checksum says, as one does who looks at damage.
fn walk(batch: &[u8]) {
    let Ok(mut records) = Records::with_limit(batch, DECOMPRESSED_BYTES_MAX) else { return };
    while let Some(Ok(record)) = records.next() {
        for header in record.headers.iter() {
            let _ = (header.key, header.value);
        }
    }
}
