//! Two clients that use a group as a register: one writes positions, the other reads them.

use std::sync::Arc;

use thalweg_kafka::client::{Client, ClientOptions, CommittedOffset, PartitionName};

use super::{Desk, place};
use crate::history::{Action, Outcome};

/// What they write and read.
#[derive(Clone, Debug)]
pub struct Committing {
    /// The group; it has no members.
    pub group: Arc<str>,
    /// Of which partitions.
    pub partitions: Vec<PartitionName>,
}

impl Committing {
    /// Writes until it is over, each position once: what is tried again could come twice, and late.
    pub async fn write(self, desk: Desk) {
        let mut next = 0;
        while let Some(client) = connect(&desk).await {
            for _ in 0..desk.chance.between(1, 40) {
                if desk.is_over() {
                    return;
                }
                let name = desk.chance.pick(&self.partitions);
                next += 1;
                let offset = CommittedOffset { offset: next, leader_epoch: -1, metadata: String::new() };
                let start = desk.ledger.moment();
                let committed = client.commit(&self.group, &[(name.clone(), offset)]).await;
                let is_done = committed.is_ok_and(|each| each.iter().all(|(_, result)| result.is_ok()));
                let outcome = if is_done { Outcome::Ok(()) } else { Outcome::Unknown };
                let offsets = vec![(place(name), next)];
                let action = Action::Commit { group: self.group.clone(), offsets, outcome };
                desk.ledger.ended(desk.number, start, action);
                if !is_done {
                    desk.pause().await;
                }
                desk.universe.sleep(desk.chance.micros(0, 15_000)).await;
            }
        }
    }

    /// Reads until it is over.
    pub async fn read(self, desk: Desk) {
        while let Some(client) = connect(&desk).await {
            for _ in 0..desk.chance.between(1, 60) {
                if desk.is_over() {
                    return;
                }
                let start = desk.ledger.moment();
                match client.committed(&self.group, Some(&self.partitions)).await {
                    Ok(found) => {
                        for (name, committed) in found {
                            let Ok(committed) = committed else { continue };
                            let offset = Some(committed.offset).filter(|offset| *offset >= 0);
                            let (group, partition) = (self.group.clone(), place(&name));
                            let action = Action::Committed { group, partition, offset };
                            desk.ledger.ended(desk.number, start, action);
                        }
                    }
                    Err(_) => desk.pause().await,
                }
                desk.universe.sleep(desk.chance.micros(0, 8_000)).await;
            }
        }
    }
}

async fn connect(desk: &Desk) -> Option<Client> {
    let options = ClientOptions { retry_timeout: std::time::Duration::ZERO, ..desk.options() };
    desk.connected_with(&options).await
}
