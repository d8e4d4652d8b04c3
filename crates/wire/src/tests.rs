//! What goes in comes out, for each message in each version; and what is hostile costs nothing.
//!
//! The bytes come from [`sample`], which interprets the schema files at run time and shares nothing with the
//! generated code but these files; another implementation of the protocol reads the same bytes.

#[path = "../../../xtask/src/codegen/schema.rs"]
#[allow(dead_code, reason = "written for the generator, of which the tests need less")]
mod schema;

mod differential;
mod golden;
mod hostile;
mod sample;

use bytes::{Bytes, BytesMut};
use thalweg_model::Region;
use thalweg_model::codec::{EncodeError, Reader, RecordBytes, Text, Writer};
use thalweg_model::world::SeededRandom;

use self::sample::Sampler;
use self::schema::Kind;
use crate::{
    ApiKey, CreateTopicsRequest, FetchResponse, InitProducerIdRequest, Message, MetadataRequest,
    ProduceRequest, Request, RequestHeader, ResponseHeader, Visitor, visit,
};

/// How many samples of each message in each version.
const SAMPLES: usize = 12;

/// All messages of the schema files.
fn messages() -> Vec<schema::Message> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/schema");
    let mut messages = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the schemas are there") {
        let path = entry.expect("it can be listed").path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            let text = std::fs::read_to_string(&path).expect("it can be read");
            messages.extend(schema::parse(&text).expect("the generator reads it too"));
        }
    }
    messages.sort_by(|a, b| a.name.cmp(&b.name));
    messages
}

/// The bytes of regions, one after the other.
fn joined(regions: &[Region]) -> Bytes {
    regions.iter().flat_map(|region| region.bytes().expect("it is in memory")).collect()
}

/// Reads a message and writes it again.
fn there_and_back<M: Message>(reader: impl Into<Reader>, version: i16) -> Bytes {
    let mut reader = reader.into();
    let message = M::decode(&mut reader, version).expect("the sample is well formed");
    assert_eq!(reader.remaining(), 0, "all of it is read");
    let mut writer = Writer::new();
    message.encode(&mut writer, version).expect("what was read can be written");
    let length = writer.len();
    let bytes = joined(&writer.into_regions());
    assert_eq!(bytes.len(), length);
    bytes
}

struct ThereAndBack<'a> {
    kind: Kind,
    sample: &'a Bytes,
    version: i16,
}

impl Visitor for ThereAndBack<'_> {
    type Output = [Bytes; 2];

    fn visit<R: Request>(self) -> [Bytes; 2] {
        let (sample, version) = (self.sample, self.version);
        let own = BytesMut::from(&sample[..]);
        match self.kind {
            Kind::Request => {
                [there_and_back::<R>(sample.clone(), version), there_and_back::<R>(own, version)]
            }
            _ => [
                there_and_back::<R::Response>(sample.clone(), version),
                there_and_back::<R::Response>(own, version),
            ],
        }
    }
}

#[test]
fn every_message_in_every_version_comes_out_as_it_went_in() {
    let random = SeededRandom::new(21);
    let mut versions = 0;
    for message in messages() {
        for version in message.versions.all() {
            versions += 1;
            for _ in 0..SAMPLES {
                let sample = Sampler::new(&message, version, &random).sample();
                let [shared, own] = match (message.kind, message.name.as_str()) {
                    (Kind::Data, "RequestHeader") => {
                        let bytes = there_and_back::<RequestHeader>(sample.clone(), version);
                        [bytes.clone(), bytes]
                    }
                    (Kind::Data, _) => {
                        let bytes = there_and_back::<ResponseHeader>(sample.clone(), version);
                        [bytes.clone(), bytes]
                    }
                    (kind, _) => {
                        let api = message.number.and_then(ApiKey::from_number).expect("it was generated");
                        visit(api, ThereAndBack { kind, sample: &sample, version })
                    }
                };
                assert_eq!(shared, sample, "{} v{version}", message.name);
                assert_eq!(own, sample, "{} v{version}", message.name);
            }
        }
    }
    assert!(versions > 2 * 285, "{versions} versions: fewer than Kafka 4.4 has on a broker's listener");
}

#[test]
fn what_a_version_does_not_know_is_refused_unless_it_may_be_dropped() {
    let encode = |message: &dyn Fn(&mut Writer) -> Result<(), EncodeError>| message(&mut Writer::new());
    let two_phase = InitProducerIdRequest { enable2_pc: true, ..Default::default() };
    assert_eq!(
        encode(&|writer| two_phase.encode(writer, 5)),
        Err(EncodeError::Field { field: "enable2_pc", version: 5 })
    );
    assert_eq!(encode(&|writer| two_phase.encode(writer, 6)), Ok(()));
    assert_eq!(encode(&|writer| two_phase.encode(writer, 7)), Err(EncodeError::Version(7)));
    let named = FetchResponse { error_code: 3, ..Default::default() };
    assert_eq!(encode(&|writer| named.encode(writer, 4)), Ok(()), "an ignorable field is dropped");
    let all_topics = MetadataRequest::default();
    assert_eq!(encode(&|writer| all_topics.encode(writer, 0)), Err(EncodeError::Null("topics")));
    assert_eq!(encode(&|writer| all_topics.encode(writer, 1)), Ok(()));
}

#[test]
fn defaults_stand_where_a_version_says_nothing() {
    let mut bytes = Reader::from(Bytes::from_static(&[0, 0, 0, 0, 0, 0, 0, 9]));
    assert!(CreateTopicsRequest::decode(&mut bytes, 2).is_err(), "validate_only is missing");
    let mut bytes = Reader::from(Bytes::from_static(&[0, 0, 0, 0]));
    let metadata = MetadataRequest::decode(&mut bytes, 3).expect("an empty list of topics");
    assert!(metadata.allow_auto_topic_creation, "the default is true");
    assert_eq!(metadata.topics, Some(Vec::new()));
}

#[test]
fn a_produce_request_is_patched_in_its_frame() {
    let request = ProduceRequest {
        topic_data: vec![crate::produce_request::TopicProduceData {
            name: Text::fixed("t"),
            partition_data: vec![crate::produce_request::PartitionProduceData {
                index: 1,
                records: Some(RecordBytes::Shared(Bytes::from(vec![7; 1000]))),
            }],
            ..Default::default()
        }],
        ..Default::default()
    };
    let mut writer = Writer::new();
    request.encode(&mut writer, 9).expect("all of it is known");
    let regions = writer.into_regions();
    assert_eq!(regions.len(), 3, "the records are a piece of their own");
    let frame = BytesMut::from(&joined(&regions)[..]);
    let place = frame.as_ptr() as usize..frame.as_ptr() as usize + frame.len();
    let mut read = ProduceRequest::decode(&mut frame.into(), 9).expect("it was just written");
    let partition = &mut read.topic_data[0].partition_data[0];
    let Some(RecordBytes::Frame(mut records)) = partition.records.take() else {
        panic!("they are the frame's")
    };
    records[0] = 8;
    assert!(place.contains(&(records.as_ptr() as usize)), "nothing was copied");
    assert_eq!(read.topic_data[0].name, "t");
}

#[test]
fn headers_and_versions_are_kafkas() {
    assert_eq!(ApiKey::ApiVersions.response_header_version(4), 0);
    assert_eq!(ApiKey::ApiVersions.request_header_version(4), 2);
    assert_eq!(ApiKey::Produce.request_header_version(8), 1);
    assert_eq!(ApiKey::Produce.response_header_version(9), 1);
    assert_eq!(ApiKey::SaslHandshake.request_header_version(1), 1);
    assert_eq!(ApiKey::InitProducerId.stable_versions(), 0..=5);
    assert_eq!(ApiKey::DescribeConfigs.versions(), 0..=4);
    assert_eq!(ApiKey::ALL.len(), 79);
    for api in ApiKey::ALL {
        assert_eq!(ApiKey::from_number(api.number()), Some(api));
    }
    assert_eq!(ApiKey::from_number(4), None);
}
