//! Figures that are asked for when somebody reads them, not counted: memory, connections, groups and their lag.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use thalweg_broker::{Broker, Peer, Session, TopicRef};
use thalweg_model::Principal;
use thalweg_model::world::Meter;
use thalweg_net::ConnectionGate;
use thalweg_web::Figures;

use crate::{allocator, machine};

/// How many groups have figures of their own; the rest is in the totals.
const GROUPS_TOLD_MAX: usize = 1_000;
const MEMBERS: &str = "group_members";
const LAG: &str = "group_lag";

/// Brings these figures up to date; clones are the same.
#[derive(Clone)]
pub(super) struct Refresh(Arc<Asked>);

struct Asked {
    figures: Figures,
    gate: ConnectionGate,
    session: OnceLock<Session>,
    /// The groups told of last time: who is gone is forgotten. Behind a std mutex: reads of figures are rare.
    told: Mutex<BTreeSet<Arc<str>>>,
}

impl Refresh {
    pub(super) fn new(figures: Figures, gate: ConnectionGate) -> Self {
        Self(Arc::new(Asked { figures, gate, session: OnceLock::new(), told: Mutex::default() }))
    }

    /// From now on the broker is asked too.
    pub(super) fn watch(&self, broker: &Broker) {
        let peer = Peer {
            principal: Principal("User:admin".into()),
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            listener: "admin".into(),
            client_id: "metrics".into(),
        };
        let _ = self.0.session.set(broker.session(peer));
    }

    pub(super) async fn run(&self) {
        self.set("connections", "Connections that are open", self.0.gate.connections() as u64);
        if let Some(bytes) = machine::resident_bytes() {
            self.set("resident_memory_bytes", "Memory of the process that is resident", bytes);
        }
        if let Some(count) = allocator::allocations() {
            self.set("allocations", "How often memory was asked for", count);
        }
        if let Some(session) = self.0.session.get() {
            self.groups(session).await;
        }
    }

    fn set(&self, name: &'static str, help: &'static str, value: u64) {
        self.0.figures.gauge(name, help, &[]).set(i64::try_from(value).unwrap_or(i64::MAX));
    }

    /// While groups are still being loaded nothing is told of them: less than all would look like a loss.
    async fn groups(&self, session: &Session) {
        let figures = &self.0.figures;
        let Ok(groups) = session.groups().list().await.value else { return };
        let (mut now, mut members_total) = (BTreeMap::new(), 0);
        for listed in &groups {
            let group = &listed.group;
            let described = session.groups().describe(group).await.value;
            let members = described.map_or(0, |described| described.members.len());
            members_total += members;
            if now.len() < GROUPS_TOLD_MAX {
                now.insert(group.clone(), (members, lags(session, group).await));
            }
        }
        self.set("groups", "Groups that are known", groups.len() as u64);
        self.set("members", "Members of all groups", members_total as u64);
        // Held throughout, so that two readers at once do not forget each other's groups.
        let mut told = self.0.told.lock().unwrap_or_else(PoisonError::into_inner);
        for (group, (members, lags)) in &now {
            let labels = [("group", &**group)];
            figures.gauge(MEMBERS, "Members of a group", &labels).set(*members as i64);
            for (topic, lag) in lags {
                let labels = [("group", &**group), ("topic", topic.as_str())];
                let help = "Records between what a group committed and the end of a topic";
                figures.gauge(LAG, help, &labels).set(*lag);
            }
        }
        let now: BTreeSet<_> = now.into_keys().collect();
        for gone in told.difference(&now) {
            figures.forget(MEMBERS, "group", gone);
            figures.forget(LAG, "group", gone);
        }
        *told = now;
    }
}

/// By topic: what was written and not yet committed, over all partitions for which something was committed.
async fn lags(session: &Session, group: &str) -> Vec<(String, i64)> {
    let mut lags = Vec::new();
    let Ok(all) = session.groups().fetch_offsets(group, None).await.value else { return lags };
    for fetched in all {
        let Some((name, _)) = fetched.known else { continue };
        let topic = TopicRef::Name(name.clone());
        let mut lag = 0_i64;
        for (partition, committed) in fetched.partitions {
            let Some(committed) = committed else { continue };
            if let Ok(partition) = session.records().partition(&topic, partition) {
                lag = lag.saturating_add((partition.high_watermark().0 - committed.offset.0).max(0));
            }
        }
        lags.push((name.as_str().to_owned(), lag));
    }
    lags
}
