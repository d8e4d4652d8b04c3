//! Settings that Kafka does not show, and our own, which begin with `thalweg.`.

use super::super::definition::{Definition, boolean, int, list, long, string};

pub(super) const ROWS: &[Definition] = &[
    boolean("allow.everyone.if.no.acl.found")
        .default("false")
        .hidden()
        .not_yet("Whether a resource without ACLs is open to all. ACLs are not there yet."),
    list("super.users")
        .default("")
        .hidden()
        .not_yet("Principals to whom everything is allowed. ACLs are not there yet."),
    boolean("unstable.api.versions.enable")
        .default("false")
        .hidden()
        .acts("Whether versions of requests that are still being designed are offered: InitProducerId v6 (KIP-939) today."),
    long("log.initial.task.delay.ms")
        .default("30000")
        .at_least(0)
        .hidden()
        .acts("Milliseconds after the start before retention first looks for segments to release."),
    string("thalweg.durability").default("fsync").one_of(&["fsync", "os"]).hidden().acts(
        "When a record is acknowledged: `fsync`, when it is synced to disk; `os`, when the operating system has it, \
         which is faster and loses the newest records in a power cut.",
    ),
    long("thalweg.memory.frames.bytes")
        .default("67108864")
        .at_least(1_048_576)
        .hidden()
        .acts("Memory, in bytes, for requests that are being read and worked on."),
    long("thalweg.memory.tail.bytes")
        .default("100663296")
        .at_least(1_048_576)
        .hidden()
        .acts("Memory, in bytes, that keeps the newest records for reading."),
    long("thalweg.memory.wal.bytes")
        .default("16777216")
        .at_least(1_048_576)
        .hidden()
        .acts("Memory, in bytes, for writes on their way to the write-ahead log."),
    long("thalweg.memory.answers.bytes")
        .default("33554432")
        .at_least(1_048_576)
        .hidden()
        .acts("Memory, in bytes, for answers on their way to sockets."),
    long("thalweg.memory.data.bytes")
        .default("1073741824")
        .at_least(1_048_576)
        .hidden()
        .acts("Most bytes of records that a broker with `log.dirs=memory` keeps; above it appends are refused."),
    long("thalweg.checkpoint.interval.ms")
        .default("60000")
        .at_least(100)
        .hidden()
        .acts("Longest time, in milliseconds, for which a written record waits to be moved from the log to segments."),
    long("thalweg.scrub.bytes.per.second")
        .default("4194304")
        .at_least(0)
        .hidden()
        .acts(
            "How many bytes a second of stored records are read in the background and checked, past the page cache where \
             the disk can, so that damage is told before a consumer meets it; 0 checks nothing in the background.",
        ),
    long("thalweg.scrub.interval.ms")
        .default("604800000")
        .at_least(1000)
        .hidden()
        .acts(
            "Milliseconds from the beginning of one pass of the background check through all files to the beginning of \
             the next; the first begins a minute after the start, or sooner where this is less.",
        ),
    string("thalweg.admin.listener")
        .default("127.0.0.1:9644")
        .hidden()
        .acts("Address of health and metrics, as HOST:PORT, or `off`."),
    boolean("thalweg.allow.unauthenticated").default("false").hidden().acts(
        "Whether the broker may listen on other addresses than loopback though nobody is asked who they are.",
    ),
    int("thalweg.worker.threads")
        .default("0")
        .between(0, 1024)
        .hidden()
        .acts("Threads that serve connections; 0 takes as many as there are processors."),
    string("thalweg.log.level")
        .default("info")
        .hidden()
        .acts("What is logged: error, warn, info, debug or trace, or a list like `warn,thalweg_kafka=debug`."),
    string("thalweg.log.format").default("text").one_of(&["text", "json"]).hidden().acts("How log lines look."),
];
