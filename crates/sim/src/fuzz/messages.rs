//! Requests and answers of every API in every version. An input is the key, the version, and the message.

use bytes::{Bytes, BytesMut};
use thalweg_model::codec::{Reader, Writer};
use thalweg_wire::{ApiKey, Message, Request, RequestHeader, ResponseHeader, Visitor, visit};

/// A request as a client may send it, header and all.
pub(super) fn request(input: &[u8]) {
    feed(input, Side::Request);
}

/// An answer as our own client may get it.
pub(super) fn answer(input: &[u8]) {
    feed(input, Side::Answer);
}

#[derive(Clone, Copy)]
enum Side {
    Request,
    Answer,
}

fn feed(input: &[u8], side: Side) {
    let [key, version, bytes @ ..] = input else { return };
    let Some(api) = ApiKey::from_number(i16::from(*key)) else { return };
    let versions = api.versions();
    let count = (versions.end() - versions.start() + 1) as u8;
    let version = versions.start() + i16::from(version % count);
    visit(api, Attempt { side, version, bytes });
}

struct Attempt<'a> {
    side: Side,
    version: i16,
    bytes: &'a [u8],
}

impl Visitor for Attempt<'_> {
    type Output = ();

    fn visit<R: Request>(self) {
        let Self { side, version, bytes } = self;
        match side {
            Side::Request => {
                read::<RequestHeader, R>(bytes, R::API_KEY.request_header_version(version), version)
            }
            Side::Answer => {
                read::<ResponseHeader, R::Response>(
                    bytes,
                    R::API_KEY.response_header_version(version),
                    version,
                );
            }
        }
    }
}

/// Reads it from a frame of its own and from a shared one, which must agree; what was read can be written again.
fn read<H: Message, M: Message>(bytes: &[u8], header_version: i16, version: i16) {
    let shared = read_from::<H, M>(Bytes::copy_from_slice(bytes).into(), header_version, version);
    let own = read_from::<H, M>(BytesMut::from(bytes).into(), header_version, version);
    assert_eq!(shared.is_some(), own.is_some(), "a frame is the same however it is held");
    if let Some(message) = shared {
        let mut writer = Writer::new();
        // a message may say what its version cannot: that is an error, not a panic
        let _ = message.encode(&mut writer, version);
    }
}

fn read_from<H: Message, M: Message>(mut reader: Reader, header_version: i16, version: i16) -> Option<M> {
    H::decode(&mut reader, header_version).ok()?;
    M::decode(&mut reader, version).ok()
}
