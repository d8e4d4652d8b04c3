//! What goes in comes out, and what lies is refused.

use bytes::{Bytes, BytesMut};

use super::*;
use crate::Region;

fn written(write: impl FnOnce(&mut Writer)) -> Bytes {
    let mut writer = Writer::new();
    write(&mut writer);
    joined(&writer.into_regions())
}

fn joined(regions: &[Region]) -> Bytes {
    regions.iter().flat_map(|region| region.bytes().expect("it is in memory")).collect()
}

#[test]
fn varints_are_kafkas() {
    let cases: [(i32, &[u8]); 7] = [
        (0, &[0]),
        (-1, &[1]),
        (1, &[2]),
        (63, &[0x7e]),
        (-65, &[0x81, 0x01]),
        (i32::MAX, &[0xfe, 0xff, 0xff, 0xff, 0x0f]),
        (i32::MIN, &[0xff, 0xff, 0xff, 0xff, 0x0f]),
    ];
    for (value, bytes) in cases {
        assert_eq!(written(|writer| writer.varint(value)), bytes);
        assert_eq!(Reader::from(Bytes::from_static(bytes)).varint(), Ok(value));
    }
    for value in [0, -1, 1, i64::MAX, i64::MIN, 1 << 40] {
        assert_eq!(Reader::from(written(|writer| writer.varlong(value))).varlong(), Ok(value));
    }
    assert_eq!(Reader::from(Bytes::from_static(&[0xff; 11])).varlong(), Err(Error::Varint));
    assert_eq!(Reader::from(Bytes::from_static(&[0xff; 6])).unsigned_varint(), Err(Error::Varint));
}

#[test]
fn texts_are_parts_of_the_frame() {
    for flexible in [false, true] {
        let bytes = written(|writer| {
            writer.text(flexible, &Text::fixed("a topic")).expect("short");
            writer.nullable_text(flexible, None).expect("null");
            writer.nullable_text(flexible, Some(&Text::default())).expect("empty");
        });
        let place = bytes.as_ptr() as usize..bytes.as_ptr() as usize + bytes.len();
        let mut reader = Reader::from(bytes);
        let text = reader.text(flexible).expect("a text");
        assert_eq!(text, "a topic");
        assert!(place.contains(&(text.as_bytes().as_ptr() as usize)));
        assert_eq!(reader.nullable_text(flexible), Ok(None));
        assert_eq!(reader.nullable_text(flexible), Ok(Some(Text::default())));
        assert_eq!(reader.remaining(), 0);
    }
}

#[test]
fn bytes_that_are_no_text_are_mended_as_kafka_does() {
    let mut reader = Reader::from(Bytes::from_static(&[0, 3, b'a', 0xff, b'b']));
    assert_eq!(reader.text(false).expect("mended"), "a\u{fffd}b");
}

#[test]
fn records_of_an_own_frame_can_be_patched_while_texts_of_it_live() {
    let mut frame = BytesMut::new();
    frame.extend_from_slice(&[0, 1, b't', 0, 0, 0, 2, 7, 8, 0, 1, b'u']);
    let place = frame.as_ptr() as usize + 7;
    let mut reader = Reader::from(frame);
    let before = reader.text(false).expect("a text");
    let mut records = reader.record_bytes(false).expect("records").into_mut();
    records[0] = 9;
    assert_eq!(records.as_ptr() as usize, place, "nothing was copied");
    let after = reader.text(false).expect("a text");
    assert_eq!((&*before, &records[..], &*after), ("t", &[9, 8][..], "u"));
}

#[test]
fn records_leave_between_the_bytes_and_are_not_copied() {
    let records = Bytes::from(vec![5; 1000]);
    let mut writer = Writer::frame(0);
    writer.i16(1);
    writer
        .regions(true, &[Region::Memory(records.clone()), Region::Memory(records.slice(..10))])
        .expect("short");
    writer.i16(2);
    assert_eq!(writer.len(), 4 + 2 + 2 + 1010 + 2);
    let regions = writer.into_frame().expect("short");
    assert_eq!(regions.len(), 3);
    let Region::Memory(hole) = &regions[1] else { panic!("records in memory stay there") };
    assert_eq!(hole.as_ptr(), records.as_ptr());
    let mut reader = Reader::from(joined(&regions));
    assert_eq!(reader.i32(), Ok(1016));
    assert_eq!(reader.i16(), Ok(1));
    assert_eq!(reader.bytes(true).map(|bytes| bytes.len()), Ok(1010));
    assert_eq!(reader.i16(), Ok(2));
}

#[test]
fn tagged_fields_are_bounded_and_the_unknown_are_passed_over() {
    let bytes = written(|writer| {
        writer.unsigned_varint(2);
        for tag in [3, 300] {
            let mark = writer.begin_tag(tag);
            writer.raw(&[tag as u8; 200]);
            writer.end_tag(mark);
        }
        writer.i8(42);
    });
    let mut seen = Vec::new();
    let mut reader = Reader::from(bytes.clone());
    reader
        .tagged_fields(|reader, tag| {
            seen.push((tag, reader.remaining()));
            Ok(tag == 3 && reader.rest().len() == 200)
        })
        .expect("they are well formed");
    assert_eq!(seen, [(3, 200), (300, 200)]);
    assert_eq!(reader.i8(), Ok(42));
    let short = Reader::from(bytes).tagged_fields(|reader, _| reader.i8().map(|_| true));
    assert_eq!(short, Err(Error::TaggedSize(199)));
    assert!(matches!(
        Reader::from(Bytes::from_static(&[1, 0, 9, 0])).skip_tagged_fields(),
        Err(Error::Truncated { .. })
    ));
    let many = Bytes::from([&[0x91, 0x4e][..], &[0; 30_000]].concat());
    assert!(matches!(
        Reader::from(many).skip_tagged_fields(),
        Err(Error::TooMany { count: 10_001, limit: TAGGED_FIELDS_MAX, .. })
    ));
}

#[test]
fn lengths_that_lie_are_refused() {
    let check = |bytes: &'static [u8], read: fn(&mut Reader) -> Option<Error>, expect: Error| {
        assert_eq!(read(&mut Reader::from(Bytes::from_static(bytes))), Some(expect));
        assert_eq!(read(&mut Reader::from(BytesMut::from(bytes))), Some(expect));
    };
    check(&[0x7f, 0xff], |r| r.text(false).err(), Error::Truncated { needed: 32_767, remaining: 0 });
    check(&[0xff, 0xfe], |r| r.text(false).err(), Error::Length { what: "text", length: -2 });
    check(&[0xff, 0xff], |r| r.text(false).err(), Error::Null("text"));
    check(&[0], |r| r.text(true).err(), Error::Null("text"));
    check(
        &[0x7f, 0xff, 0xff, 0xff, 1],
        |r| r.bytes(false).err(),
        Error::Truncated { needed: 0x7fff_ffff, remaining: 1 },
    );
    check(
        &[0xff, 0xff, 0xff, 0xff, 0x0f, 1],
        |r| r.bytes(true).err(),
        Error::Truncated { needed: 0xffff_fffe, remaining: 1 },
    );
    check(
        &[0x7f, 0xff, 0xff, 0xff, 1, 2, 3],
        |r| r.array(false, 2, Reader::i16).err(),
        Error::TooMany { what: "array", count: 0x7fff_ffff, limit: 1 },
    );
    check(
        &[0xff, 0xff, 0xff, 0xfe],
        |r| r.array(false, 1, Reader::i8).err(),
        Error::Length { what: "array", length: -2 },
    );
    let million = Bytes::from([&1_000_001_i32.to_be_bytes()[..], &vec![0; 1_000_001]].concat());
    assert_eq!(
        Reader::from(million).array(false, 1, Reader::i8),
        Err(Error::TooMany { what: "array", count: 1_000_001, limit: ARRAY_ELEMENTS_MAX })
    );
    let mut writer = Writer::new();
    assert!(writer.text(true, &Text::from("x".repeat(TEXT_BYTES_MAX + 1))).is_err());
}
