//! A client that shares partitions with others as a group, and commits where it stands.

use std::sync::Arc;
use std::time::Duration;

use thalweg_kafka::client::{CommittedOffset, GroupConsumer, GroupOptions};

use super::reader::note_poll;
use super::{Desk, place};
use crate::history::{Action, Outcome, Position};

/// How one takes part.
#[derive(Clone, Debug)]
pub struct Joining {
    /// In which group.
    pub group: Arc<str>,
    /// What the group reads.
    pub topics: Vec<String>,
}

impl Joining {
    /// Takes part until it is over, with times without.
    pub async fn run(self, desk: Desk) {
        while let Some(client) = desk.connected().await {
            let chance = &desk.chance;
            let mut options = GroupOptions::new(&*self.group, self.topics.clone());
            options.session_timeout = chance.micros(100_000, 400_000);
            options.rebalance_timeout = chance.micros(50_000, 300_000);
            options.heartbeat_interval = chance.micros(10_000, 60_000);
            options.consumer.wait_max = chance.micros(1_000, 50_000);
            options.consumer.bytes_max = 32 << 10;
            options.consumer.partition_bytes_max = 8 << 10;
            if chance.percent(20) {
                options.instance_id = Some(format!("instance-{}", desk.number));
            }
            let mut member = GroupConsumer::new(client, options);
            self.take_part(&desk, &mut member).await;
            if chance.percent(60) {
                // Others are missed by their silence.
                let _ = member.leave().await;
            }
            desk.pause().await;
        }
    }

    async fn take_part(&self, desk: &Desk, member: &mut GroupConsumer) {
        let mut taken = 0;
        for _ in 0..desk.chance.between(5, 60) {
            if desk.is_over() {
                return;
            }
            let start = desk.ledger.moment();
            let polled = member.poll(Duration::from_millis(60)).await;
            if taken != member.joins() {
                taken = member.joins();
                desk.universe.tally().count("clients: rebalance");
                let position = |(name, _)| Position { partition: place(&name), offset: None };
                let partitions = member.positions().into_iter().map(position).collect();
                // It had them before what the poll brought.
                desk.ledger.ended(desk.number, start, Action::Assign { partitions });
            }
            match polled {
                Ok(fetched) => note_poll(desk, start, &fetched),
                Err(_) => desk.pause().await,
            }
            if desk.chance.percent(40) {
                self.commit(desk, member).await;
            }
            desk.universe.sleep(desk.chance.micros(0, 20_000)).await;
        }
    }

    async fn commit(&self, desk: &Desk, member: &mut GroupConsumer) {
        let positions = member.positions();
        if positions.is_empty() {
            return;
        }
        let committed = |offset| CommittedOffset { offset, leader_epoch: -1, metadata: String::new() };
        let offsets: Vec<_> =
            positions.iter().map(|(name, offset)| (name.clone(), committed(*offset))).collect();
        let start = desk.ledger.moment();
        // Tried again by the library, it may have been done before it was refused.
        let outcome = match member.commit_offsets(&offsets).await {
            Ok(()) => Outcome::Ok(()),
            Err(_) => Outcome::Unknown,
        };
        let offsets = positions.iter().map(|(name, offset)| (place(name), *offset)).collect();
        desk.ledger.ended(desk.number, start, Action::Commit { group: self.group.clone(), offsets, outcome });
    }
}
