//! Frames that real clients and Apache Kafka 4.4.0 sent to each other (recorded by `cargo xtask golden`): each is read,
//! and written again byte for byte. A line is `KEY VERSION REQUEST RESPONSE` in hex, without the length prefixes.

use bytes::Bytes;
use thalweg_model::codec::{Reader, Writer};

use super::{joined, there_and_back};
use crate::{ApiKey, Message, Request, RequestHeader, ResponseHeader, Visitor, visit};

/// One exchange, its two headers already checked and cut off.
struct Exchange {
    version: i16,
    request: Bytes,
    response: Bytes,
}

impl Visitor for Exchange {
    type Output = [Bytes; 2];

    fn visit<R: Request>(self) -> [Bytes; 2] {
        [
            there_and_back::<R>(self.request, self.version),
            there_and_back::<R::Response>(self.response, self.version),
        ]
    }
}

/// Reads a frame's header, writes it again, compares, and returns what follows it.
fn without_header<H: Message>(frame: &Bytes, version: i16, of: &str) -> Bytes {
    let mut reader = Reader::from(frame.clone());
    let header = H::decode(&mut reader, version).unwrap_or_else(|error| panic!("{of}: header: {error}"));
    let length = frame.len() - reader.remaining();
    let mut writer = Writer::new();
    header.encode(&mut writer, version).expect("what was read can be written");
    assert_eq!(joined(&writer.into_regions()), frame.slice(..length), "{of}: header");
    frame.slice(length..)
}

fn bytes(hex: &str) -> Bytes {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex digits");
    (0..hex.len()).step_by(2).map(digit).collect()
}

#[test]
fn frames_of_real_clients_come_out_as_they_went_in() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
    let (mut files, mut exchanges) = (0, 0);
    for entry in std::fs::read_dir(folder).expect("the recordings are there") {
        let path = entry.expect("it can be listed").path();
        let text = std::fs::read_to_string(&path).expect("it can be read");
        files += 1;
        for line in text.lines() {
            let fields: Vec<&str> = line.split(' ').collect();
            let [key, version, request, response] = fields[..] else {
                panic!("{}: four fields", path.display())
            };
            let api = key.parse().ok().and_then(ApiKey::from_number).expect("a key of the broker's listener");
            let version: i16 = version.parse().expect("a version");
            let of = format!("{} {} v{version}", path.display(), api.name());
            let request = bytes(request);
            let request = without_header::<RequestHeader>(&request, api.request_header_version(version), &of);
            let response = bytes(response);
            let response =
                without_header::<ResponseHeader>(&response, api.response_header_version(version), &of);
            let exchange = Exchange { version, request: request.clone(), response: response.clone() };
            let [request_again, response_again] = visit(api, exchange);
            assert_eq!(request_again, request, "{of}: request");
            assert_eq!(response_again, response, "{of}: response");
            exchanges += 1;
        }
    }
    assert!(files >= 8 && exchanges > 150, "{files} clients, {exchanges} exchanges: some are missing");
}
