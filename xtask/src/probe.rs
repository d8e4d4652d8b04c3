//! Whether a broker answers, and where one may listen.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// How long a connection that was made may take to answer.
const LIMIT_ANSWER: Duration = Duration::from_secs(2);
/// An ApiVersions request of version 0: length, key, version, correlation id, no client id.
const QUESTION: [u8; 14] = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff];
/// What an answer of ApiVersions holds at least: correlation id, error, one API.
const ANSWER_BYTES_MIN: u32 = 10;

/// Whether an ApiVersions request gets an answer.
pub(crate) fn answers(address: SocketAddr) -> bool {
    ask(address).is_some()
}

/// A connection on which an ApiVersions request got an answer, the most of which is not yet read.
pub(crate) fn ask(address: SocketAddr) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(LIMIT_ANSWER)).ok()?;
    stream.set_write_timeout(Some(LIMIT_ANSWER)).ok()?;
    stream.write_all(&QUESTION).ok()?;
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    (u32::from_be_bytes(length) > ANSWER_BYTES_MIN).then_some(stream)
}

/// Ports of this machine that were free a moment ago, all different.
pub(crate) fn free_ports<const COUNT: usize>() -> anyhow::Result<[u16; COUNT]> {
    let mut held = Vec::with_capacity(COUNT);
    let mut ports = [0; COUNT];
    for port in &mut ports {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}
