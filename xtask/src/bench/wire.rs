//! The few requests that no client sends in such numbers, spoken raw: commits by the million, all on their way at once.
//! No more than OffsetCommit and OffsetFetch, in one version each.

use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::bail;

/// How long one answer may take.
const LIMIT_ANSWER: Duration = Duration::from_secs(30);
/// The longest answer that is taken.
const ANSWER_BYTES_MAX: u32 = 16 << 20;

/// A connection without a mind of its own: requests go out, answers come back in the same order.
pub(super) struct Wire {
    requests: TcpStream,
    answers: BufReader<TcpStream>,
}

impl Wire {
    pub(super) fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let requests = TcpStream::connect(address)?;
        requests.set_nodelay(true)?;
        requests.set_read_timeout(Some(LIMIT_ANSWER))?;
        requests.set_write_timeout(Some(LIMIT_ANSWER))?;
        let answers = BufReader::new(requests.try_clone()?);
        Ok(Self { requests, answers })
    }

    pub(super) fn send(&mut self, frame: &[u8]) -> anyhow::Result<()> {
        Ok(self.requests.write_all(frame)?)
    }

    /// The next answer, without its length and correlation id.
    pub(super) fn receive(&mut self) -> anyhow::Result<Vec<u8>> {
        let mut head = [0; 8];
        self.answers.read_exact(&mut head)?;
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
        if !(4..=ANSWER_BYTES_MAX).contains(&length) {
            bail!("an answer of {length} bytes");
        }
        let mut body = vec![0; length as usize - 4];
        self.answers.read_exact(&mut body)?;
        Ok(body)
    }
}

/// An OffsetCommit (key 8, version 2) from nobody in particular: every partition of a topic gets this offset.
pub(super) fn commit(group: &str, topic: &str, partitions: u32, offset: i64) -> Vec<u8> {
    let mut body = Vec::new();
    put_text(&mut body, group);
    body.extend((-1_i32).to_be_bytes()); // no generation
    put_text(&mut body, ""); // no member
    body.extend((-1_i64).to_be_bytes()); // kept as long as the broker says
    body.extend(1_u32.to_be_bytes());
    put_text(&mut body, topic);
    body.extend(partitions.to_be_bytes());
    for partition in 0..partitions {
        body.extend(partition.to_be_bytes());
        body.extend(offset.to_be_bytes());
        put_text(&mut body, ""); // no metadata
    }
    frame(8, 2, &body)
}

/// The first error in an answer to `commit`; 0 is none.
pub(super) fn commit_error(answer: &[u8]) -> anyhow::Result<i16> {
    let partitions = partitions(answer)?;
    // index, error
    for entry in partitions.chunks_exact(6) {
        let error = i16::from_be_bytes([entry[4], entry[5]]);
        if error != 0 {
            return Ok(error);
        }
    }
    Ok(0)
}

/// An OffsetFetch (key 9, version 1) for the first partition of a topic.
pub(super) fn fetch(group: &str, topic: &str) -> Vec<u8> {
    let mut body = Vec::new();
    put_text(&mut body, group);
    body.extend(1_u32.to_be_bytes());
    put_text(&mut body, topic);
    body.extend(1_u32.to_be_bytes());
    body.extend(0_u32.to_be_bytes());
    frame(9, 1, &body)
}

/// The offset in an answer to `fetch`, or the error.
pub(super) fn fetched(answer: &[u8]) -> anyhow::Result<Result<i64, i16>> {
    let entry = partitions(answer)?;
    // index, offset, metadata, error
    let (Some(offset), Some(length)) = (entry.get(4..12), entry.get(12..14)) else {
        bail!("a short answer");
    };
    let metadata = i16::from_be_bytes([length[0], length[1]]).max(0) as usize;
    let Some(error) = entry.get(14 + metadata..16 + metadata) else { bail!("a short answer") };
    let mut eight = [0; 8];
    eight.copy_from_slice(offset);
    Ok(match i16::from_be_bytes([error[0], error[1]]) {
        0 => Ok(i64::from_be_bytes(eight)),
        error => Err(error),
    })
}

/// What follows the count of partitions of the only topic of an answer.
fn partitions(answer: &[u8]) -> anyhow::Result<&[u8]> {
    let Some(length) = answer.get(4..6) else { bail!("a short answer") };
    let name = u16::from_be_bytes([length[0], length[1]]) as usize;
    match answer.get(6 + name + 4..) {
        Some(rest) => Ok(rest),
        None => bail!("a short answer"),
    }
}

fn frame(key: i16, version: i16, body: &[u8]) -> Vec<u8> {
    let mut head = Vec::new();
    head.extend(key.to_be_bytes());
    head.extend(version.to_be_bytes());
    head.extend(1_u32.to_be_bytes()); // correlation: answers come in order
    put_text(&mut head, "bench");
    let mut frame = ((head.len() + body.len()) as u32).to_be_bytes().to_vec();
    frame.extend(head);
    frame.extend(body);
    frame
}

fn put_text(to: &mut Vec<u8>, text: &str) {
    to.extend((text.len() as u16).to_be_bytes());
    to.extend(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One topic `t`, then these bytes.
    fn answer(rest: &[&[u8]]) -> Vec<u8> {
        let head: &[u8] = &[0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 1];
        [&[head], rest].concat().concat()
    }

    #[test]
    fn errors_of_commits_are_found() {
        let check = |rest: &[&[u8]], expect| {
            assert_eq!(commit_error(&answer(rest)).expect("a whole answer"), expect);
        };
        check(&[&[0, 0, 0, 0, 0, 0], &[0, 0, 0, 1, 0, 0]], 0);
        check(&[&[0, 0, 0, 0, 0, 0], &[0, 0, 0, 1, 0, 14]], 14);
        assert!(commit_error(&[0, 0, 0, 1]).is_err());
    }

    #[test]
    fn fetched_offsets_are_read() {
        let offset: &[u8] = &[0, 0, 0, 0, 0, 0, 0, 7];
        let check = |rest: &[&[u8]], expect| {
            assert_eq!(fetched(&answer(rest)).expect("a whole answer"), expect);
        };
        check(&[&[0; 4], offset, &[0, 2], b"me", &[0, 0]], Ok(7));
        check(&[&[0; 4], offset, &[255, 255], &[0, 16]], Err(16));
        assert!(fetched(&answer(&[&[0; 4], offset])).is_err());
    }

    #[test]
    fn a_frame_says_its_length() {
        let frame = commit("g", "t", 2, 5);
        assert_eq!(u32::from_be_bytes([frame[0], frame[1], frame[2], frame[3]]) as usize, frame.len() - 4);
        assert_eq!(frame[4..8], [0, 8, 0, 2]);
    }
}
