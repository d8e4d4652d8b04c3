//! Settings through the door: described, altered, in effect at once.

use super::*;
use crate::Answer;
use crate::loggers::{LogLevel, Loggers};
use crate::session::configs::{
    ConfigChange, ConfigError, ConfigOperation, DescribeOptions, Resource, ResourceKind,
};

fn resource(kind: ResourceKind, name: &str) -> Resource {
    Resource { kind, name: name.into() }
}

fn set(name: &str, value: &str) -> ConfigChange {
    ConfigChange { name: name.into(), operation: ConfigOperation::Set, value: Some(value.into()) }
}

fn value(bench: &Bench, resource: &Resource, name: &str) -> Option<String> {
    let described = bench.session.configs().describe(resource, Some(&[name]), DescribeOptions::default());
    let mut entries = described.value.expect("the resource is there");
    entries.pop()?.value.map(|value| value.to_string())
}

#[test]
fn a_topics_settings_change_with_effect_at_once() {
    let backends = memory();
    bench_over(backends.clone(), &[], async |bench| {
        bench.create("t", 1, &[]).await;
        let topic = resource(ResourceKind::Topic, "t");
        let configs = bench.session.configs();
        let changes = [set("max.message.bytes", "100"), set("retention.ms", "7")];
        configs.alter_incrementally(&topic, &changes, true).await.value.expect("sound");
        assert_eq!(value(bench, &topic, "retention.ms").as_deref(), Some("604800000"));
        configs.alter_incrementally(&topic, &changes, false).await.value.expect("sound");
        assert_eq!(value(bench, &topic, "retention.ms").as_deref(), Some("7"));
        let large = "x".repeat(100);
        let refused = bench.append("t", Batch { values: &[&large], ..Batch::default() }).await;
        assert!(matches!(refused, Err(AppendError::Refused(_))));
        // All or nothing.
        let changes = [set("retention.ms", "8"), set("no.such", "1")];
        let refused = configs.alter_incrementally(&topic, &changes, false).await.value;
        assert!(matches!(refused, Err(ConfigError::InvalidConfig(_))), "{refused:?}");
        assert_eq!(value(bench, &topic, "retention.ms").as_deref(), Some("7"));
        let all = resource(ResourceKind::Topic, "");
        let refused = configs.alter_incrementally(&all, &[set("retention.ms", "8")], false).await.value;
        assert!(
            matches!(refused, Err(ConfigError::InvalidRequest(_))),
            "no settings of all topics: {refused:?}"
        );
    });
    bench_over(backends, &[], async |bench| {
        let topic = resource(ResourceKind::Topic, "t");
        assert_eq!(value(bench, &topic, "retention.ms").as_deref(), Some("7"));
        // Altered as a whole, what is not named falls back.
        let values = [("max.message.bytes".into(), Some("100".into()))];
        bench.session.configs().alter(&topic, &values, false).await.value.expect("sound");
        assert_eq!(value(bench, &topic, "retention.ms").as_deref(), Some("604800000"));
        assert_eq!(value(bench, &topic, "max.message.bytes").as_deref(), Some("100"));
    });
}

#[test]
fn topics_follow_the_brokers_settings() {
    let backends = memory();
    bench_over(backends.clone(), &[], async |bench| {
        bench.create("t", 1, &[]).await;
        bench.create("own", 1, &[("retention.ms", "5")]).await;
        let all = resource(ResourceKind::Broker, "");
        let changes = [set("log.retention.ms", "1234")];
        bench.session.configs().alter_incrementally(&all, &changes, false).await.value.expect("dynamic");
        assert_eq!(bench.partition("t").topic().config().retention_ms, 1234);
        assert_eq!(bench.partition("own").topic().config().retention_ms, 5);
        let one = resource(ResourceKind::Broker, "1");
        let changes = [set("log.retention.ms", "99")];
        bench.session.configs().alter_incrementally(&one, &changes, false).await.value.expect("dynamic");
        assert_eq!(bench.partition("t").topic().config().retention_ms, 99);
    });
    bench_over(backends, &[], async |bench| {
        assert_eq!(bench.partition("t").topic().config().retention_ms, 99);
        assert_eq!(bench.partition("own").topic().config().retention_ms, 5);
    });
}

#[test]
fn what_is_not_there_is_told() {
    bench(&[], async |bench| {
        let describe = |kind, name: &str| {
            let described =
                bench.session.configs().describe(&resource(kind, name), None, DescribeOptions::default());
            described.value.map(|entries| !entries.is_empty())
        };
        assert_eq!(describe(ResourceKind::Broker, "1"), Ok(true));
        assert_eq!(describe(ResourceKind::Broker, ""), Ok(true));
        assert!(matches!(describe(ResourceKind::Broker, "2"), Err(ConfigError::InvalidRequest(_))));
        assert!(matches!(describe(ResourceKind::Broker, "x"), Err(ConfigError::InvalidRequest(_))));
        assert!(matches!(describe(ResourceKind::Topic, "t"), Err(ConfigError::UnknownTopic(_))));
        assert!(matches!(describe(ResourceKind::Topic, "a b"), Err(ConfigError::InvalidTopic(_))));
        assert_eq!(describe(ResourceKind::Group, "g"), Ok(true));
        assert!(matches!(describe(ResourceKind::Group, ""), Err(ConfigError::InvalidRequest(_))));
        assert!(matches!(describe(ResourceKind::BrokerLogger, "1"), Err(ConfigError::InvalidRequest(_))));
        bench.create("t", 1, &[]).await;
        let listed = bench.session.configs().list(&[]);
        let own = [ResourceKind::BrokerLogger, ResourceKind::Broker].map(|kind| resource(kind, "1"));
        assert_eq!(listed, [&[resource(ResourceKind::Topic, "t")][..], &own].concat());
        assert_eq!(bench.session.configs().list(&[ResourceKind::Topic]).len(), 1);
    });
}

#[test]
fn files_go_after_the_time_that_holds_for_their_topics() {
    let backends = memory();
    let blobs = backends.blobs.clone();
    bench_over(backends, &[("log.segment.delete.delay.ms", "50000")], async |bench| {
        let change = async |kind, name: &str, setting: &str, value: &str| {
            let (resource, changes) = (resource(kind, name), [set(setting, value)]);
            let changed = bench.session.configs().alter_incrementally(&resource, &changes, false).await;
            changed.value.expect("dynamic");
        };
        let engine = bench.broker.engine();
        let released = async |topic: &str, waits: u64| {
            let end = bench.append_values(topic, &["a"]).await.0 + 1;
            engine.checkpoint().await;
            let seq = bench.partition(topic).move_start(Offset(end));
            bench.durable(seq);
            engine.checkpoint().await;
            assert_eq!(engine.usage().segment_bytes, 0, "{topic}");
            let files = async || blobs.list().await.expect("memory can be listed").len();
            bench.advance_ms(waits - 1000);
            engine.checkpoint().await;
            assert_eq!(files().await, 1, "{topic}");
            bench.advance_ms(1000);
            engine.checkpoint().await;
            assert_eq!(files().await, 0, "{topic}");
        };
        bench.create("plain", 1, &[]).await;
        bench.create("own", 1, &[("file.delete.delay.ms", "2000")]).await;
        released("plain", 50_000).await;
        released("own", 2000).await;
        change(ResourceKind::Topic, "own", "file.delete.delay.ms", "4000").await;
        released("own", 4000).await;
        change(ResourceKind::Broker, "", "log.segment.delete.delay.ms", "7000").await;
        released("own", 4000).await;
        released("plain", 7000).await;
    });
}

#[test]
fn groups_and_subscriptions_have_settings_that_outlive_a_restart() {
    let backends = memory();
    let group = resource(ResourceKind::Group, "g");
    let metrics = resource(ResourceKind::ClientMetrics, "m");
    let kinds = [ResourceKind::Group, ResourceKind::ClientMetrics];
    bench_over(backends.clone(), &[], async |bench| {
        let configs = bench.session.configs();
        let changes = [set("consumer.session.timeout.ms", "46000")];
        configs.alter_incrementally(&group, &changes, true).await.value.expect("sound");
        assert!(configs.list(&kinds).is_empty(), "it was only looked at");
        configs.alter_incrementally(&group, &changes, false).await.value.expect("sound");
        configs.alter_incrementally(&metrics, &[set("metrics", "*")], false).await.value.expect("sound");
        let nobody = resource(ResourceKind::Group, "");
        assert!(configs.alter_incrementally(&nobody, &changes, false).await.value.is_err());
    });
    bench_over(backends.clone(), &[], async |bench| {
        assert_eq!(bench.session.configs().list(&kinds), [metrics.clone(), group.clone()]);
        assert_eq!(value(bench, &group, "consumer.session.timeout.ms").as_deref(), Some("46000"));
        assert_eq!(value(bench, &metrics, "metrics").as_deref(), Some("*"));
        // What is altered as a whole to nothing is forgotten.
        bench.session.configs().alter(&group, &[], false).await.value.expect("sound");
        assert_eq!(bench.session.configs().list(&kinds), std::slice::from_ref(&metrics));
    });
    bench_over(backends, &[], async |bench| {
        assert_eq!(value(bench, &group, "consumer.session.timeout.ms").as_deref(), Some("45000"));
    });
}

#[test]
fn all_brokers_keep_min_insync_replicas() {
    bench_over(memory(), &[("min.insync.replicas", "2")], async |bench| {
        let (all, one) = (resource(ResourceKind::Broker, ""), resource(ResourceKind::Broker, "1"));
        let configs = bench.session.configs();
        assert_eq!(value(bench, &all, "min.insync.replicas").as_deref(), Some("2"));
        let refused = |changed: Answer<Result<(), ConfigError>>| {
            matches!(changed.value, Err(ConfigError::InvalidConfig(_)))
        };
        let changes = [set("min.insync.replicas", "3")];
        assert!(refused(configs.alter_incrementally(&one, &changes, false).await));
        configs.alter_incrementally(&all, &changes, false).await.value.expect("dynamic");
        let gone = ConfigChange {
            name: "min.insync.replicas".into(),
            operation: ConfigOperation::Delete,
            value: None,
        };
        assert!(refused(configs.alter_incrementally(&all, &[gone], false).await));
        assert!(refused(configs.alter(&all, &[], false).await));
        bench.create("t", 1, &[]).await;
        assert_eq!(
            value(bench, &resource(ResourceKind::Topic, "t"), "min.insync.replicas").as_deref(),
            Some("3")
        );
    });
}

#[test]
fn log_levels_are_told_and_changed_one_by_one() {
    #[derive(Default)]
    struct Levels(parking_lot::Mutex<Option<LogLevel>>);
    impl Loggers for Levels {
        fn levels(&self) -> Vec<(Arc<str>, LogLevel)> {
            vec![("root".into(), LogLevel::Info), ("net".into(), self.0.lock().unwrap_or(LogLevel::Info))]
        }
        fn set(&self, logger: &str, level: Option<LogLevel>) {
            assert_eq!(logger, "net");
            *self.0.lock() = level;
        }
    }
    bench(&[], async |bench| {
        bench.broker.set_loggers(Arc::new(Levels::default()));
        let own = resource(ResourceKind::BrokerLogger, "1");
        let configs = bench.session.configs();
        let change = async |name: &str, operation, value: &str, looks| {
            let change = ConfigChange { name: name.into(), operation, value: Some(value.into()) };
            configs.alter_incrementally(&own, &[change], looks).await.value
        };
        use ConfigOperation::{Append, Delete, Set};
        assert_eq!(change("net", Set, "DEBUG", true).await, Ok(()));
        assert_eq!(value(bench, &own, "net").as_deref(), Some("INFO"));
        assert_eq!(change("net", Set, "DEBUG", false).await, Ok(()));
        assert_eq!(value(bench, &own, "net").as_deref(), Some("DEBUG"));
        assert!(matches!(change("net", Set, "loud", false).await, Err(ConfigError::InvalidConfig(_))));
        assert!(matches!(change("no", Set, "DEBUG", false).await, Err(ConfigError::InvalidConfig(_))));
        assert!(matches!(change("root", Delete, "", false).await, Err(ConfigError::InvalidRequest(_))));
        assert!(matches!(change("net", Append, "x", false).await, Err(ConfigError::InvalidRequest(_))));
        assert_eq!(change("net", Delete, "", false).await, Ok(()));
        assert_eq!(value(bench, &own, "net").as_deref(), Some("INFO"));
        assert!(configs.alter(&own, &[], false).await.value.is_err());
        let other = resource(ResourceKind::BrokerLogger, "7");
        assert!(configs.describe(&other, None, DescribeOptions::default()).value.is_err());
    });
}
