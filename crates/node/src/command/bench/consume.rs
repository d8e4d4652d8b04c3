//! `thalweg bench consume`: how fast a broker gives records out, from the beginning of a topic to where it ended when
//! the bench began.

use thalweg_kafka::client::{Client, Consumer, ConsumerOptions, Isolation, OffsetSpec, PartitionName};
use thalweg_model::collections::HashMap;
use thalweg_model::world::BoxFuture;

use super::load::Progress;
use super::report::{Report, Setup};
use super::{ConsumeFlags, clients, together};
use crate::command::choice::{self, Choice};
use crate::command::connection::Interrupt;
use crate::command::place::{self, Place};
use crate::exit::Failure;

/// How long a poll waits before the loop looks around.
const POLL_WAIT: std::time::Duration = std::time::Duration::from_millis(500);

pub(super) async fn bench(client: Client, flags: ConsumeFlags) -> Result<(), Failure> {
    let interrupt = Interrupt::listen(client.world())?;
    let isolation = Isolation::ReadUncommitted;
    let whole = Choice { topic: flags.run.topic.clone(), partitions: Vec::new() };
    let names = choice::partitions(&client, &[whole]).await?;
    let begins = place::resolve(&client, &names, Place::Earliest, isolation).await?;
    let ends = place::offsets(&client, &names, OffsetSpec::Latest, isolation).await?;
    let kept: u64 = begins.iter().map(|(name, begin)| (ends[name] - begin).max(0) as u64).sum();
    if kept == 0 {
        return Err(
            anyhow::anyhow!("{} has no records: run `thalweg bench produce` first", flags.run.topic).into()
        );
    }
    let progress = Progress::default();
    let mut works: Vec<BoxFuture<'static, _>> = Vec::new();
    let all = clients(&client, flags.run.clients, &flags.connection).await?;
    let count = all.len();
    for (place, own) in (0_u16..).zip(all) {
        let own_begins: Vec<_> = begins.iter().skip(usize::from(place)).step_by(count).cloned().collect();
        if own_begins.is_empty() {
            continue;
        }
        let own_ends = own_begins.iter().map(|(name, _)| (name.clone(), ends[name])).collect();
        let records = flags.run.records_of(place).unwrap_or(u64::MAX);
        let (progress, interrupt) = (progress.clone(), interrupt.clone());
        works.push(Box::pin(one(own, flags.clone(), own_begins, own_ends, records, progress, interrupt)));
    }
    let total = flags.run.records.map_or(kept, |records| records.min(kept));
    let report = together(&client, &progress, Some(total), works).await?;
    let setup = Setup {
        bench: "consume",
        measured: "between polls that brought records",
        topic: flags.run.topic.clone(),
        partitions: names.len(),
        clients: count,
        record_bytes: None,
        rate: None,
        codec: None,
        acks: None,
    };
    report.print(setup, &flags.run)
}

/// One client's part.
async fn one(
    client: Client,
    flags: ConsumeFlags,
    begins: Vec<(PartitionName, i64)>,
    ends: HashMap<PartitionName, i64>,
    records_max: u64,
    progress: Progress,
    interrupt: Interrupt,
) -> Result<Report, Failure> {
    let clock = client.world().clock.clone();
    let options = ConsumerOptions {
        bytes_max: flags.fetch_bytes,
        partition_bytes_max: flags.partition_bytes,
        ..ConsumerOptions::default()
    };
    let mut consumer = Consumer::new(client, options);
    consumer.assign(begins);
    let started = clock.elapsed();
    let deadline = flags.run.duration.and_then(|seconds| {
        std::time::Duration::try_from_secs_f64(seconds).ok().map(|duration| started + duration)
    });
    let mut report = Report::new(started);
    let mut last = started;
    while report.records < records_max
        && !interrupt.is_asked()
        && deadline.is_none_or(|deadline| last < deadline)
        && consumer.positions().iter().any(|(name, position)| *position < ends[name])
    {
        let fetched = consumer.poll(POLL_WAIT).await?;
        let now = clock.elapsed();
        if fetched.is_empty() {
            if deadline.is_some_and(|deadline| now >= deadline) {
                break;
            }
            continue;
        }
        report.took(last, now);
        last = now;
        for part in fetched {
            report.records += part.records.len() as u64;
            report.bytes += part.bytes as u64;
            progress.add(part.records.len() as u64);
        }
    }
    Ok(report)
}
