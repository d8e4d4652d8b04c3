//! Answers in the order of their requests, each with what it waits for.

use std::collections::VecDeque;
use std::time::Duration;

use thalweg_broker::WalSeq;
use thalweg_model::Region;
use thalweg_net::AnswerPermit;

use crate::errors::Code;
use crate::request::Encoded;

/// An answer that has not left.
pub(super) struct Pending {
    pub(super) answer: Encoded,
    pub(super) row: usize,
    pub(super) begun: Duration,
}

/// What the figures want to know of an answer that left.
pub(super) struct Sent {
    pub(super) row: usize,
    pub(super) begun: Duration,
    pub(super) error: Option<Code>,
    /// Free again when this is dropped, after the answer has left.
    pub(super) _memory: Option<AnswerPermit>,
}

/// All answers of a connection that have not left.
#[derive(Default)]
pub(super) struct PendingAnswers {
    queue: VecDeque<Pending>,
}

impl PendingAnswers {
    pub(super) fn push(&mut self, answer: Pending) {
        self.queue.push_back(answer);
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Takes the answers that may leave: those before the first one that waits for the disk.
    pub(super) fn take_ready(&mut self, durable: WalSeq) -> Option<(Vec<Region>, Vec<Sent>)> {
        let count = self.queue.iter().take_while(|pending| pending.answer.after <= durable).count();
        if count == 0 {
            return None;
        }
        let mut regions = Vec::with_capacity(count);
        let mut sent = Vec::with_capacity(count);
        for pending in self.queue.drain(..count) {
            regions.extend(pending.answer.regions);
            sent.push(Sent {
                row: pending.row,
                begun: pending.begun,
                error: pending.answer.error,
                _memory: pending.answer.memory,
            });
        }
        Some((regions, sent))
    }
}
