//! Splitting a run of bytes into batches.

use super::header::{BatchError, BatchHeader};

/// The batches of a run of bytes, one after the other, by their lengths alone (checksums are not compared).
///
/// A run that ends inside a batch (a read by size does) ends with [`BatchError::Truncated`]; after an error there is
/// nothing more. [`position`](Self::position) says where the last whole batch ended.
#[derive(Clone, Debug)]
pub struct Batches<'a> {
    bytes: &'a [u8],
    position: usize,
    failed: bool,
}

impl<'a> Batches<'a> {
    /// Begins at the first byte of `bytes`, where a batch must begin.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, position: 0, failed: false }
    }

    /// How many bytes the batches given so far have.
    pub fn position(&self) -> usize {
        self.position
    }
}

impl<'a> Iterator for Batches<'a> {
    type Item = Result<(BatchHeader, &'a [u8]), BatchError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let rest = &self.bytes[self.position..];
        if rest.is_empty() || self.failed {
            return None;
        }
        let whole = BatchHeader::parse(rest).and_then(|header| match rest.get(..header.size()) {
            Some(batch) => Ok((header, batch)),
            None => Err(BatchError::Truncated { needed: header.size(), present: rest.len() }),
        });
        match &whole {
            Ok((_, batch)) => self.position += batch.len(),
            Err(_) => self.failed = true,
        }
        Some(whole)
    }
}
