//! Random bytes, cut messages, lengths that lie: an error each time, no panic, and no memory to speak of.

#![allow(unsafe_code, reason = "an allocator that counts has no safe form")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use bytes::{Bytes, BytesMut};
use thalweg_model::codec::Reader;
use thalweg_model::world::{Random, SeededRandom};

use super::messages;
use super::sample::Sampler;
use super::schema::Kind;
use crate::{ApiKey, Message, Request, RequestHeader, Visitor, visit};

/// What reading a hostile message of a few hundred bytes may allocate: one array's first reservation on each level.
const ALLOCATED_BYTES_MAX: usize = 2 << 20;

struct Counting;

thread_local! {
    static ALLOCATED: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: everything is done by the system's allocator; counting touches no memory of its own making.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.with(|allocated| allocated.set(allocated.get() + layout.size()));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Reads the bytes as a message of the API, and says whether they were one.
struct Attempt {
    kind: Kind,
    bytes: Bytes,
    version: i16,
}

impl Visitor for Attempt {
    type Output = bool;

    fn visit<R: Request>(self) -> bool {
        let own = BytesMut::from(&self.bytes[..]);
        let read = |reader: &mut Reader| match self.kind {
            Kind::Request => R::decode(reader, self.version).is_ok(),
            _ => R::Response::decode(reader, self.version).is_ok(),
        };
        ALLOCATED.set(0);
        let shared = read(&mut self.bytes.clone().into());
        let allocated = ALLOCATED.get();
        assert!(
            allocated < ALLOCATED_BYTES_MAX,
            "{} v{}: {allocated} bytes for a message of {}",
            R::API_KEY.name(),
            self.version,
            self.bytes.len()
        );
        assert_eq!(read(&mut own.into()), shared);
        shared
    }
}

/// Visits each message in each version.
fn each(mut attempt: impl FnMut(&super::schema::Message, ApiKey, i16)) {
    for message in messages() {
        if message.kind == Kind::Data {
            continue;
        }
        let api = message.number.and_then(ApiKey::from_number).expect("it was generated");
        for version in message.versions.all() {
            attempt(&message, api, version);
        }
    }
}

#[test]
fn random_bytes_are_no_message_and_cost_nothing() {
    let random = SeededRandom::new(23);
    each(|message, api, version| {
        for length in [1, 7, 40, 300] {
            let bytes: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
            visit(api, Attempt { kind: message.kind, bytes: bytes.into(), version });
        }
    });
}

#[test]
fn a_message_that_is_cut_anywhere_is_an_error() {
    let random = SeededRandom::new(24);
    each(|message, api, version| {
        let sample = Sampler::new(message, version, &random).sample();
        for length in 0..sample.len() {
            let bytes = sample.slice(..length);
            let whole = visit(api, Attempt { kind: message.kind, bytes, version });
            assert!(!whole, "{} v{version} cut to {length}", message.name);
        }
    });
}

#[test]
fn lengths_that_lie_cost_nothing() {
    let random = SeededRandom::new(25);
    each(|message, api, version| {
        let sample = Sampler::new(message, version, &random).sample();
        let step = 1 + sample.len() / 64;
        for lie in [
            &[0x7f, 0xff, 0xff, 0xff][..],
            &[0xff, 0xff, 0xff, 0xff, 0x0f],
            &[0x80, 0, 0, 0],
            &[0, 0x0f, 0x42, 0x40],
        ] {
            for place in (0..sample.len()).step_by(step) {
                let mut bytes = sample.to_vec();
                let end = bytes.len().min(place + lie.len());
                bytes[place..end].copy_from_slice(&lie[..end - place]);
                visit(api, Attempt { kind: message.kind, bytes: bytes.into(), version });
            }
        }
    });
}

#[test]
fn hostile_headers_are_errors() {
    for bytes in [&[][..], &[0, 0, 0, 9, 0, 0, 0, 1, 0x7f, 0xff], &[0, 0, 0, 9, 0, 0, 0, 1, 0x80, 0]] {
        assert!(RequestHeader::decode(&mut Bytes::from_static(bytes).into(), 2).is_err());
    }
}
