//! `thalweg produce`: records from files and pipes into a topic. Reading goes on while records are on their way; it
//! waits when more bytes wait than the producer takes.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use clap::{Args, ValueEnum};
use indicatif::ProgressBar;
use thalweg_kafka::client::{Acks, Client, Delivery, Message, Producer, ProducerOptions};
use thalweg_model::batch::Codec;
use tokio::sync::mpsc;

use super::connection::{self, ConnectionFlags, Interrupt};
use super::progress::{self, Unit};
use super::record_text::{Format, Parser, RecordReader, Separator};
use crate::exit::Failure;

/// How many parts of the input may wait between the thread that reads and the producer.
const READ_AHEAD: usize = 8;
/// How long a batch waits for more records where nobody says.
const LINGER_MS_DEFAULT: u64 = 5;
/// Stands for standard input among the files.
const STANDARD_INPUT: &str = "-";

#[derive(Debug, Args)]
#[command(
    after_help = "Example: printf 'k1\\tv1\\nk2\\tv2\\n' | thalweg produce orders --key-separator '\\t'"
)]
pub(crate) struct ProduceFlags {
    /// The topic
    topic: String,
    /// What to read; `-` is standard input
    #[arg(value_name = "FILE", default_value = STANDARD_INPUT)]
    files: Vec<PathBuf>,
    /// How records look
    #[arg(long, short, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// What stands between records (text and json); `\n`, `\t`, `\0`, `\xHH` are understood
    #[arg(long, value_name = "BYTES", default_value = "\\n")]
    separator: Separator,
    /// What stands between key and value (text); without it records have no key
    #[arg(long, short = 'k', value_name = "BYTES")]
    key_separator: Option<Separator>,
    /// The text that stands for no key or no value (text): a record without a value is a tombstone
    #[arg(long, value_name = "TEXT")]
    null: Option<String>,
    /// The key of records that bring none
    #[arg(long, value_name = "KEY", conflicts_with = "key_separator")]
    key: Option<String>,
    /// A header that every record gets; may be repeated
    #[arg(long, short = 'H', value_name = "NAME=VALUE", value_parser = header)]
    header: Vec<(String, String)>,
    /// The partition [default: by the key's hash, as the Java client does]
    #[arg(long, short = 'p', value_name = "N")]
    partition: Option<i32>,
    /// The time of records that bring none, in milliseconds since 1970 [default: now]
    #[arg(long, value_name = "MILLISECONDS")]
    timestamp: Option<i64>,
    #[command(flatten)]
    producer: ProducerFlags,
    /// No word at the end, no progress bar
    #[arg(long, short)]
    quiet: bool,
    #[command(flatten)]
    connection: ConnectionFlags,
}

/// How a producer behaves; `bench` has these too.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Producer")]
pub(crate) struct ProducerFlags {
    /// Whose acknowledgement is waited for
    #[arg(long, value_enum, default_value = "all")]
    pub(crate) acks: AcksFlag,
    /// How batches are compressed: none, gzip, snappy, lz4, zstd
    #[arg(long, short = 'z', value_name = "CODEC", default_value = "none", value_parser = codec)]
    pub(crate) codec: Codec,
    /// At which level [default: the codec's]
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub(crate) level: Option<i32>,
    /// How long a batch waits for more records [default: 5; 0 where latency is measured]
    #[arg(long, value_name = "MILLISECONDS")]
    pub(crate) linger_ms: Option<u64>,
    /// How large a batch becomes
    #[arg(long, value_name = "BYTES", default_value_t = 128 << 10)]
    pub(crate) batch_bytes: usize,
    /// Let the broker not look for records that come twice (implied by --acks 0 and 1)
    #[arg(long)]
    pub(crate) no_idempotence: bool,
}

/// Whose acknowledgement a record waits for, as Kafka writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AcksFlag {
    /// Nobody's
    #[value(name = "0")]
    None,
    /// The leader's
    #[value(name = "1")]
    Leader,
    /// That of all who are in sync
    #[value(name = "all", alias = "-1")]
    All,
}

impl ProducerFlags {
    pub(crate) fn options(&self) -> ProducerOptions {
        let acks = match self.acks {
            AcksFlag::None => Acks::None,
            AcksFlag::Leader => Acks::Leader,
            AcksFlag::All => Acks::All,
        };
        ProducerOptions {
            acks,
            linger: Duration::from_millis(self.linger_ms.unwrap_or(LINGER_MS_DEFAULT)),
            batch_bytes: self.batch_bytes,
            codec: self.codec,
            level: self.level,
            idempotent: acks == Acks::All && !self.no_idempotence,
            ..ProducerOptions::default()
        }
    }
}

pub(crate) fn codec(name: &str) -> Result<Codec, String> {
    Codec::from_name(name).ok_or_else(|| "none, gzip, snappy, lz4 and zstd are known".to_owned())
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// What the thread that reads tells.
type Part = Result<(Vec<Message>, u64), Failure>;

pub(crate) fn run(flags: ProduceFlags) -> Result<(), Failure> {
    let connection = flags.connection.clone();
    connection::run(&connection, |client| produce(client, flags))
}

async fn produce(client: Client, flags: ProduceFlags) -> Result<(), Failure> {
    let interrupt = Interrupt::listen(client.world())?;
    // Says now, not after the first record, that the topic is not there and will not be.
    client.topic(&flags.topic).await?;
    let producer = Producer::new(client.clone(), flags.producer.options()).await?;
    let text = |text: &String| Bytes::from(text.clone().into_bytes());
    let parser = Parser {
        format: flags.format,
        key_separator: flags.key_separator.clone(),
        null: flags.null.clone(),
        template: Message {
            partition: flags.partition,
            key: flags.key.as_ref().map(text),
            value: None,
            headers: flags.header.iter().map(|(name, value)| (text(name), Some(text(value)))).collect(),
            timestamp: flags.timestamp,
        },
    };
    let typed = flags.files.iter().any(|file| is_standard_input(file)) && io::stdin().is_terminal();
    let bar = if flags.quiet {
        ProgressBar::hidden()
    } else {
        progress::bar(Unit::Bytes, bytes_total(&flags.files), typed)
    };
    let (give, mut take) = mpsc::channel(READ_AHEAD);
    let separator = (flags.format != Format::Raw).then(|| flags.separator.clone());
    let files = flags.files.clone();
    let reading = async move {
        for file in files {
            if let Err(failure) = read(&file, separator.clone(), &parser, &give).await {
                // The other side may have ended.
                let _ = give.send(Err(failure)).await;
                return;
            }
        }
    };
    drop(client.world().spawner.spawn_thread("input", Box::pin(reading)));

    let mut sent = Sent::default();
    let mut trouble = None;
    loop {
        let part = tokio::select! {
            biased;
            () = interrupt.wait() => break,
            part = take.recv() => part,
        };
        match part {
            None => break,
            Some(Err(failure)) => {
                trouble = Some(failure);
                break;
            }
            Some(Ok((messages, bytes))) => {
                if let Err(failure) = sent.send_all(&producer, &flags.topic, messages).await {
                    trouble = Some(failure);
                    break;
                }
                bar.inc(bytes);
            }
        }
    }
    producer.close().await;
    let settled = sent.settle(true).await;
    bar.finish_and_clear();
    if !flags.quiet {
        eprintln!("{} records acknowledged", sent.acknowledged);
    }
    settled?;
    match trouble {
        Some(failure) => Err(failure),
        None if interrupt.is_asked() && !typed => {
            Err(anyhow::anyhow!("interrupted before the input's end").into())
        }
        None => Ok(()),
    }
}

/// What was given to the producer and is not settled yet.
#[derive(Default)]
struct Sent {
    open: VecDeque<Delivery>,
    acknowledged: u64,
}

impl Sent {
    async fn send_all(
        &mut self,
        producer: &Producer,
        topic: &str,
        messages: Vec<Message>,
    ) -> Result<(), Failure> {
        for message in messages {
            self.open.push_back(producer.send(topic, message).await?);
        }
        self.settle(false).await
    }

    /// Forgets what was acknowledged, in the order in which it was sent; waits for it all, where `all` says so.
    async fn settle(&mut self, all: bool) -> Result<(), Failure> {
        while let Some(first) = self.open.front() {
            let result = match first.peek() {
                Some(result) => result,
                None if all => first.wait().await,
                None => break,
            };
            self.open.pop_front();
            match result {
                Ok(_) => self.acknowledged += 1,
                Err(error) => return Err(anyhow::anyhow!("{error}").into()),
            }
        }
        Ok(())
    }
}

fn is_standard_input(file: &Path) -> bool {
    file.as_os_str() == STANDARD_INPUT
}

/// How much there is to read, where all of it lies in files.
fn bytes_total(files: &[PathBuf]) -> Option<u64> {
    files
        .iter()
        .map(|file| std::fs::metadata(file).ok().filter(|found| found.is_file()).map(|found| found.len()))
        .sum()
}

/// Reads one input and gives its records away, what each read brought at once. Runs on a thread of its own.
async fn read(
    file: &Path,
    separator: Option<Separator>,
    parser: &Parser,
    give: &mpsc::Sender<Part>,
) -> Result<(), Failure> {
    let named = |error: io::Error| anyhow::anyhow!("{}: {error}", file.display());
    let input: Box<dyn Read + Send> = if is_standard_input(file) {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(file).map_err(named)?)
    };
    let mut reader = RecordReader::new(input, separator);
    let mut number = 0;
    loop {
        let count = reader.fill().map_err(named)?;
        let mut messages = Vec::new();
        while let Some(text) = reader.next_read() {
            number += 1;
            let wrong = |error| anyhow::anyhow!("{}: record {number}: {error}", file.display());
            match parser.parse(text) {
                Ok(message) => messages.push(message),
                Err(error) => {
                    // What stands before it is sent all the same.
                    let _ = give.send(Ok((messages, 0))).await;
                    return Err(wrong(error).into());
                }
            }
        }
        if give.send(Ok((messages, count as u64))).await.is_err() || count == 0 {
            return Ok(());
        }
    }
}
