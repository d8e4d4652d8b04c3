//! What needs no broker: the partitioner, the assignor, unpacking; and in `broker` all the rest.

mod broker;

use bytes::{Bytes, BytesMut};
use thalweg_model::batch::{BatchBuilder, BatchOptions, Codec, Header, NewRecord};
use thalweg_model::{Offset, TimestampMs};

use super::assignor::{Subscriber, range};
use super::fetched::unpack;
use super::offsets::PartitionName;
use super::partitioner::{by_key, murmur2};

#[test]
fn keys_go_where_the_java_client_sends_them() {
    // The vectors of the Java client's own tests.
    let cases: [(&str, i32); 6] = [
        ("21", -973_932_308),
        ("foobar", -790_332_482),
        ("a-little-bit-long-string", -985_981_536),
        ("a-little-bit-longer-string", -1_486_304_829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
        ("abc", 479_470_107),
    ];
    for (key, hash) in cases {
        assert_eq!(murmur2(key.as_bytes()).cast_signed(), hash, "{key}");
    }
    assert_eq!(by_key(b"abc", 10), 7);
    assert!(by_key(b"21", 3) < 3);
}

#[test]
fn rows_of_partitions_differ_by_one_at_most() {
    let member = |id: &str, instance: Option<&str>, topics: &[&str]| Subscriber {
        member_id: id.to_owned(),
        instance_id: instance.map(str::to_owned),
        topics: topics.iter().map(|topic| (*topic).into()).collect(),
    };
    let members = [member("b", None, &["t", "u"]), member("a", None, &["t"]), member("z", Some("0"), &["t"])];
    let assigned = range(&members, |topic| if topic == "t" { (0..7).collect() } else { vec![0, 1] });
    let of =
        |member: &str| -> Vec<String> { assigned[member].iter().map(PartitionName::to_string).collect() };
    assert_eq!(of("z"), ["t-0", "t-1", "t-2"], "static members come first");
    assert_eq!(of("a"), ["t-3", "t-4"]);
    assert_eq!(of("b"), ["t-5", "t-6", "u-0", "u-1"]);
}

fn batch(base_offset: i64, codec: Codec, values: &[&[u8]]) -> BytesMut {
    let options = BatchOptions { base_offset: Offset(base_offset), codec, ..BatchOptions::default() };
    let mut builder = BatchBuilder::new(options);
    for value in values {
        builder.append(NewRecord {
            timestamp: TimestampMs(5),
            key: None,
            value: Some(value),
            headers: &[Header { key: b"h", value: None }],
        });
    }
    builder.finish().expect("it can be compressed")
}

#[test]
fn unpacking_begins_inside_a_batch_and_stops_before_a_cut_one() {
    for codec in [Codec::None, Codec::Zstd] {
        let mut bytes = batch(10, codec, &[b"ten", b"eleven"]);
        bytes.extend_from_slice(&batch(12, codec, &[b"twelve"]));
        let whole = bytes.len();
        bytes.extend_from_slice(&batch(13, codec, &[b"thirteen"])[..40]);
        let bytes = bytes.freeze();
        let unpacked = unpack(&bytes, 11, Vec::new()).expect("they are well formed");
        let values: Vec<_> =
            unpacked.records.iter().map(|record| (record.offset, record.value.clone())).collect();
        assert_eq!(
            values,
            [(11, Some(Bytes::from_static(b"eleven"))), (12, Some(Bytes::from_static(b"twelve")))]
        );
        assert_eq!(unpacked.records[0].headers, [(Bytes::from_static(b"h"), None)]);
        assert_eq!(unpacked.next_offset, 13);
        let mut damaged = bytes.to_vec();
        damaged[whole - 1] ^= 1;
        assert!(unpack(&damaged.into(), 11, Vec::new()).is_err());
    }
}
