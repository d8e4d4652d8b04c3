//! Another implementation of the protocol reads our bytes and writes the same ones.

use std::collections::BTreeSet;

use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{ApiKey as TheirKey, RequestKind, ResponseKind};
use thalweg_model::world::SeededRandom;

use super::sample::Sampler;
use super::schema::Kind;
use super::{SAMPLES, messages};

#[test]
fn another_implementation_writes_the_same_bytes() {
    let random = SeededRandom::new(22);
    let mut agreed = BTreeSet::new();
    for message in messages() {
        let Some(key) = message.number.and_then(|number| TheirKey::try_from(number).ok()) else { continue };
        let theirs = key.valid_versions();
        for version in message.versions.all() {
            if !(theirs.min..=theirs.max).contains(&version) {
                continue;
            }
            for _ in 0..SAMPLES {
                let sample = Sampler::new(&message, version, &random).sample();
                let told = format!("{} v{version}", message.name);
                let Some(bytes) = their_way(key, message.kind, &sample, version) else { break };
                assert_eq!(bytes, sample, "{told}");
                agreed.insert(told);
            }
        }
    }
    assert!(agreed.len() > 400, "only {} versions were compared", agreed.len());
}

/// `None` where their table of versions names one that their decoder refuses.
fn their_way(key: TheirKey, kind: Kind, sample: &Bytes, version: i16) -> Option<BytesMut> {
    let mut bytes = sample.clone();
    let mut out = BytesMut::new();
    let result = match kind {
        Kind::Request => RequestKind::decode(key, &mut bytes, version)
            .and_then(|request| request.encode(&mut out, version)),
        _ => ResponseKind::decode(key, &mut bytes, version)
            .and_then(|response| response.encode(&mut out, version)),
    };
    match result {
        Ok(()) => {
            assert!(bytes.is_empty(), "{key:?} v{version}: {} bytes are left", bytes.len());
            Some(out)
        }
        Err(error) if error.root_cause().to_string().contains("version not supported") => None,
        Err(error) => panic!("{key:?} v{version}: {error:#}"),
    }
}
