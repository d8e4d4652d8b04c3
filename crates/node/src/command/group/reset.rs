//! `thalweg group reset`: committed offsets move.

use thalweg_kafka::client::{Client, CommittedOffset, Isolation, PartitionName};
use thalweg_model::collections::HashMap;

use super::ResetFlags;
use crate::command::choice;
use crate::command::moves::{self, Move};
use crate::command::place::{self, Place};
use crate::exit::Failure;

pub(super) async fn reset(client: Client, flags: &ResetFlags) -> Result<(), Failure> {
    let mut committed: HashMap<PartitionName, i64> = HashMap::default();
    for (name, offset) in client.committed(&flags.group, None).await? {
        let offset = offset.map_err(|refused| anyhow::anyhow!("{name}: {refused}"))?;
        committed.insert(name, offset.offset);
    }
    let mut names: Vec<_> = if flags.topic.is_empty() {
        committed.keys().cloned().collect()
    } else {
        choice::partitions(&client, &flags.topic).await?
    };
    names.sort();
    if names.is_empty() {
        let text = format!("group `{}` has committed nothing: name topics with --topic", flags.group);
        return Err(Failure::configuration(text));
    }
    let moves: Vec<(PartitionName, i64)> = match (flags.to, flags.by) {
        (Some(place), _) => place::resolve(&client, &names, place, Isolation::ReadUncommitted).await?,
        (None, by) => {
            let first = place::resolve(&client, &names, Place::Earliest, Isolation::ReadUncommitted).await?;
            let end = place::resolve(&client, &names, Place::Latest, Isolation::ReadUncommitted).await?;
            let mut moves = Vec::with_capacity(names.len());
            for ((name, first), (_, end)) in first.into_iter().zip(end) {
                let from = committed.get(&name).ok_or_else(|| {
                    anyhow::anyhow!("{name}: the group has committed nothing, so --by says nothing")
                })?;
                let to = from.saturating_add(by.unwrap_or_default()).clamp(first, end);
                moves.push((name, to));
            }
            moves
        }
    };
    if !flags.dry_run {
        let offset = |to: &i64| CommittedOffset { offset: *to, leader_epoch: -1, metadata: String::new() };
        let offsets: Vec<_> = moves.iter().map(|(name, to)| (name.clone(), offset(to))).collect();
        for (name, result) in client.commit(&flags.group, &offsets).await? {
            result.map_err(|refused| match refused.code.name() {
                "UNKNOWN_MEMBER_ID" => anyhow::anyhow!("{name}: the group has members: end them first"),
                _ => anyhow::anyhow!("{name}: {refused}"),
            })?;
        }
    }
    let moved = |(name, to)| Move { from: committed.get(&name).copied(), name, to };
    moves::print(flags.json, moves.into_iter().map(moved))
}
