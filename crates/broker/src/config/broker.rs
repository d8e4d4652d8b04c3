//! The settings of this broker: what its start was given, what was set while it runs, and the values that follow.

use std::collections::BTreeSet;
use std::sync::Arc;

use thiserror::Error;

use super::definition::{Class, Definition, Update};
use super::value::{self, Value, ValueError};
use super::{Overrides, broker_setting, broker_settings, of_listener};

/// What acts for a single listener too, as `listener.name.NAME.SETTING`.
const BY_LISTENER: [&str; 2] = ["max.connections", "max.connection.creation.rate"];

/// How long records are kept; the first that is set holds.
const RETENTION: [&str; 3] = ["log.retention.ms", "log.retention.minutes", "log.retention.hours"];

/// Why a value cannot be given to a broker at its start.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SettingError {
    /// No setting has this name.
    #[error("there is no setting named {0}")]
    Unknown(String),
    /// The setting takes no such value.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// The setting would act on something that is not there yet.
    #[error("{name} cannot be set yet: {documentation}")]
    NotYet {
        /// Which.
        name: String,
        /// What it would do.
        documentation: &'static str,
    },
}

/// All that is set, and what holds; never changes, a change makes a new one.
#[derive(Clone, Debug)]
pub struct BrokerConfig {
    fixed: Overrides,
    cluster: Overrides,
    own: Overrides,
    settings: BrokerSettings,
}

impl std::ops::Deref for BrokerConfig {
    type Target = BrokerSettings;

    fn deref(&self) -> &BrokerSettings {
        &self.settings
    }
}

impl Default for BrokerConfig {
    /// Nothing is set.
    fn default() -> Self {
        let settings = BrokerSettings::read(&|name| effective(&[], name));
        let (fixed, cluster, own) = (Overrides::new(), Overrides::new(), Overrides::new());
        Self { fixed, cluster, own, settings }
    }
}

impl BrokerConfig {
    /// What a start was given; every value is checked.
    pub fn new(mut fixed: Overrides) -> Result<Self, SettingError> {
        for (name, text) in &fixed {
            check(name, text)?;
        }
        for (name, other) in [("broker.id", "node.id"), ("node.id", "broker.id")] {
            if let (None, Some(id)) = (fixed.get(name), fixed.get(other)) {
                let id = id.clone();
                fixed.insert(name.into(), id);
            }
        }
        let settings = BrokerSettings::read(&|name| effective(&[&fixed], name));
        let config = Self { fixed, cluster: Overrides::new(), own: Overrides::new(), settings };
        config.check_together()?;
        Ok(config)
    }

    /// What no value breaks by itself: an age bound of zero would take every record away, so Kafka does not start
    /// with one, in whichever unit it is said. A topic may have it.
    pub(super) fn check_together(&self) -> Result<(), SettingError> {
        let set = RETENTION.into_iter().find_map(|name| Some((name, self.value(name)?)));
        match set {
            Some((name, Value::Number(0))) => {
                let why = "Value must be at least 1, or -1 for no bound".to_owned();
                let (name, shown) = (name.to_owned(), "0".to_owned());
                Err(ValueError::Invalid { name, shown, why }.into())
            }
            _ => Ok(()),
        }
    }

    /// The same with other values set while the broker runs, for all brokers and for this one. A value that the
    /// setting does not take (any more) is passed over.
    pub fn with_dynamic(&self, cluster: Overrides, own: Overrides) -> Self {
        let fixed = self.fixed.clone();
        let settings = BrokerSettings::read(&|name| effective(&[&own, &cluster, &fixed], name));
        Self { fixed, cluster, own, settings }
    }

    /// What the start was given.
    pub fn fixed(&self) -> &Overrides {
        &self.fixed
    }

    /// What was set for all brokers while they ran.
    pub fn cluster(&self) -> &Overrides {
        &self.cluster
    }

    /// What was set for this broker while it ran.
    pub fn own(&self) -> &Overrides {
        &self.own
    }

    /// The value that holds; none is Kafka's null, or a name that is no setting's.
    pub fn value(&self, name: &str) -> Option<Value> {
        effective(&[&self.own, &self.cluster, &self.fixed], name)
    }

    /// The values that single listeners have of their own, by the listener's name in capitals, where the setting may
    /// differ by listener.
    pub fn by_listener(&self, setting: &str) -> Vec<(Arc<str>, Value)> {
        let layers = [&self.own, &self.cluster, &self.fixed];
        let names: BTreeSet<&Arc<str>> = layers.into_iter().flat_map(|layer| layer.keys()).collect();
        let of_setting = |name: &&Arc<str>| of_listener(name).is_some_and(|(_, found)| found == setting);
        let values = names.into_iter().filter(of_setting).filter_map(|name| {
            let (listener, _) = of_listener(name)?;
            Some((listener.to_uppercase().into(), self.value(name)?))
        });
        values.collect()
    }

    /// Settings given at the start that have no meaning here, for a warning.
    pub fn without_meaning(&self) -> Vec<&str> {
        let meaningless = |name: &&str| {
            let own_name = broker_setting(name).is_some_and(|row| row.class == Class::NoMeaning);
            own_name || of_listener(name).is_some_and(|(_, setting)| !BY_LISTENER.contains(&setting))
        };
        self.fixed.keys().map(|name| &**name).filter(meaningless).collect()
    }
}

/// Whether a start may be given this value; returns the setting.
pub fn check(name: &str, text: &str) -> Result<&'static Definition, SettingError> {
    let row = broker_setting(name).ok_or_else(|| SettingError::Unknown(name.to_owned()))?;
    let value = value::parse(row, text)?;
    let changed = match row.default {
        Some(default) => value::parse(row, default).as_ref() != Ok(&value),
        None => !text.trim().is_empty(),
    };
    if row.class == Class::NotYet && changed {
        return Err(SettingError::NotYet { name: name.to_owned(), documentation: row.documentation });
    }
    Ok(row)
}

/// The first value that is set and readable, or the default.
fn effective(layers: &[&Overrides], name: &str) -> Option<Value> {
    let row = broker_setting(name)?;
    let set = layers.iter().filter_map(|layer| layer.get(name));
    let mut readable = set.filter_map(|text| value::parse(row, text).ok());
    readable.next().or_else(|| default_of(row))
}

/// What holds where nobody set anything.
pub(super) fn default_of(row: &Definition) -> Option<Value> {
    row.default.map(|text| {
        value::parse(row, text).expect("the table's defaults keep its rules: a test reads them all")
    })
}

/// Whether a setting can be changed while the broker runs.
pub(super) fn dynamic(name: &str) -> bool {
    broker_setting(name).is_none_or(|row| row.update != Update::ReadOnly)
}

/// What a field of [`BrokerSettings`] is read from.
trait Read: Sized {
    fn read(value: Option<Value>) -> Option<Self>;
}

impl Read for bool {
    fn read(value: Option<Value>) -> Option<Self> {
        if let Some(Value::Boolean(value)) = value { Some(value) } else { None }
    }
}

impl Read for i64 {
    fn read(value: Option<Value>) -> Option<Self> {
        if let Some(Value::Number(number)) = value { Some(number) } else { None }
    }
}

impl Read for i32 {
    fn read(value: Option<Value>) -> Option<Self> {
        i64::read(value)?.try_into().ok()
    }
}

impl Read for i16 {
    fn read(value: Option<Value>) -> Option<Self> {
        i64::read(value)?.try_into().ok()
    }
}

impl Read for Arc<str> {
    fn read(value: Option<Value>) -> Option<Self> {
        if let Some(Value::Text(text)) = value { Some(text.into()) } else { None }
    }
}

impl Read for Vec<String> {
    fn read(value: Option<Value>) -> Option<Self> {
        if let Some(Value::List(words)) = value { Some(words) } else { None }
    }
}

impl<T: Read> Read for Option<T> {
    fn read(value: Option<Value>) -> Option<Self> {
        Some(value.and_then(|value| T::read(Some(value))))
    }
}

macro_rules! settings {
    ($($field:ident: $type:ty = $name:literal,)*) => {
        /// The values that hold, for those who act on them.
        #[derive(Clone, Debug)]
        pub struct BrokerSettings {
            $(#[doc = concat!("`", $name, "`.")] pub $field: $type,)*
        }

        impl BrokerSettings {
            fn read(look: &dyn Fn(&str) -> Option<Value>) -> Self {
                Self {
                    $($field: Read::read(look($name)).expect(concat!($name, " has a field of its kind: a test reads all")),)*
                }
            }
        }

        #[cfg(test)]
        pub(super) const FIELDS: &[&str] = &[$($name),*];
    };
}

settings! {
    advertised_listeners: Option<Vec<String>> = "advertised.listeners",
    listeners: Vec<String> = "listeners",
    listener_security_protocol_map: Arc<str> = "listener.security.protocol.map",
    node_id: i32 = "node.id",
    broker_rack: Option<Arc<str>> = "broker.rack",
    log_dir: Vec<String> = "log.dir",
    log_dirs: Option<Vec<String>> = "log.dirs",
    num_partitions: i32 = "num.partitions",
    default_replication_factor: i32 = "default.replication.factor",
    min_insync_replicas: i32 = "min.insync.replicas",
    auto_create_topics_enable: bool = "auto.create.topics.enable",
    delete_topic_enable: bool = "delete.topic.enable",
    log_retention_check_interval_ms: i64 = "log.retention.check.interval.ms",
    log_segment_delete_delay_ms: i64 = "log.segment.delete.delay.ms",
    log_initial_task_delay_ms: i64 = "log.initial.task.delay.ms",
    socket_listen_backlog_size: i32 = "socket.listen.backlog.size",
    socket_receive_buffer_bytes: i32 = "socket.receive.buffer.bytes",
    socket_send_buffer_bytes: i32 = "socket.send.buffer.bytes",
    socket_request_max_bytes: i32 = "socket.request.max.bytes",
    max_connections: i32 = "max.connections",
    max_connections_per_ip: i32 = "max.connections.per.ip",
    max_connections_per_ip_overrides: Arc<str> = "max.connections.per.ip.overrides",
    max_connection_creation_rate: i32 = "max.connection.creation.rate",
    connections_max_idle_ms: i64 = "connections.max.idle.ms",
    fetch_max_bytes: i32 = "fetch.max.bytes",
    max_incremental_fetch_session_cache_slots: i32 = "max.incremental.fetch.session.cache.slots",
    max_request_partition_size_limit: i32 = "max.request.partition.size.limit",
    message_max_bytes: i32 = "message.max.bytes",
    offset_metadata_max_bytes: i32 = "offset.metadata.max.bytes",
    offsets_commit_timeout_ms: i32 = "offsets.commit.timeout.ms",
    offsets_load_buffer_size: i32 = "offsets.load.buffer.size",
    offsets_retention_check_interval_ms: i64 = "offsets.retention.check.interval.ms",
    offsets_retention_minutes: i32 = "offsets.retention.minutes",
    offsets_topic_compression_codec: i32 = "offsets.topic.compression.codec",
    offsets_topic_num_partitions: i32 = "offsets.topic.num.partitions",
    offsets_topic_replication_factor: i16 = "offsets.topic.replication.factor",
    offsets_topic_segment_bytes: i32 = "offsets.topic.segment.bytes",
    group_initial_rebalance_delay_ms: i32 = "group.initial.rebalance.delay.ms",
    group_max_session_timeout_ms: i32 = "group.max.session.timeout.ms",
    group_min_session_timeout_ms: i32 = "group.min.session.timeout.ms",
    group_max_size: i32 = "group.max.size",
    producer_id_expiration_ms: i32 = "producer.id.expiration.ms",
    unstable_api_versions_enable: bool = "unstable.api.versions.enable",
    durability: Arc<str> = "thalweg.durability",
    memory_frames_bytes: i64 = "thalweg.memory.frames.bytes",
    memory_tail_bytes: i64 = "thalweg.memory.tail.bytes",
    memory_wal_bytes: i64 = "thalweg.memory.wal.bytes",
    memory_answers_bytes: i64 = "thalweg.memory.answers.bytes",
    memory_data_bytes: i64 = "thalweg.memory.data.bytes",
    checkpoint_interval_ms: i64 = "thalweg.checkpoint.interval.ms",
    scrub_bytes_per_second: i64 = "thalweg.scrub.bytes.per.second",
    scrub_interval_ms: i64 = "thalweg.scrub.interval.ms",
    admin_listener: Arc<str> = "thalweg.admin.listener",
    allow_unauthenticated: bool = "thalweg.allow.unauthenticated",
    worker_threads: i32 = "thalweg.worker.threads",
    log_level: Arc<str> = "thalweg.log.level",
    log_format: Arc<str> = "thalweg.log.format",
}

/// All settings with the values that hold, for those who list them.
impl BrokerConfig {
    /// Every row, the value that holds in Kafka's writing, and whether the start set it.
    pub fn list(&self) -> impl Iterator<Item = (&'static Definition, Option<String>, bool)> {
        broker_settings().map(|row| {
            let value = self.value(row.name).map(|value| value::write(&value));
            (row, value, self.fixed.contains_key(row.name))
        })
    }
}
