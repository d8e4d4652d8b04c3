//! What all connections of this head share.

use std::sync::Arc;
use std::time::Duration;

use thalweg_broker::{Broker, Durable};
use thalweg_model::world::World;
use thalweg_net::{ANSWER_BYTES_DEFAULT, AnswerBudget, FrameBudget, Shutdown};

use crate::api::FetchMemory;
use crate::fetch_session::FetchSessions;
use crate::figures::Figures;

/// The bounds of this head, each named as in Kafka.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `socket.request.max.bytes`
    pub frame_bytes_max: usize,
    /// `connections.max.idle.ms`
    pub idle_max: Duration,
    /// `fetch.max.bytes`
    pub fetch_bytes_max: usize,
    /// `max.incremental.fetch.session.cache.slots`
    pub fetch_session_slots: usize,
    /// `max.request.partition.size.limit`
    pub described_partitions_max: i32,
    /// `unstable.api.versions.enable`
    pub unstable_versions: bool,
    /// `thalweg.memory.answers.bytes`
    pub answer_bytes: usize,
    /// How long connections may take to end what they began when the broker stops.
    pub drain_max: Duration,
}

impl Default for Settings {
    /// Kafka's defaults.
    fn default() -> Self {
        Self {
            frame_bytes_max: 100 << 20,
            idle_max: Duration::from_secs(600),
            fetch_bytes_max: 55 << 20,
            fetch_session_slots: 1_000,
            described_partitions_max: 2_000,
            unstable_versions: false,
            answer_bytes: ANSWER_BYTES_DEFAULT,
            drain_max: Duration::from_secs(2),
        }
    }
}

/// What connections and handlers reach for.
pub(crate) struct Head {
    pub(crate) broker: Broker,
    /// Cloned by each connection.
    pub(crate) durable: Durable,
    pub(crate) settings: Settings,
    pub(crate) world: World,
    pub(crate) shutdown: Shutdown,
    pub(crate) frame_budget: FrameBudget,
    pub(crate) answer_budget: AnswerBudget,
    pub(crate) fetch_sessions: Arc<FetchSessions<FetchMemory>>,
    pub(crate) figures: Figures,
}

impl Head {
    pub(crate) fn new(
        broker: Broker,
        settings: Settings,
        world: World,
        frame_budget: FrameBudget,
        shutdown: Shutdown,
    ) -> Self {
        let durable = broker.durable();
        let fetch_sessions = FetchSessions::new(settings.fetch_session_slots, world.clone());
        let figures = Figures::new(world.meter.clone());
        let answer_budget = AnswerBudget::new(settings.answer_bytes);
        Self {
            broker,
            durable,
            settings,
            world,
            shutdown,
            frame_budget,
            answer_budget,
            fetch_sessions,
            figures,
        }
    }
}
