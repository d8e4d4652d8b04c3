//! `thalweg consume`: records out of topics, alone or as a member of a group, into a file or a pipe. Without `--follow` it
//! ends where the topics ended when it began. A group's offsets are committed behind what was written, never before.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use thalweg_kafka::client::{
    Client, ClientError, Consumer, ConsumerOptions, FetchedPartition, GroupConsumer, GroupOptions, Isolation,
    OffsetSpec, PartitionName, ResetPolicy,
};
use thalweg_model::collections::HashMap;

use super::choice::{self, Choice};
use super::connection::{self, ConnectionFlags, Interrupt};
use super::place::{self, PLACE_HELP, Place};
use super::printout::unless_gone;
use super::progress::{self, Unit};
use super::record_text::{Format, Formatter, Separator, Template};
use crate::exit::Failure;

/// How much is gathered before it is written.
const WRITE_BYTES: usize = 256 << 10;
/// How long a poll waits before the loop looks around.
const POLL_WAIT: Duration = Duration::from_secs(1);
/// How often a group's offsets are committed.
const COMMIT_INTERVAL: Duration = Duration::from_secs(1);

#[derive(Debug, Args)]
#[command(after_help = PLACE_HELP)]
pub(crate) struct ConsumeFlags {
    /// The topics
    #[arg(required = true, value_name = "TOPIC")]
    topics: Vec<String>,
    /// Read as a member of this group: from what it has committed on, and commit
    #[arg(long, short, value_name = "GROUP")]
    group: Option<String>,
    /// The static name of this member in its group
    #[arg(long, value_name = "NAME", requires = "group")]
    instance_id: Option<String>,
    /// Read without committing
    #[arg(long, requires = "group")]
    no_commit: bool,
    /// Only this partition; may be repeated
    #[arg(long, short = 'p', value_name = "N", conflicts_with = "group")]
    partition: Vec<i32>,
    /// Where to begin; with a group only `earliest` or `latest`, where it has committed nothing
    #[arg(long, value_name = "PLACE", default_value = "earliest", allow_hyphen_values = true)]
    from: Place,
    /// Where to end, if that is before the end
    #[arg(long, value_name = "PLACE", allow_hyphen_values = true, conflicts_with_all = ["group", "follow"])]
    to: Option<Place>,
    /// Go on at the end and wait for more
    #[arg(long, short = 'F')]
    follow: bool,
    /// End after so many records
    #[arg(long, short = 'n', value_name = "N")]
    max: Option<u64>,
    /// How records look
    #[arg(long, short, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// A look of one's own, with {topic}, {partition}, {offset}, {timestamp}, {key}, {value}, {headers}
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["format", "key_separator"])]
    template: Option<Template>,
    /// What stands behind each record (text and json); `\n`, `\t`, `\0`, `\xHH` are understood
    #[arg(long, value_name = "BYTES", default_value = "\\n")]
    separator: Separator,
    /// What stands between key and value (text); without it keys are left out
    #[arg(long, short = 'k', value_name = "BYTES")]
    key_separator: Option<Separator>,
    /// The text that stands for no key or no value
    #[arg(long, value_name = "TEXT")]
    null: Option<String>,
    /// Which records of transactions are read
    #[arg(long, value_enum, default_value = "uncommitted")]
    isolation: IsolationFlag,
    /// The file to write [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    connection: ConnectionFlags,
}

/// Which records of transactions are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum IsolationFlag {
    /// All
    #[value(alias = "read_uncommitted")]
    Uncommitted,
    /// Those of committed ones
    #[value(alias = "read_committed")]
    Committed,
}

impl From<IsolationFlag> for Isolation {
    fn from(flag: IsolationFlag) -> Self {
        match flag {
            IsolationFlag::Uncommitted => Self::ReadUncommitted,
            IsolationFlag::Committed => Self::ReadCommitted,
        }
    }
}

pub(crate) fn run(flags: ConsumeFlags) -> Result<(), Failure> {
    if flags.group.is_some() && !matches!(flags.from, Place::Earliest | Place::Latest) {
        return Err(Failure::configuration(
            "--from with --group is `earliest` or `latest`; `thalweg group reset` moves a group elsewhere",
        ));
    }
    let connection = flags.connection.clone();
    connection::run(&connection, |client| consume(client, flags))
}

/// Alone or in a group.
enum Reader {
    Alone(Consumer),
    Member(Box<GroupConsumer>),
}

impl Reader {
    async fn poll(&mut self) -> Result<Vec<FetchedPartition>, ClientError> {
        match self {
            Self::Alone(consumer) => consumer.poll(POLL_WAIT).await,
            Self::Member(member) => member.poll(POLL_WAIT).await,
        }
    }

    fn positions(&self) -> Vec<(PartitionName, i64)> {
        match self {
            Self::Alone(consumer) => consumer.positions(),
            Self::Member(member) => member.positions(),
        }
    }

    fn seek(&mut self, name: &PartitionName, offset: i64) {
        match self {
            Self::Alone(consumer) => consumer.seek(name, offset),
            Self::Member(member) => member.seek(name, offset),
        }
    }

    /// Whether it has its partitions: a member has none before it has joined.
    fn is_placed(&self) -> bool {
        match self {
            Self::Alone(_) => true,
            Self::Member(member) => !member.member_id().is_empty(),
        }
    }
}

async fn consume(client: Client, flags: ConsumeFlags) -> Result<(), Failure> {
    let interrupt = Interrupt::listen(client.world())?;
    let isolation = flags.isolation.into();
    let choice = |topic: &String| Choice { topic: topic.clone(), partitions: flags.partition.clone() };
    let choices: Vec<_> = flags.topics.iter().map(choice).collect();
    let partitions = choice::partitions(&client, &choices).await?;
    // Where it ends; a number for each partition, or none at all.
    let ends: Option<HashMap<PartitionName, i64>> = match (flags.follow, flags.to) {
        (true, _) => None,
        (false, None) => Some(place::offsets(&client, &partitions, OffsetSpec::Latest, isolation).await?),
        (false, Some(to)) => {
            Some(place::resolve(&client, &partitions, to, isolation).await?.into_iter().collect())
        }
    };
    let begins = place::resolve(&client, &partitions, flags.from, isolation).await?;
    let total = match (&ends, flags.max, &flags.group) {
        (_, Some(max), _) => Some(max),
        (Some(ends), None, None) => {
            Some(begins.iter().map(|(name, begin)| ends[name].saturating_sub(*begin).max(0) as u64).sum())
        }
        _ => None,
    };
    let reset = if flags.from == Place::Latest { ResetPolicy::Latest } else { ResetPolicy::Earliest };
    let options = ConsumerOptions { isolation, reset, ..ConsumerOptions::default() };
    let mut reader = match &flags.group {
        Some(group) => Reader::Member(Box::new(GroupConsumer::new(
            client.clone(),
            GroupOptions {
                instance_id: flags.instance_id.clone(),
                auto_commit: (!flags.no_commit).then_some(COMMIT_INTERVAL),
                consumer: options,
                ..GroupOptions::new(group, flags.topics.clone())
            },
        ))),
        None => {
            let mut consumer = Consumer::new(client.clone(), options);
            consumer.assign(begins);
            Reader::Alone(consumer)
        }
    };
    let shown = flags.output.is_none() && io::stdout().is_terminal();
    let bar = progress::bar(Unit::Records, total, shown);
    let mut output = Output {
        out: open(&flags)?,
        formatter: Formatter {
            format: flags.format,
            separator: flags.separator.clone(),
            key_separator: flags.key_separator.clone(),
            null: flags.null.clone(),
            template: flags.template.clone(),
        },
        left: flags.max.unwrap_or(u64::MAX),
    };
    let done = async {
        while output.left > 0 && !has_all(&reader, ends.as_ref()) {
            let fetched = tokio::select! {
                biased;
                () = interrupt.wait() => break,
                fetched = reader.poll() => fetched?,
            };
            let before = output.left;
            let read_on = output.write(&mut reader, fetched, ends.as_ref())?;
            bar.inc(before - output.left);
            if !read_on {
                break;
            }
        }
        Ok(())
    };
    let done: Result<(), Failure> = done.await;
    bar.finish_and_clear();
    // Leaving commits: what could not be written must not be. The group misses this member after its session.
    done?;
    match reader {
        Reader::Alone(_) => Ok(()),
        Reader::Member(member) => Ok(member.leave().await?),
    }
}

fn open(flags: &ConsumeFlags) -> Result<BufWriter<Box<dyn Write + Send>>, Failure> {
    let out: Box<dyn Write + Send> = match &flags.output {
        None => Box::new(io::stdout()),
        Some(path) => {
            let named = |error| anyhow::anyhow!("{}: {error}", path.display());
            Box::new(File::create(path).map_err(named)?)
        }
    };
    Ok(BufWriter::with_capacity(WRITE_BYTES, out))
}

/// Whether every partition that it has was read up to its end.
fn has_all(reader: &Reader, ends: Option<&HashMap<PartitionName, i64>>) -> bool {
    let Some(ends) = ends else { return false };
    let at_end = |(name, position): &(PartitionName, i64)| ends.get(name).is_none_or(|end| position >= end);
    reader.is_placed() && reader.positions().iter().all(at_end)
}

struct Output {
    out: BufWriter<Box<dyn Write + Send>>,
    formatter: Formatter,
    /// How many records may still be written.
    left: u64,
}

impl Output {
    /// Writes what came, up to the ends, and puts the reader behind what was written. Whether somebody still reads.
    fn write(
        &mut self,
        reader: &mut Reader,
        fetched: Vec<FetchedPartition>,
        ends: Option<&HashMap<PartitionName, i64>>,
    ) -> Result<bool, Failure> {
        let mut gone = false;
        let begin = |part: &FetchedPartition| {
            let first = part.records.first()?;
            Some((PartitionName::new(part.topic.clone(), part.partition), first.offset))
        };
        let begins: Vec<_> = fetched.iter().filter_map(begin).collect();
        for part in fetched {
            let name = PartitionName::new(part.topic.clone(), part.partition);
            let end = ends.and_then(|ends| ends.get(&name)).copied().unwrap_or(i64::MAX);
            for record in &part.records {
                if gone || self.left == 0 || record.offset >= end {
                    // The next reader of this group begins here.
                    reader.seek(&name, record.offset);
                    break;
                }
                let written = self.formatter.write(&mut self.out, &part.topic, part.partition, record);
                if !unless_gone(written)? {
                    gone = true;
                    break;
                }
                self.left -= 1;
            }
        }
        let read_on = unless_gone(self.out.flush())? && !gone;
        if !read_on {
            // Nobody knows how much of this arrived: the group's next reader gets all of it.
            for (name, offset) in begins {
                reader.seek(&name, offset);
            }
        }
        Ok(read_on)
    }
}
