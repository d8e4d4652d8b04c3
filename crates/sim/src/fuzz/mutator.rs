//! Bad inputs from good ones: the small lies that break decoders. One random number decides each of them.

use thalweg_model::world::{Random, SeededRandom};

/// Numbers that stand at the edge of something.
const EDGES: [i64; 14] =
    [0, 1, -1, -2, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_ffff, i64::MAX, i64::MIN, 1_000_000];
/// The most changes that one input gets.
const CHANGES_MAX: u64 = 6;
/// The longest input: what repeats shall not grow without end.
const INPUT_BYTES_MAX: usize = 1 << 20;

pub(super) struct Mutator<'a> {
    random: &'a SeededRandom,
}

impl<'a> Mutator<'a> {
    pub(super) fn new(random: &'a SeededRandom) -> Self {
        Self { random }
    }

    /// `first` with a few changes, pieces of `second` among them.
    pub(super) fn mutate(&self, first: &[u8], second: &[u8]) -> Vec<u8> {
        let mut bytes = first.to_vec();
        for _ in 0..1 + self.below(CHANGES_MAX) {
            self.change(&mut bytes, second);
        }
        bytes.truncate(INPUT_BYTES_MAX);
        bytes
    }

    fn change(&self, bytes: &mut Vec<u8>, other: &[u8]) {
        let (from, to) = self.range(bytes.len());
        match self.below(10) {
            0 | 1 => {
                if let Some(byte) = bytes.get_mut(from) {
                    *byte ^= 1 << self.below(8);
                }
            }
            2 => {
                if let Some(byte) = bytes.get_mut(from) {
                    *byte = self.random.next() as u8;
                }
            }
            3 => self.overwrite(bytes, from, &self.edge()),
            4 => self.overwrite(bytes, from, &self.varint()),
            5 => drop(bytes.drain(from..to)),
            6 => bytes.truncate(from),
            7 => {
                let piece = bytes[from..to].to_vec();
                for _ in 0..1 + self.below(4) {
                    bytes.splice(to..to, piece.iter().copied());
                }
            }
            8 => {
                let (other_from, other_to) = self.range(other.len());
                bytes.splice(from..to, other[other_from..other_to].iter().copied());
            }
            _ => {
                let noise: Vec<u8> = (0..self.below(9)).map(|_| self.random.next() as u8).collect();
                bytes.splice(from..from, noise);
            }
        }
    }

    fn overwrite(&self, bytes: &mut [u8], from: usize, with: &[u8]) {
        for (byte, new) in bytes[from..].iter_mut().zip(with) {
            *byte = *new;
        }
    }

    /// A number at some edge, as two, four or eight bytes.
    fn edge(&self) -> Vec<u8> {
        let edge = EDGES[self.below(EDGES.len() as u64) as usize];
        let bytes = edge.wrapping_add(self.below(3) as i64 - 1).to_be_bytes();
        let width = 1 << self.below(4);
        let mut cut = bytes[bytes.len() - width..].to_vec();
        if self.below(4) == 0 {
            cut.reverse();
        }
        cut
    }

    /// A varint at some edge, or one that does not end.
    fn varint(&self) -> Vec<u8> {
        let mut rest = EDGES[self.below(EDGES.len() as u64) as usize] as u64;
        let mut bytes = Vec::new();
        while rest >= 0x80 {
            bytes.push(rest as u8 | 0x80);
            rest >>= 7;
        }
        bytes.push(if self.below(8) == 0 { 0xff } else { rest as u8 });
        bytes
    }

    /// A place, and one behind it, mostly near.
    fn range(&self, length: usize) -> (usize, usize) {
        let from = self.below(length as u64 + 1) as usize;
        let longest = if self.below(4) == 0 { length } else { 16 };
        let to = from + self.below(longest as u64 + 1) as usize;
        (from, to.min(length))
    }

    fn below(&self, bound: u64) -> u64 {
        self.random.next() % bound.max(1)
    }
}
