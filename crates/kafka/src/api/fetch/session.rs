//! Which session a fetch belongs to: none, a new one, or one that goes on.

use std::sync::Arc;

use thalweg_wire::FetchRequest;

use super::memory::Memory;
use super::{TOPIC_IDS_FROM, key, wish};
use crate::errors::Code;
use crate::fetch_session::{FINAL_EPOCH, FetchSessions, INITIAL_EPOCH, NO_SESSION, SessionError};
use crate::request::Request;

/// A fetch's place among sessions. It is left by [`leave`](Self::leave); who drops it without that (because the
/// connection ended) ends its session.
pub(super) struct Context {
    sessions: Arc<FetchSessions<Memory>>,
    // None only after it was left.
    memory: Option<Memory>,
    kind: Kind,
    uses_topic_ids: bool,
}

#[derive(Clone, Copy)]
enum Kind {
    /// All that the client wants stands in the request.
    Alone,
    /// The same, and the client wants to go on from it.
    New,
    /// The request says what changed since the last one.
    GoesOn(i32),
}

impl Context {
    /// Finds out which session the request belongs to, and takes in what it wants.
    pub(super) fn enter(request: &Request, asked: FetchRequest) -> Result<Self, Code> {
        let version = request.version;
        let sessions = request.head.fetch_sessions.clone();
        let uses_topic_ids = version >= TOPIC_IDS_FROM;
        let (id, epoch) = (asked.session_id, asked.session_epoch);
        let is_full = epoch == INITIAL_EPOCH || epoch == FINAL_EPOCH;
        let (memory, kind) = if is_full {
            if id != NO_SESSION {
                sessions.remove(id);
            }
            // Before v7 the epoch is the final one by default.
            (Memory::new(), if epoch == INITIAL_EPOCH { Kind::New } else { Kind::Alone })
        } else {
            (sessions.take(id, epoch, uses_topic_ids)?, Kind::GoesOn(id))
        };
        let mut context = Self { sessions, memory: Some(memory), kind, uses_topic_ids };
        let memory = context.memory();
        for topic in &asked.forgotten_topics_data {
            for partition in &topic.partitions {
                memory.forget(&key(version, &topic.topic, topic.topic_id, *partition));
            }
        }
        for topic in &asked.topics {
            for partition in &topic.partitions {
                memory.want(key(version, &topic.topic, topic.topic_id, partition.partition), wish(partition));
            }
        }
        if let Kind::GoesOn(_) = context.kind {
            context.memory().take_moves();
            // Nothing is left of it: it ends.
            if context.memory().is_empty() {
                context.end();
                context.kind = Kind::Alone;
            }
        }
        // A new session is registered from its first look on, so that nothing is looked at twice.
        if let Kind::New = context.kind {
            context.memory().register();
        }
        Ok(context)
    }

    /// What the fetch knows of its partitions.
    pub(super) fn memory(&mut self) -> &mut Memory {
        self.memory.as_mut().expect("it is there until the context is left")
    }

    /// Whether only news are told.
    pub(super) fn is_incremental(&self) -> bool {
        matches!(self.kind, Kind::GoesOn(_))
    }

    /// Ends the request's part: gives the id with which the client goes on.
    pub(super) fn leave(mut self) -> i32 {
        let memory = self.memory.take().expect("a context is left once");
        let size = memory.len();
        match self.kind {
            Kind::Alone => NO_SESSION,
            Kind::New => self.sessions.create(memory, size, self.uses_topic_ids).unwrap_or(NO_SESSION),
            Kind::GoesOn(id) => {
                self.sessions.give_back(id, memory, size);
                id
            }
        }
    }

    fn end(&self) {
        if let Kind::GoesOn(id) = self.kind {
            self.sessions.remove(id);
        }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        if self.memory.is_some() {
            self.end();
        }
    }
}

impl From<SessionError> for Code {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::NotFound => Self::FetchSessionIdNotFound,
            SessionError::WrongEpoch => Self::InvalidFetchSessionEpoch,
            SessionError::TopicIds => Self::FetchSessionTopicIdError,
        }
    }
}
