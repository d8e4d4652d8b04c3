//! Settings turned into the parts that they steer.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thalweg_broker::config::BrokerConfig;
use thalweg_broker::config::value::Value;
use thalweg_broker::{Broker, Endpoint, Identity};
use thalweg_model::NodeId;
use thalweg_model::world::World;
use thalweg_net::{ConnectionGate, ConnectionLimits, Shutdown, SocketOptions};
use thalweg_storage::{Durability, OpenError, Options, Storage};

use super::Data;
use crate::exit::{self, Failure};

/// What stands for "no bound" in Kafka's counts.
const UNBOUNDED: i32 = i32::MAX;

pub(super) fn bytes(value: i64) -> usize {
    usize::try_from(value).unwrap_or(0)
}

pub(super) fn socket_options(config: &BrokerConfig) -> SocketOptions {
    // Kafka's default of 100 KiB keeps the system from growing a buffer with the traffic: it is taken only where
    // somebody set it.
    let set = |name: &str, value: i32| {
        let said = config.fixed().contains_key(name);
        usize::try_from(value).ok().filter(|_| said)
    };
    SocketOptions {
        backlog: config.socket_listen_backlog_size,
        send_buffer_bytes: set("socket.send.buffer.bytes", config.socket_send_buffer_bytes),
        receive_buffer_bytes: set("socket.receive.buffer.bytes", config.socket_receive_buffer_bytes),
    }
}

pub(super) fn connection_limits(config: &BrokerConfig) -> ConnectionLimits {
    let bounded = |value: i32| usize::try_from(value).ok().filter(|_| value != UNBOUNDED);
    let mut limits = ConnectionLimits {
        connections_max: bounded(config.max_connections),
        address_connections_max: bounded(config.max_connections_per_ip),
        creations_per_second_max: u32::try_from(config.max_connection_creation_rate)
            .ok()
            .filter(|_| config.max_connection_creation_rate != UNBOUNDED),
        ..ConnectionLimits::default()
    };
    for (listener, value) in config.by_listener("max.connections") {
        if let Value::Number(count) = value {
            limits.listener_connections_max.insert(listener, bytes(count));
        }
    }
    for (listener, value) in config.by_listener("max.connection.creation.rate") {
        if let Value::Number(rate) = value {
            limits
                .listener_creations_per_second_max
                .insert(listener, u32::try_from(rate).unwrap_or(u32::MAX));
        }
    }
    for pair in config.max_connections_per_ip_overrides.split(',').filter(|pair| !pair.trim().is_empty()) {
        let address = pair
            .rsplit_once(':')
            .and_then(|(address, count)| Some((address.trim().parse().ok()?, count.trim().parse().ok()?)));
        match address {
            Some((address, count)) => {
                limits.address_overrides.insert(address, count);
            }
            None => tracing::warn!(pair, "max.connections.per.ip.overrides: not of the form ADDRESS:COUNT"),
        }
    }
    limits
}

pub(super) fn head_settings(config: &BrokerConfig) -> thalweg_kafka::Settings {
    let idle = config.connections_max_idle_ms;
    thalweg_kafka::Settings {
        frame_bytes_max: usize::try_from(config.socket_request_max_bytes).unwrap_or(0),
        // A century is for ever; a larger one would overflow deadlines.
        idle_max: u64::try_from(idle).map_or(Duration::from_secs(3_153_600_000), Duration::from_millis),
        fetch_bytes_max: usize::try_from(config.fetch_max_bytes).unwrap_or(0),
        fetch_session_slots: usize::try_from(config.max_incremental_fetch_session_cache_slots).unwrap_or(0),
        described_partitions_max: config.max_request_partition_size_limit,
        unstable_versions: config.unstable_api_versions_enable,
        answer_bytes: bytes(config.memory_answers_bytes),
        ..thalweg_kafka::Settings::default()
    }
}

pub(super) async fn storage(
    config: &BrokerConfig,
    data: &Data,
    disk_journal: Option<PathBuf>,
    node: NodeId,
    world: &World,
) -> Result<Storage, Failure> {
    let unsigned = |value: i64| u64::try_from(value).unwrap_or(0);
    let options = Options {
        durability: if &*config.durability == "os" { Durability::Os } else { Durability::Fsync },
        tail_bytes: unsigned(config.memory_tail_bytes),
        wal_bytes: unsigned(config.memory_wal_bytes),
        memory_bytes_max: (*data == Data::Memory).then_some(unsigned(config.memory_data_bytes)),
        checkpoint_interval: Duration::from_millis(unsigned(config.checkpoint_interval_ms)),
        disk_journal,
        facts_version_max: thalweg_broker::FACTS_VERSION,
        scrub_bytes_per_second: match data {
            // Nothing rots there that the process could outlive.
            Data::Memory => 0,
            Data::Folder(_) => unsigned(config.scrub_bytes_per_second),
        },
        scrub_interval: Duration::from_millis(unsigned(config.scrub_interval_ms)),
        ..Options::default()
    };
    match data {
        Data::Memory => Ok(Storage::memory(options, world.clone()).await),
        Data::Folder(path) => {
            Storage::local(path, node, options, world.clone()).await.map_err(|error| refused(path, error))
        }
    }
}

/// Why a data folder cannot be opened, with its exit code. A full disk alone has another: who makes room has mended it,
/// and a supervisor may try again.
pub(crate) fn refused(path: &Path, error: OpenError) -> Failure {
    let code = match &error {
        OpenError::Io(error) if error.kind() == io::ErrorKind::StorageFull => exit::FAILED,
        _ => exit::FOLDER_REFUSED,
    };
    // The words of a lease name the folder.
    let named = matches!(error, OpenError::Lease(_));
    let error = anyhow::Error::new(error);
    Failure {
        code,
        error: if named { error } else { error.context(format!("data folder {}", path.display())) },
    }
}

fn not_recovered(data: &Data, error: thalweg_broker::OpenError) -> Failure {
    use thalweg_broker::OpenError as Broken;
    match (data, error) {
        (Data::Folder(path), Broken::Storage(error)) => refused(path, error),
        (Data::Folder(path), error @ Broken::Facts(_)) => {
            let error = anyhow::Error::new(error).context(format!("data folder {}", path.display()));
            Failure { code: exit::FOLDER_REFUSED, error }
        }
        (_, error) => Failure::new(exit::FAILED, error),
    }
}

pub(super) async fn broker(
    storage: Storage,
    config: BrokerConfig,
    data: &Data,
    endpoints: Vec<Endpoint>,
    world: &World,
) -> Result<Broker, Failure> {
    let data_folder = match data {
        Data::Memory => PathBuf::from("memory"),
        Data::Folder(path) => std::path::absolute(path)?,
    };
    let (node, rack) = (NodeId(config.node_id), config.broker_rack.clone());
    let identity = Identity { node, rack, endpoints, data_folder };
    let opened = Broker::open(storage, config, identity, world.clone()).await;
    opened.map_err(|error| not_recovered(data, error))
}

/// Follows the limits of connections, which may be changed while the broker runs, until the broker is gone.
pub(super) async fn follow_limits(broker: Broker, gate: ConnectionGate, shutdown: Shutdown) {
    let mut changed = broker.config_watch();
    loop {
        gate.set_limits(connection_limits(&broker.config()));
        tokio::select! {
            biased;
            () = shutdown.requested() => return,
            told = changed.changed() => if told.is_err() { return },
        }
    }
}
