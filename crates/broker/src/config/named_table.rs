//! Settings of groups and of subscriptions to clients' metrics, one row each, as Kafka 4.4 has them. They are kept and
//! told; what they steer (the consumer, share and streams protocols, telemetry) is not there yet.

use super::definition::{Definition, boolean, int, list, string};

pub(super) const GROUPS: &[Definition] = &[
    int("consumer.assignment.interval.ms")
        .default("1000")
        .at_least(0)
        .brokers(&["group.consumer.assignment.interval.ms"])
        .no_meaning("Least milliseconds between two assignments of the group."),
    int("consumer.heartbeat.interval.ms")
        .default("5000")
        .at_least(1)
        .brokers(&["group.consumer.heartbeat.interval.ms"])
        .no_meaning("Milliseconds between heartbeats of the group's members."),
    int("consumer.session.timeout.ms")
        .default("45000")
        .at_least(1)
        .brokers(&["group.consumer.session.timeout.ms"])
        .no_meaning("Milliseconds of silence after which a member of the group is removed."),
    boolean("errors.deadletterqueue.copy.record.enable")
        .default("false")
        .no_meaning("Whether a record that a share group gave up is copied with its key and value."),
    string("errors.deadletterqueue.topic.name")
        .default("")
        .no_meaning("The topic for records that a share group gave up; empty for none."),
    int("share.assignment.interval.ms")
        .default("1000")
        .at_least(0)
        .brokers(&["group.share.assignment.interval.ms"])
        .no_meaning("Least milliseconds between two assignments of the share group."),
    string("share.auto.offset.reset").default("latest").no_meaning(
        "Where a share group begins that has no offset: `earliest`, `latest`, or a duration before now.",
    ),
    int("share.delivery.count.limit")
        .default("5")
        .at_least(1)
        .brokers(&["group.share.delivery.count.limit"])
        .no_meaning("How often a record is delivered to the share group before it is given up."),
    int("share.heartbeat.interval.ms")
        .default("5000")
        .at_least(1)
        .brokers(&["group.share.heartbeat.interval.ms"])
        .no_meaning("Milliseconds between heartbeats of the share group's members."),
    string("share.isolation.level")
        .default("read_uncommitted")
        .one_of(&["read_committed", "read_uncommitted"])
        .no_meaning("Whether the share group reads records of transactions that are not committed."),
    int("share.partition.max.record.locks")
        .default("2000")
        .at_least(1)
        .brokers(&["group.share.partition.max.record.locks"])
        .no_meaning("Most records of one partition that the share group holds locked at a time."),
    int("share.record.lock.duration.ms")
        .default("30000")
        .at_least(1)
        .brokers(&["group.share.record.lock.duration.ms"])
        .no_meaning("Milliseconds for which a record is locked for the member that got it."),
    boolean("share.renew.acknowledge.enable")
        .default("true")
        .no_meaning("Whether members of the share group may lengthen the lock of a record."),
    int("share.session.timeout.ms")
        .default("45000")
        .at_least(1)
        .brokers(&["group.share.session.timeout.ms"])
        .no_meaning("Milliseconds of silence after which a member of the share group is removed."),
    int("streams.assignment.interval.ms")
        .default("1000")
        .at_least(0)
        .brokers(&["group.streams.assignment.interval.ms"])
        .no_meaning("Least milliseconds between two assignments of the streams group."),
    string("streams.assignor.name")
        .default("sticky")
        .brokers(&["group.streams.assignors"])
        .no_meaning("How the tasks of the streams group are spread."),
    int("streams.heartbeat.interval.ms")
        .default("5000")
        .at_least(1)
        .brokers(&["group.streams.heartbeat.interval.ms"])
        .no_meaning("Milliseconds between heartbeats of the streams group's members."),
    int("streams.initial.rebalance.delay.ms")
        .default("3000")
        .at_least(0)
        .brokers(&["group.streams.initial.rebalance.delay.ms"])
        .no_meaning("Milliseconds that the first rebalance of the streams group waits for more members."),
    int("streams.num.standby.replicas")
        .default("0")
        .at_least(0)
        .brokers(&["group.streams.num.standby.replicas"])
        .no_meaning("Standby copies of each task of the streams group."),
    list("streams.rack.aware.assignment.tags")
        .default("")
        .brokers(&["group.streams.rack.aware.assignment.tags"])
        .no_meaning("Client tags by which the copies of a task are spread."),
    int("streams.session.timeout.ms")
        .default("45000")
        .at_least(1)
        .brokers(&["group.streams.session.timeout.ms"])
        .no_meaning("Milliseconds of silence after which a member of the streams group is removed."),
];

pub(super) const CLIENT_METRICS: &[Definition] = &[
    int("interval.ms")
        .default("300000")
        .between(100, 3_600_000)
        .no_meaning("Milliseconds between two pushes of a client's metrics."),
    list("match").default("").no_meaning(
        "Which clients are meant: `NAME=PATTERN` pairs that all have to fit; none for all clients.",
    ),
    list("metrics")
        .default("")
        .no_meaning("Beginnings of the names of the metrics that are wanted; `*` for all."),
];
