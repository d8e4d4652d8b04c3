//! The tables against facts of Apache Kafka 4.4.0, and the rules of change.

use std::sync::Arc;

use super::broker::FIELDS;
use super::*;
use crate::session::configs::ConfigError;

fn fixture(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect())
}

fn overrides(values: &[(&str, &str)]) -> Overrides {
    values.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

fn broker(values: &[(&str, &str)]) -> BrokerConfig {
    BrokerConfig::new(overrides(values)).expect("the values are good")
}

fn change(name: &str, operation: ConfigOperation, value: &str) -> ConfigChange {
    ConfigChange { name: name.into(), operation, value: Some(value.into()) }
}

const BOTH: DescribeOptions = DescribeOptions { synonyms: true, documentation: true };

#[test]
fn broker_settings_are_those_of_kafka() {
    let config = BrokerConfig::default();
    let described = config.describe_broker(&|_| true, BOTH);
    let facts: Vec<_> = fixture(include_str!("fixture/broker.txt")).collect();
    let names = |entries: &[ConfigEntry]| entries.iter().map(|e| e.name.to_string()).collect::<Vec<_>>();
    let mut expected: Vec<_> = facts.iter().map(|fact| fact[0].to_owned()).collect();
    expected.sort();
    assert_eq!(names(&described), expected);
    for fact in facts {
        let [name, kind, default, update] = fact[..] else { panic!("{fact:?}") };
        let entry = described.iter().find(|entry| *entry.name == *name).expect("compared above");
        assert_eq!(entry.kind.word(), kind, "{name}");
        assert_eq!(entry.read_only, update.starts_with("read-only"), "{name}");
        assert_eq!(entry.sensitive, update.ends_with("sensitive"), "{name}");
        let (row, default) =
            (broker_setting(name).expect("it is described"), (default != "null").then_some(default));
        match row.other_default {
            None => assert_eq!(entry.value.as_deref(), default, "{name} has another default, and no reason"),
            Some(other) => {
                assert_eq!(other.kafka, default, "{name}");
                assert_ne!(row.default, default, "{name} has Kafka's default");
                assert!(other.why.len() > 20 && other.why.ends_with('.'), "{name}: {}", other.why);
            }
        }
        assert!(entry.documentation.as_ref().is_some_and(|text| text.len() > 10), "{name}");
        assert_eq!(entry.source, ConfigSource::Default, "{name}");
    }
}

#[test]
fn whole_families_of_settings_act() {
    let families =
        ["socket.", "offsets.", "log.retention.", "log.segment.", "log.roll.", "log.message.timestamp."];
    let classic = [
        "group.initial.rebalance.delay.ms",
        "group.max.session.timeout.ms",
        "group.max.size",
        "group.min.session.timeout.ms",
        "offset.metadata.max.bytes",
    ];
    // The broker opens no connections by itself.
    let idle = ["socket.connection.setup.timeout.max.ms", "socket.connection.setup.timeout.ms"];
    let of_family = |name: &str| {
        let of_connections = name.starts_with("max.connection") || name.starts_with("connections.max.idle");
        classic.contains(&name) || of_connections || families.iter().any(|family| name.starts_with(family))
    };
    let rows: Vec<_> = broker_settings().filter(|row| of_family(row.name)).collect();
    assert_eq!(rows.len(), 38, "{rows:#?}");
    for row in rows {
        assert_eq!(row.class == Class::NoMeaning, idle.contains(&row.name), "{}", row.name);
        // It has a reader, or a topic's setting behind which it stands, in this unit or another.
        let stands_behind = topic_settings().any(|topic| topic.brokers.contains(&row.name));
        let in_unit = super::describe::UNITS.iter().any(|units| units.contains(&row.name));
        let read = FIELDS.contains(&row.name) || stands_behind || in_unit;
        assert!(read || row.class == Class::NoMeaning, "nobody reads {}", row.name);
    }
}

#[test]
fn what_stands_behind_a_topics_setting_changes_it() {
    let candidates = ["7", "1048577", "true", "compact", "gzip", "LogAppendTime", "0.25"];
    let shown = |config: &BrokerConfig, name: &str| {
        let entries = config.describe_topic(&Overrides::new(), &|found| found == name, BOTH);
        entries[0].value.clone()
    };
    for row in topic_settings() {
        for behind in row.brokers {
            let setting = broker_setting(behind).expect("it is in the table");
            let good = |text: &&str| setting.default != Some(*text) && value::parse(setting, text).is_ok();
            let other = candidates.into_iter().find(good).expect("one of them is another value");
            let changed = shown(&broker(&[(behind, other)]), row.name);
            assert_ne!(changed, shown(&BrokerConfig::default(), row.name), "{behind} behind {}", row.name);
        }
    }
}

#[test]
fn topic_settings_are_those_of_kafka() {
    let config = BrokerConfig::default();
    let described = config.describe_topic(&Overrides::new(), &|_| true, BOTH);
    let facts: Vec<_> = fixture(include_str!("fixture/topic.txt")).collect();
    assert_eq!(described.len(), facts.len());
    for (entry, fact) in described.iter().zip(facts) {
        let [name, kind, default, _, behind] = fact[..] else { panic!("{fact:?}") };
        assert_eq!(&*entry.name, name);
        assert_eq!(entry.kind.word(), kind, "{name}");
        assert_eq!(entry.value.as_deref(), Some(default), "{name}");
        let behind: Vec<_> = behind.split(',').filter(|name| !name.is_empty()).collect();
        assert_eq!(topic_setting(name).map(|row| row.brokers.to_vec()), Some(behind), "{name}");
    }
}

#[test]
fn group_settings_are_those_of_kafka() {
    let config = BrokerConfig::default();
    let described = config.describe_named(NamedKind::Group, &Overrides::new(), &|_| true, BOTH);
    let facts: Vec<_> = fixture(include_str!("fixture/group.txt")).collect();
    assert_eq!(described.len(), facts.len());
    for (entry, fact) in described.iter().zip(facts) {
        let [name, kind, default, _, behind] = fact[..] else { panic!("{fact:?}") };
        assert_eq!(&*entry.name, name);
        assert_eq!(entry.kind.word(), kind, "{name}");
        assert_eq!(entry.value.as_deref(), Some(default), "{name}");
        let value = Some(default.into());
        let synonym = ConfigSynonym { name: behind.into(), value, source: ConfigSource::Default };
        assert_eq!((&entry.synonyms, entry.source), (&vec![synonym], ConfigSource::Default), "{name}");
    }
}

#[test]
fn a_groups_own_values_keep_to_the_brokers_bounds() {
    let config = broker(&[("group.consumer.max.session.timeout.ms", "50000")]);
    let set = |kind, name: &str, value: &str| {
        let changes = [change(name, ConfigOperation::Set, value)];
        config.alter_named(kind, &Overrides::new(), &changes)
    };
    let group = |name: &str, value: &str| set(NamedKind::Group, name, value).map(|_| ());
    let invalid = |result: Result<(), ConfigError>| matches!(result, Err(ConfigError::InvalidConfig(_)));
    assert_eq!(group("consumer.session.timeout.ms", "50000"), Ok(()));
    assert!(invalid(group("consumer.session.timeout.ms", "50001")));
    assert!(invalid(group("consumer.session.timeout.ms", "44999")));
    assert!(invalid(group("streams.num.standby.replicas", "3")));
    assert!(invalid(group("share.delivery.count.limit", "1")));
    assert!(invalid(group("share.isolation.level", "some")));
    assert!(invalid(group("no.such", "1")));
    let changes = [change("streams.rack.aware.assignment.tags", ConfigOperation::Append, "zone")];
    assert!(config.alter_named(NamedKind::Group, &Overrides::new(), &changes).is_ok());

    let metrics = |name: &str, value: &str| set(NamedKind::ClientMetrics, name, value).map(|_| ());
    assert_eq!(metrics("match", "client_id=a.*,client_source_port=90"), Ok(()));
    assert!(invalid(metrics("match", "bad")));
    assert!(matches!(metrics("interval.ms", "99"), Err(ConfigError::InvalidRequest(_))));
    assert!(matches!(metrics("no.such", "1"), Err(ConfigError::InvalidRequest(_))));
    let changes = [change("metrics", ConfigOperation::Append, "a")];
    assert!(invalid(config.alter_named(NamedKind::ClientMetrics, &Overrides::new(), &changes).map(|_| ())));

    // Told with the values behind it, its own first.
    let own = overrides(&[("consumer.session.timeout.ms", "46000"), ("match", "client_id=a")]);
    let source = |kind, name: &str| {
        let described = config.describe_named(kind, &own, &|found| found == name, BOTH);
        let sources: Vec<_> = described[0].synonyms.iter().map(|synonym| synonym.source).collect();
        (described[0].value.clone().unwrap_or_default().to_string(), sources)
    };
    let both = vec![ConfigSource::Group, ConfigSource::Default];
    assert_eq!(source(NamedKind::Group, "consumer.session.timeout.ms"), ("46000".into(), both));
    let one = vec![ConfigSource::ClientMetrics];
    assert_eq!(source(NamedKind::ClientMetrics, "match"), ("client_id=a".into(), one));
    assert_eq!(source(NamedKind::ClientMetrics, "interval.ms"), ("300000".into(), Vec::new()));
}

#[test]
fn rows_are_sorted_and_their_defaults_keep_their_rules() {
    let named = || [NamedKind::Group, NamedKind::ClientMetrics].into_iter().flat_map(NamedKind::settings);
    assert!(topic_settings().is_sorted_by(|a, b| a.name < b.name));
    for kind in [NamedKind::Group, NamedKind::ClientMetrics] {
        assert!(kind.settings().is_sorted_by(|a, b| a.name < b.name));
    }
    for row in topic_settings().chain(broker_settings()).chain(named()) {
        assert!(!row.documentation.is_empty(), "{}", row.name);
        if let Some(default) = row.default {
            let value = value::parse(row, default).unwrap();
            assert_eq!(value::write(&value), default, "{}", row.name);
        }
        for name in row.brokers {
            assert!(broker_setting(name).is_some(), "{name} stands behind {}", row.name);
        }
    }
    for name in FIELDS {
        let acts = broker_setting(name).is_some_and(|row| row.class == Class::Acts);
        assert!(acts, "{name} has a field, so it acts");
    }
}

#[test]
fn values_are_refused_in_words_that_kafkas_users_know() {
    let refused = |name: &str, value: &str| {
        let config = BrokerConfig::default();
        let name: Arc<str> = name.into();
        match config.replace_topic(&[(name, Some(value.into()))]) {
            Err(ConfigError::InvalidConfig(text)) => text,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused("foo", "1"), "Unknown topic config name: foo");
    let expected = "Invalid value x for configuration retention.ms: Not a number of type LONG";
    assert_eq!(refused("retention.ms", "x"), expected);
    let expected = "Invalid value 10 for configuration segment.bytes: Value must be at least 1048576";
    assert_eq!(refused("segment.bytes", "10"), expected);
    let expected =
        "Invalid value foo for configuration cleanup.policy: String must be one of: compact, delete";
    assert_eq!(refused("cleanup.policy", "foo"), expected);
    assert!(refused("cleanup.policy", "delete,").contains("must not be empty"));
    assert!(refused("preallocate", "maybe").ends_with("Expected value to be either true or false"));
    assert!(refused("segment.bytes", "99999999999").ends_with("Not a number of type INT"));
    assert!(refused("compression.gzip.level", "0").ends_with("Value must be between 1 and 9 or equal to -1"));
    assert!(refused("min.cleanable.dirty.ratio", "2").starts_with("Invalid value 2.0 for"));
    assert!(refused("remote.storage.enable", "true").contains("no tiered storage"));
    assert!(refused("leader.replication.throttled.replicas", "a").starts_with("Invalid value [a]"));
}

#[test]
fn a_topic_inherits_from_the_broker_and_overrides_it() {
    let config = broker(&[("log.retention.minutes", "2"), ("compression.type", "zstd")]);
    let topic = TopicConfig::new(&config, &overrides(&[("cleanup.policy", "compact, delete")]));
    assert_eq!(topic.retention_ms, 120_000);
    assert_eq!(topic.compression, StoredCompression::Codec(thalweg_model::batch::Codec::Zstd, 3));
    assert_eq!(topic.cleanup_policy, CleanupPolicy { delete: true, compact: true });
    let later = config.with_dynamic(overrides(&[("log.retention.ms", "5")]), Overrides::new());
    assert_eq!(TopicConfig::new(&later, &Overrides::new()).retention_ms, 5);
    let for_ever = config.with_dynamic(overrides(&[("log.retention.ms", "-7")]), Overrides::new());
    assert_eq!(TopicConfig::new(&for_ever, &Overrides::new()).retention_ms, -1);
}

#[test]
fn synonyms_stand_in_kafkas_order() {
    let config = broker(&[("log.retention.ms", "7"), ("log.retention.hours", "3")])
        .with_dynamic(overrides(&[("log.retention.ms", "8")]), overrides(&[("log.retention.ms", "9")]));
    let set = overrides(&[("retention.ms", " 10 ")]);
    let entries = config.describe_topic(&set, &|name| name == "retention.ms", BOTH);
    let found: Vec<_> = entries[0]
        .synonyms
        .iter()
        .map(|synonym| (&*synonym.name, synonym.value.as_deref().unwrap_or("null"), synonym.source))
        .collect();
    let expected = [
        ("retention.ms", "10", ConfigSource::Topic),
        ("log.retention.ms", "9", ConfigSource::DynamicBroker),
        ("log.retention.ms", "8", ConfigSource::DynamicDefaultBroker),
        ("log.retention.ms", "7", ConfigSource::StaticBroker),
        ("log.retention.hours", "3", ConfigSource::StaticBroker),
        ("log.retention.hours", "168", ConfigSource::Default),
    ];
    assert_eq!(found, expected);
    let hours = broker(&[("log.retention.hours", "3")]);
    let entries = hours.describe_topic(&Overrides::new(), &|name| name == "retention.ms", BOTH);
    assert_eq!(entries[0].value.as_deref(), Some("10800000"));
    assert_eq!((entries[0].synonyms.len(), entries[0].source), (0, ConfigSource::Default));
}

#[test]
fn lists_grow_and_shrink_and_nothing_else_does() {
    let config = BrokerConfig::default();
    let append = [change("cleanup.policy", ConfigOperation::Append, "compact,delete")];
    let both = config.alter_topic(&Overrides::new(), &append).unwrap();
    assert_eq!(both, overrides(&[("cleanup.policy", "delete,compact")]));
    let subtract = [change("cleanup.policy", ConfigOperation::Subtract, "delete")];
    let compact = config.alter_topic(&both, &subtract).unwrap();
    assert_eq!(compact, overrides(&[("cleanup.policy", "compact")]));
    let delete =
        [ConfigChange { name: "cleanup.policy".into(), operation: ConfigOperation::Delete, value: None }];
    assert_eq!(config.alter_topic(&compact, &delete).unwrap(), Overrides::new());
    let number = [change("retention.ms", ConfigOperation::Append, "1")];
    assert!(matches!(config.alter_topic(&compact, &number), Err(ConfigError::InvalidConfig(_))));
    let twice = [
        change("retention.ms", ConfigOperation::Set, "1"),
        change("retention.ms", ConfigOperation::Set, "2"),
    ];
    assert!(matches!(config.alter_topic(&compact, &twice), Err(ConfigError::InvalidRequest(_))));
    let nothing =
        [ConfigChange { name: "retention.ms".into(), operation: ConfigOperation::Set, value: None }];
    assert!(matches!(config.alter_topic(&compact, &nothing), Err(ConfigError::InvalidRequest(_))));
    let lags = [
        change("min.compaction.lag.ms", ConfigOperation::Set, "10"),
        change("max.compaction.lag.ms", ConfigOperation::Set, "5"),
    ];
    assert!(matches!(config.alter_topic(&compact, &lags), Err(ConfigError::InvalidConfig(_))));
}

#[test]
fn brokers_take_what_kafka_calls_dynamic_and_nothing_else() {
    let config = BrokerConfig::default();
    let alter = |scope, name: &str, value: &str| {
        config.alter_broker(scope, &[change(name, ConfigOperation::Set, value)])
    };
    let refused = |result: Result<Overrides, ConfigError>| match result {
        Err(ConfigError::InvalidRequest(text)) => text,
        other => panic!("{other:?}"),
    };
    let text = refused(alter(DynamicScope::Broker, "num.partitions", "3"));
    assert_eq!(text, "Cannot update these configs dynamically: [num.partitions]");
    assert!(
        refused(alter(DynamicScope::Cluster, "listeners", "PLAINTEXT://:1"))
            .contains("default cluster level")
    );
    assert!(
        refused(alter(DynamicScope::Broker, "listeners", "PLAINTEXT://:1")).contains("at the start alone")
    );
    assert!(refused(alter(DynamicScope::Broker, "ssl.keystore.type", "x")).contains("ssl.keystore.type"));
    assert!(refused(alter(DynamicScope::Cluster, "message.max.bytes", "-1")).contains("at least 0"));
    // Also where all that is set for all brokers, min.insync.replicas too, would go with it.
    let kept = config.with_dynamic(overrides(&[("min.insync.replicas", "1")]), Overrides::new());
    let whole = [("num.partitions".into(), Some("3".into()))];
    refused(kept.replace_broker(DynamicScope::Cluster, &whole));
    let set = alter(DynamicScope::Cluster, "message.max.bytes", "2000").unwrap();
    let later = config.with_dynamic(set, Overrides::new());
    assert_eq!(later.message_max_bytes, 2000);
    let shown = later.describe_cluster(&|_| true, BOTH);
    assert_eq!((shown.len(), shown[0].source), (1, ConfigSource::DynamicDefaultBroker));
    assert!(alter(DynamicScope::Broker, "foo", "bar").is_ok());
}

#[test]
fn a_start_is_refused_unknown_names_bad_values_and_what_is_not_there_yet() {
    let start = |name: &str, value: &str| BrokerConfig::new(overrides(&[(name, value)])).map(|_| ());
    assert_eq!(start("num.partition", "3"), Err(SettingError::Unknown("num.partition".into())));
    assert!(matches!(start("num.partitions", "0"), Err(SettingError::Value(_))));
    assert!(matches!(start("ssl.keystore.location", "/x"), Err(SettingError::NotYet { .. })));
    assert!(matches!(
        start("listener.name.internal.ssl.keystore.location", "/x"),
        Err(SettingError::NotYet { .. })
    ));
    assert!(matches!(start("super.users", "User:root"), Err(SettingError::NotYet { .. })));
    assert_eq!(start("ssl.client.auth", "none"), Ok(()));
    for name in ["log.retention.ms", "log.retention.minutes", "log.retention.hours", "log.roll.ms"] {
        assert!(matches!(start(name, "0"), Err(SettingError::Value(_))), "{name}");
    }
    assert!(matches!(start("log.roll.jitter.ms", "-1"), Err(SettingError::Value(_))));
    assert_eq!(start("log.retention.ms", "-1"), Ok(()));
    broker(&[("log.retention.hours", "0"), ("log.retention.ms", "5")]);
    let zero = [("log.retention.ms".into(), Some("0".into()))];
    for scope in [DynamicScope::Cluster, DynamicScope::Broker] {
        let changed = broker(&[]).replace_broker(scope, &zero);
        assert!(matches!(changed, Err(ConfigError::InvalidRequest(_))), "{changed:?}");
    }
    assert_eq!(
        broker(&[("num.io.threads", "4"), ("num.partitions", "2")]).without_meaning(),
        ["num.io.threads"]
    );
    let own = [("listener.name.in.max.connections", "5"), ("listener.name.in.num.network.threads", "5")];
    let own = broker(&own);
    assert_eq!(own.without_meaning(), ["listener.name.in.num.network.threads"]);
    assert_eq!(own.by_listener("max.connections"), [("IN".into(), value::Value::Number(5))]);
    assert_eq!(broker(&[("node.id", "7")]).value("broker.id"), Some(value::Value::Number(7)));
}
