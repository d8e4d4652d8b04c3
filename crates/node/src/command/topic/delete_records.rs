//! `thalweg topic delete-records`: partitions begin later.

use thalweg_kafka::client::{Client, Isolation};
use thalweg_model::collections::HashMap;

use super::DeleteRecordsFlags;
use crate::command::choice;
use crate::command::moves::{self, Move};
use crate::command::place::{self, Place};
use crate::exit::Failure;

pub(super) async fn delete_records(client: Client, flags: &DeleteRecordsFlags) -> Result<(), Failure> {
    const ALL: Isolation = Isolation::ReadUncommitted;
    let names = choice::partitions(&client, &flags.topics).await?;
    let begins: HashMap<_, _> =
        place::resolve(&client, &names, Place::Earliest, ALL).await?.into_iter().collect();
    let mut places = place::resolve(&client, &names, flags.before, ALL).await?;
    // A place is never outside what a partition keeps; here, an offset behind the end is a mistake.
    let mistaken = |end: i64| matches!(flags.before, Place::Offset(offset) if offset > end);
    if let Some((name, end)) = places.iter().find(|(_, to)| mistaken(*to)) {
        return Err(anyhow::anyhow!("{name} ends at {end}: nothing was deleted").into());
    }
    let mut bad = Vec::new();
    if !flags.dry_run {
        let each = client.delete_records(&places).await?;
        places.clear();
        for (name, deleted) in each {
            match deleted {
                Ok(begin) => places.push((name, begin)),
                Err(refused) => bad.push(format!("{name}: {refused}")),
            }
        }
    }
    let moved = |(name, to)| Move { from: begins.get(&name).copied(), name, to };
    moves::print(flags.json, places.into_iter().map(moved))?;
    if bad.is_empty() { Ok(()) } else { Err(anyhow::anyhow!(bad.join("; ")).into()) }
}
