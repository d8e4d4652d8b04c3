//! Answers in the order of their requests, each with what it waits for.

use std::collections::VecDeque;
use std::time::Duration;

use thalweg_broker::WalSeq;
use thalweg_model::Region;
use thalweg_model::law::Law;
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
    /// Those that are leaving just now.
    leaving: Vec<Sent>,
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

    /// Takes the answers that may leave: those before the first one that waits for the disk. None where there is none.
    pub(super) fn take_ready(&mut self, durable: WalSeq) -> Option<impl Iterator<Item = Region>> {
        let is_ready = |pending: &&Pending| pending.answer.after <= durable || Law::AnswersWait.is_broken();
        let count = self.queue.iter().take_while(is_ready).count();
        if count == 0 {
            return None;
        }
        let Self { queue, leaving } = self;
        Some(queue.drain(..count).flat_map(|pending| {
            leaving.push(Sent {
                row: pending.row,
                begun: pending.begun,
                error: pending.answer.error,
                _memory: pending.answer.memory,
            });
            pending.answer.regions
        }))
    }

    /// The answers that were taken have left.
    pub(super) fn have_left(&mut self) -> impl Iterator<Item = Sent> {
        self.leaving.drain(..)
    }
}
