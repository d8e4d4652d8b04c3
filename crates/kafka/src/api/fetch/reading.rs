//! Reads partitions until there is enough, or the time is over.

use std::collections::BTreeMap;
use std::time::Duration;

use thalweg_broker::{EpochEnd, FetchError, Isolation, Partition, PartitionError, Session};
use thalweg_model::world::Clock;
use thalweg_model::{LeaderEpoch, NodeId, Region};
use thalweg_net::Shutdown;

use super::memory::Memory;
use crate::errors::Code;

/// Between two looks at partitions that move while a fetch still waits for more bytes.
const GATHER: Duration = Duration::from_millis(1);

/// How much, how long, and what a fetch may see.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) max_bytes: usize,
    pub(super) min_bytes: usize,
    pub(super) max_wait: Duration,
    pub(super) isolation: Isolation,
    /// Whether a follower asks, or who takes himself for one.
    pub(super) as_replica: bool,
}

/// What was found of one partition.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) code: Code,
    pub(super) high_watermark: i64,
    pub(super) last_stable_offset: i64,
    pub(super) log_start_offset: i64,
    pub(super) diverging: Option<EpochEnd>,
    pub(super) leader: Option<(NodeId, LeaderEpoch)>,
    pub(super) regions: Vec<Region>,
    pub(super) bytes: usize,
}

impl Found {
    /// Nothing but a code.
    pub(super) fn refused(code: Code) -> Self {
        Self {
            code,
            high_watermark: -1,
            last_stable_offset: -1,
            log_start_offset: -1,
            diverging: None,
            leader: None,
            regions: Vec::new(),
            bytes: 0,
        }
    }
}

/// Everything found, by slot, in the order in which it was looked at.
#[derive(Default)]
pub(super) struct Harvest {
    pub(super) order: Vec<usize>,
    pub(super) found: BTreeMap<usize, Found>,
    bytes: usize,
    /// Something in it that the client should know at once.
    urgent: bool,
}

impl Harvest {
    fn put(&mut self, slot: usize, found: Found) {
        self.bytes += found.bytes;
        self.urgent |= found.code != Code::None || found.diverging.is_some();
        if let Some(before) = self.found.insert(slot, found) {
            self.bytes -= before.bytes;
        } else {
            self.order.push(slot);
        }
    }
}

/// Looks at what is queued in `memory`, and again at what moves, until `limits` are met.
pub(super) async fn harvest(
    memory: &mut Memory,
    session: &Session,
    clock: &dyn Clock,
    limits: Limits,
    shutdown: Shutdown,
) -> Harvest {
    let mut harvest = Harvest::default();
    look(memory, session, limits, &mut harvest).await;
    let enough = |harvest: &Harvest| harvest.urgent || harvest.bytes >= limits.min_bytes;
    if limits.max_wait.is_zero() || memory.is_empty() || enough(&harvest) || shutdown.is_requested() {
        return harvest;
    }
    if memory.register() {
        // Looked at again after it was registered: what moved in between is not missed.
        for slot in harvest.order.clone() {
            memory.queue(slot);
        }
        look(memory, session, limits, &mut harvest).await;
    }
    let mut stopping = std::pin::pin!(shutdown.requested());
    let moves = memory.moves();
    let mut time_over = clock.sleep(limits.max_wait);
    while !enough(&harvest) {
        tokio::select! {
            biased;
            () = moves.rung() => {}
            () = &mut stopping => break,
            () = &mut time_over => break,
        }
        if harvest.bytes > 0 && limits.min_bytes > 1 {
            // Many small appends come while much is waited for: they are looked at together.
            clock.sleep(GATHER).await;
        }
        if memory.take_moves() {
            look(memory, session, limits, &mut harvest).await;
        }
    }
    harvest
}

/// Looks once at each slot in the queue.
async fn look(memory: &mut Memory, session: &Session, limits: Limits, harvest: &mut Harvest) {
    let mut unread = Vec::new();
    while let Some(slot) = memory.take_queued() {
        // What an earlier look found there is found again.
        let before = harvest.found.get(&slot).map_or(0, |found| found.bytes);
        let left = limits.max_bytes.saturating_sub(harvest.bytes - before);
        let first = harvest.bytes - before == 0;
        let (found, cut) = look_at(memory, session, slot, limits, left, first).await;
        if cut {
            unread.push(slot);
        }
        harvest.put(slot, found);
    }
    for slot in unread.into_iter().rev() {
        memory.queue_first(slot);
    }
}

/// What one slot holds, and whether it had more than there was room for.
async fn look_at(
    memory: &mut Memory,
    session: &Session,
    slot: usize,
    limits: Limits,
    left: usize,
    first: bool,
) -> (Found, bool) {
    let partition = match memory.find(slot, session.records()) {
        Ok(partition) => partition,
        Err(error) => return (refused(error), false),
    };
    let wish = memory.get(slot).expect("a slot that is looked at is in use").wish;
    if let Err(error) = partition.check_leader_epoch(wish.current_leader_epoch) {
        return (refused(error), false);
    }
    if limits.as_replica {
        return (Found::refused(Code::NotLeaderOrFollower), false);
    }
    let isolation = limits.isolation;
    if let Some(epoch) = wish.last_fetched_epoch {
        match partition.diverging_epoch(epoch, wish.fetch_offset) {
            Ok(None) => {}
            Ok(diverging) => return (Found { diverging, ..standing(&partition) }, false),
            Err(error) => return (Found::refused(Code::from(&error)), false),
        }
    }
    // The first batch of an answer leaves whatever its size, so that everyone gets on.
    let room = left.min(wish.max_bytes.max(0) as usize);
    if room == 0 && !first {
        return (standing(&partition), true);
    }
    let read = match partition.read_tail(wish.fetch_offset, isolation, room) {
        Ok(Some(read)) => Ok(read),
        Ok(None) => partition.read(wish.fetch_offset, isolation, room).await,
        Err(error) => Err(error),
    };
    match read {
        Ok(read) if read.bytes > room && !first => (standing(&partition), true),
        Ok(read) => {
            let found = Found {
                code: Code::None,
                high_watermark: read.high_watermark.0,
                last_stable_offset: read.last_stable_offset.0,
                log_start_offset: read.log_start_offset.0,
                diverging: None,
                leader: None,
                regions: read.regions,
                bytes: read.bytes,
            };
            (found, false)
        }
        Err(FetchError::Partition(error)) => {
            memory.lose(slot);
            (refused(error), false)
        }
        Err(error @ (FetchError::OutOfRange { .. } | FetchError::Damaged(_) | FetchError::Storage(_))) => {
            (Found::refused(Code::from(&error)), false)
        }
    }
}

fn refused(error: PartitionError) -> Found {
    let leader = match &error {
        PartitionError::NotLeader { leader: Some(leader), epoch } => Some((*leader, *epoch)),
        _ => None,
    };
    Found { leader, ..Found::refused(Code::from(&error)) }
}

/// Where a partition stands, without records.
fn standing(partition: &Partition) -> Found {
    Found {
        high_watermark: partition.high_watermark().0,
        last_stable_offset: partition.last_stable_offset().0,
        log_start_offset: partition.log_start_offset().0,
        ..Found::refused(Code::None)
    }
}
