//! rust-rdkafka: every scenario but what the crate does not offer (said where it is skipped).

mod scenarios;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures::executor::block_on;
use futures::future::join_all;
use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, Headers, Message, OwnedHeaders, OwnedMessage};
use rdkafka::producer::{BaseProducer, FutureProducer, FutureRecord, Producer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::{ClientContext, Timestamp};

use scenarios::*;

fn main() {
    let mut all: Vec<Scenario> = Vec::new();
    for codec in CODECS {
        all.push((
            format!("codec-{codec}"),
            Box::new(move |boot| {
                codec_round_trip(boot, codec);
                Ok(())
            }),
        ));
    }
    let plain: &[(&str, fn(&str))] = &[
        ("record-shapes", record_shapes),
        ("near-limit", near_limit),
        ("idempotent", idempotent),
        ("group-join-leave", group_join_leave),
        ("group-static", group_static),
        ("group-cooperative", group_cooperative),
        ("commit-resume", commit_resume),
        ("seek-offset", seek_offset),
        ("seek-time", seek_time),
        ("admin-topics", admin_topics),
        ("admin-partitions", admin_partitions),
        ("admin-configs", admin_configs),
        ("admin-groups", admin_groups),
        ("admin-delete-records", admin_delete_records),
        ("large-fetch", large_fetch),
        ("large-record", large_record),
    ];
    for (name, run) in plain {
        all.push((
            (*name).to_owned(),
            Box::new(move |boot| {
                run(boot);
                Ok(())
            }),
        ));
    }
    let skip = |why: &'static str| Box::new(move |_: &str| Err(why.to_owned()));
    all.push(("admin-offsets".into(), skip("the crate has no such admin calls")));
    all.push(("many-partitions".into(), skip("confluent-kafka stands for librdkafka")));
    all.push(("transactions-refused".into(), Box::new(transactions_refused)));
    scenarios::main(all);
}

fn config(boot: &str, settings: &[(&str, &str)]) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", boot).set("log_level", "3");
    for (name, value) in settings {
        config.set(*name, *value);
    }
    config
}

fn admin(boot: &str) -> AdminClient<DefaultClientContext> {
    config(boot, &[]).create().expect("an admin client")
}

fn options() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(WAIT)).request_timeout(Some(WAIT))
}

fn create(boot: &str, partitions: i32, configs: &[(&str, &str)]) -> String {
    let name = fresh("rust");
    let mut topic = NewTopic::new(&name, partitions, TopicReplication::Fixed(1));
    for (key, value) in configs {
        topic = topic.set(key, value);
    }
    let admin = admin(boot);
    let made = block_on(admin.create_topics([&topic], &options())).expect("the call succeeds");
    equal(made, vec![Ok(name.clone())], "created");
    until("the topic appears", || count_partitions(boot, &name) == partitions as usize);
    name
}

fn count_partitions(boot: &str, topic: &str) -> usize {
    let admin = admin(boot);
    let metadata = admin.inner().fetch_metadata(Some(topic), WAIT).expect("metadata");
    metadata.topics()[0].partitions().len()
}

type Sent = Vec<Result<i64, KafkaError>>;

fn try_produce(
    boot: &str,
    topic: &str,
    partition: i32,
    records: &[Sample],
    at: &[i64],
    settings: &[(&str, &str)],
) -> Sent {
    let producer: FutureProducer = config(boot, &[("linger.ms", "5")])
        .tap(|config| {
            for (name, value) in settings {
                config.set(*name, *value);
            }
        })
        .create()
        .expect("a producer");
    let mut sent = Vec::new();
    for (index, sample) in records.iter().enumerate() {
        let mut headers = OwnedHeaders::new();
        for (key, value) in &sample.headers {
            headers = headers.insert(Header { key, value: value.as_ref() });
        }
        let mut record = FutureRecord::<[u8], [u8]>::to(topic).partition(partition).headers(headers);
        record.key = sample.key.as_deref();
        record.payload = sample.value.as_deref();
        record.timestamp = at.get(index).copied();
        sent.push(match producer.send_result(record) {
            Ok(future) => future,
            Err((error, _)) => panic!("cannot queue: {error}"),
        });
    }
    let reports = block_on(join_all(sent));
    reports
        .into_iter()
        .map(|report| match report.expect("the producer lives") {
            Ok(delivery) => Ok(delivery.offset),
            Err((error, _)) => Err(error),
        })
        .collect()
}

trait Tap: Sized {
    fn tap(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

impl Tap for ClientConfig {}

fn produce(
    boot: &str,
    topic: &str,
    partition: i32,
    records: &[Sample],
    settings: &[(&str, &str)],
) -> Vec<i64> {
    let sent = try_produce(boot, topic, partition, records, &[], settings);
    sent.into_iter().map(|each| each.expect("the record is taken")).collect()
}

fn consumer(boot: &str, group: &str, settings: &[(&str, &str)]) -> BaseConsumer {
    group_config(boot, group, settings).create().expect("a consumer")
}

fn group_config(boot: &str, group: &str, settings: &[(&str, &str)]) -> ClientConfig {
    config(
        boot,
        &[
            ("group.id", group),
            ("auto.offset.reset", "earliest"),
            ("enable.auto.commit", "false"),
            ("session.timeout.ms", "6000"),
            ("heartbeat.interval.ms", "200"),
        ],
    )
    .tap(|config| {
        for (name, value) in settings {
            config.set(*name, *value);
        }
    })
}

fn take<C: ConsumerContext>(who: &BaseConsumer<C>, count: usize) -> Vec<OwnedMessage> {
    let deadline = Instant::now() + WAIT;
    let mut found = Vec::new();
    while found.len() < count {
        assert!(Instant::now() < deadline, "{} of {count} records in time", found.len());
        if let Some(message) = who.poll(Duration::from_millis(200)) {
            found.push(message.expect("a record").detach());
        }
    }
    found
}

fn at(topic: &str, partition: i32, offset: Offset) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, offset).expect("a legal offset");
    list
}

fn read_all(
    boot: &str,
    topic: &str,
    partition: i32,
    count: usize,
    settings: &[(&str, &str)],
) -> Vec<OwnedMessage> {
    let who = consumer(boot, &fresh("group"), settings);
    who.assign(&at(topic, partition, Offset::Beginning)).expect("assigned");
    take(&who, count)
}

fn plain(message: &OwnedMessage) -> Sample {
    let headers = message.headers().map(|headers| {
        headers.iter().map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec))).collect()
    });
    Sample {
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        headers: headers.unwrap_or_default(),
    }
}

fn same(found: &[OwnedMessage], expected: &[Sample]) {
    for (index, (message, sample)) in found.iter().zip(expected).enumerate() {
        equal(&plain(message), sample, &format!("record {index}"));
        equal(message.offset(), index as i64, "offset");
    }
    equal(found.len(), expected.len(), "number of records");
}

fn codec_round_trip(boot: &str, codec: &str) {
    let topic = create(boot, 1, &[]);
    produce(boot, &topic, 0, &samples(300), &[("compression.type", codec)]);
    same(&read_all(boot, &topic, 0, 300, &[]), &samples(300));
}

fn record_shapes(boot: &str) {
    let topic = create(boot, 1, &[]);
    produce(boot, &topic, 0, &shapes(), &[]);
    same(&read_all(boot, &topic, 0, shapes().len(), &[]), &shapes());
}

fn near_limit(boot: &str) {
    let topic = create(boot, 1, &[]);
    let larger = [("message.max.bytes", "2000000")];
    produce(boot, &topic, 0, &[Sample::new(None, Some(&noise(NEAR_LIMIT, 1)))], &larger);
    assert!(
        read_all(boot, &topic, 0, 1, &[])[0].payload() == Some(&noise(NEAR_LIMIT, 1)),
        "it came as it was"
    );
    let sent = try_produce(boot, &topic, 0, &[Sample::new(None, Some(&noise(1_200_000, 1)))], &[], &larger);
    let refused =
        matches!(sent[0], Err(KafkaError::MessageProduction(RDKafkaErrorCode::MessageSizeTooLarge)));
    assert!(refused, "a record above the limit: {sent:?}");
}

fn idempotent(boot: &str) {
    let topic = create(boot, 1, &[]);
    let settings = [("enable.idempotence", "true"), ("batch.num.messages", "50")];
    let offsets = produce(boot, &topic, 0, &numbers(2000), &settings);
    equal(offsets, (0..2000).collect(), "offsets");
    same(&read_all(boot, &topic, 0, 2000, &[]), &numbers(2000));
}

/// What a member was given and gave up.
#[derive(Default)]
struct Owned {
    partitions: BTreeSet<i32>,
    given: usize,
    given_up: usize,
}

struct Watch(Arc<Mutex<Owned>>);

impl ClientContext for Watch {}

impl ConsumerContext for Watch {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        let mut owned = self.0.lock().expect("no panic with it in hand");
        match rebalance {
            Rebalance::Assign(list) => {
                owned.given += 1;
                owned.partitions.extend(list.elements().iter().map(|each| each.partition()));
            }
            Rebalance::Revoke(list) => {
                owned.given_up += list.count();
                for each in list.elements() {
                    owned.partitions.remove(&each.partition());
                }
            }
            Rebalance::Error(_) => {}
        }
    }
}

struct Member {
    consumer: BaseConsumer<Watch>,
    owned: Arc<Mutex<Owned>>,
    read: Vec<OwnedMessage>,
}

impl Member {
    fn join(boot: &str, group: &str, topic: &str, settings: &[(&str, &str)]) -> Self {
        let owned = Arc::<Mutex<Owned>>::default();
        let consumer: BaseConsumer<Watch> =
            group_config(boot, group, settings).create_with_context(Watch(owned.clone())).expect("a member");
        consumer.subscribe(&[topic]).expect("subscribed");
        Self { consumer, owned, read: Vec::new() }
    }

    fn poll(&mut self) {
        while let Some(Ok(message)) = self.consumer.poll(Duration::from_millis(30)) {
            self.read.push(message.detach());
        }
    }

    fn owned(&self) -> BTreeSet<i32> {
        self.owned.lock().expect("no panic with it in hand").partitions.clone()
    }
}

fn settled(partitions: usize, members: &mut [&mut Member]) {
    until(&format!("{} members share {partitions} partitions", members.len()), || {
        members.iter_mut().for_each(|member| member.poll());
        let each: Vec<_> = members.iter().map(|member| member.owned()).collect();
        let all: BTreeSet<i32> = each.iter().flatten().copied().collect();
        let sum: usize = each.iter().map(BTreeSet::len).sum();
        each.iter().all(|owned| !owned.is_empty()) && sum == partitions && all.len() == partitions
    });
}

fn group_join_leave(boot: &str) {
    let (topic, group) = (create(boot, 6, &[]), fresh("group"));
    for partition in 0..6 {
        produce(boot, &topic, partition, &samples(20), &[]);
    }
    let mut first = Member::join(boot, &group, &topic, &[]);
    let mut second = Member::join(boot, &group, &topic, &[]);
    settled(6, &mut [&mut first, &mut second]);
    let mut third = Member::join(boot, &group, &topic, &[]);
    settled(6, &mut [&mut first, &mut second, &mut third]);
    drop(first);
    settled(6, &mut [&mut second, &mut third]);
    produce(boot, &topic, 3, &[Sample::new(None, Some(b"last"))], &[]);
    until("the last record is read", || {
        second.poll();
        third.poll();
        second.read.iter().chain(&third.read).any(|message| message.payload() == Some(b"last"))
    });
}

fn group_static(boot: &str) {
    let (topic, group) = (create(boot, 4, &[]), fresh("group"));
    let mut first = Member::join(boot, &group, &topic, &[("group.instance.id", "static-0")]);
    let mut second = Member::join(boot, &group, &topic, &[("group.instance.id", "static-1")]);
    settled(4, &mut [&mut first, &mut second]);
    let (before, given) = (first.owned(), second.owned.lock().expect("free").given);
    drop(first);
    let mut first = Member::join(boot, &group, &topic, &[("group.instance.id", "static-0")]);
    settled(4, &mut [&mut first, &mut second]);
    equal(first.owned(), before, "partitions after the return");
    equal(second.owned.lock().expect("free").given, given, "rebalances of the other member");
}

fn group_cooperative(boot: &str) {
    let (topic, group) = (create(boot, 6, &[]), fresh("group"));
    let sticky = [("partition.assignment.strategy", "cooperative-sticky")];
    let mut first = Member::join(boot, &group, &topic, &sticky);
    settled(6, &mut [&mut first]);
    let mut second = Member::join(boot, &group, &topic, &sticky);
    settled(6, &mut [&mut first, &mut second]);
    equal(first.owned().len(), 3, "partitions kept");
    equal(first.owned.lock().expect("free").given_up, 3, "partitions given up");
}

fn commit_resume(boot: &str) {
    let (topic, group) = (create(boot, 1, &[]), fresh("group"));
    produce(boot, &topic, 0, &samples(100), &[]);
    let first = consumer(boot, &group, &[]);
    first.subscribe(&[&topic]).expect("subscribed");
    take(&first, 40);
    first.commit(&at(&topic, 0, Offset::Offset(40)), CommitMode::Sync).expect("committed");
    let committed = first.committed_offsets(at(&topic, 0, Offset::Invalid), WAIT).expect("read back");
    equal(committed.elements()[0].offset(), Offset::Offset(40), "committed");
    drop(first);
    let second = consumer(boot, &group, &[]);
    second.subscribe(&[&topic]).expect("subscribed");
    let found: Vec<i64> = take(&second, 60).iter().map(Message::offset).collect();
    equal(found, (40..100).collect(), "offsets after the return");
}

fn seek_offset(boot: &str) {
    let topic = create(boot, 1, &[]);
    produce(boot, &topic, 0, &samples(100), &[]);
    let who = consumer(boot, &fresh("group"), &[]);
    who.assign(&at(&topic, 0, Offset::Beginning)).expect("assigned");
    take(&who, 5);
    for offset in [70, 10] {
        who.seek(&topic, 0, Offset::Offset(offset), WAIT).expect("sought");
        equal(take(&who, 1)[0].offset(), offset, "offset");
    }
    equal(who.fetch_watermarks(&topic, 0, WAIT).expect("watermarks"), (0, 100), "watermarks");
}

fn seek_time(boot: &str) {
    let topic = create(boot, 1, &[]);
    let now =
        SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970").as_millis() as i64;
    let start = now - 100_000;
    for i in 0..10 {
        try_produce(boot, &topic, 0, &numbers(1), &[start + i * 1000], &[])[0].as_ref().expect("taken");
    }
    let who = consumer(boot, &fresh("group"), &[]);
    let find = |ms: i64| {
        let found = who.offsets_for_times(at(&topic, 0, Offset::Offset(ms)), WAIT).expect("offsets");
        found.elements()[0].offset()
    };
    equal(find(start - 1), Offset::Offset(0), "offset before all");
    equal(find(start + 4000), Offset::Offset(4), "offset at a time");
    equal(find(start + 4001), Offset::Offset(5), "offset between times");
    equal(find(start + 99_999), Offset::End, "offset after all");
    equal(
        read_all(boot, &topic, 0, 6, &[])[5].timestamp(),
        Timestamp::CreateTime(start + 5000),
        "time of a record",
    );
}

fn admin_topics(boot: &str) {
    let (name, admin) = (create(boot, 3, &[("retention.ms", "3600000")]), admin(boot));
    let again = |name: &str| {
        let topic = NewTopic::new(name, 1, TopicReplication::Fixed(1));
        block_on(admin.create_topics([&topic], &options())).expect("the call succeeds").remove(0)
    };
    equal(again(&name), Err((name.clone(), RDKafkaErrorCode::TopicAlreadyExists)), "created twice");
    equal(again("bad/name"), Err(("bad/name".to_owned(), RDKafkaErrorCode::InvalidTopic)), "a bad name");
    block_on(admin.delete_topics(&[&name], &options())).expect("the call succeeds")[0]
        .as_ref()
        .expect("deleted");
    let listed = || {
        let metadata = admin.inner().fetch_metadata(None, WAIT).expect("metadata");
        equal(metadata.brokers().len(), 1, "brokers");
        metadata.topics().iter().any(|topic| topic.name() == name)
    };
    until("the topic is gone", || !listed());
}

fn admin_partitions(boot: &str) {
    let (name, admin) = (create(boot, 2, &[]), admin(boot));
    let grow = |count| {
        let wanted = NewPartitions::new(&name, count);
        block_on(admin.create_partitions([&wanted], &options())).expect("the call succeeds").remove(0)
    };
    grow(5).expect("grown");
    until("five partitions", || count_partitions(boot, &name) == 5);
    produce(boot, &name, 4, &numbers(1), &[]);
    equal(read_all(boot, &name, 4, 1, &[]).len(), 1, "records in a new partition");
    equal(grow(3), Err((name.clone(), RDKafkaErrorCode::InvalidPartitions)), "fewer partitions");
}

fn admin_configs(boot: &str) {
    let (name, admin) = (create(boot, 1, &[("retention.ms", "3600000")]), admin(boot));
    let get = |key: &str| {
        let found = block_on(admin.describe_configs([&ResourceSpecifier::Topic(&name)], &options()));
        let resource = found.expect("the call succeeds").remove(0).expect("described");
        resource.get(key).expect("the config is there").value.clone().expect("it has a value")
    };
    equal((get("retention.ms"), get("cleanup.policy")), ("3600000".into(), "delete".into()), "configs");
    let alter = |key, value| {
        let change = AlterConfig::new(ResourceSpecifier::Topic(&name)).set(key, value);
        block_on(admin.alter_configs([&change], &options())).expect("the call succeeds").remove(0)
    };
    alter("max.message.bytes", "2000000").expect("altered");
    until("the change shows", || get("max.message.bytes") == "2000000");
    equal(get("retention.ms"), "604800000".into(), "retention.ms, left out of the new state");
    // the crate does not hand over the error of a single resource
    let _ = alter("retention.ms", "soon");
    equal(get("retention.ms"), "604800000".into(), "retention.ms after a bad value");
}

fn admin_groups(boot: &str) {
    let (topic, group, admin) = (create(boot, 2, &[]), fresh("group"), admin(boot));
    let mut member = Member::join(boot, &group, &topic, &[("client.id", "the-member")]);
    settled(2, &mut [&mut member]);
    let listed = |state: &str| {
        let groups = admin.inner().fetch_group_list(Some(&group), WAIT).expect("groups");
        groups.groups().iter().any(|each| each.name() == group && each.state() == state)
    };
    assert!(listed("Stable"), "the group is listed");
    let delete =
        || block_on(admin.delete_groups(&[&group], &options())).expect("the call succeeds").remove(0);
    equal(delete(), Err((group.clone(), RDKafkaErrorCode::NonEmptyGroup)), "a group with members");
    drop(member);
    until("the group is empty", || listed("Empty"));
    delete().expect("deleted");
    until("the group is gone", || !listed("Empty"));
}

fn admin_delete_records(boot: &str) {
    let (topic, admin) = (create(boot, 1, &[]), admin(boot));
    produce(boot, &topic, 0, &samples(50), &[]);
    block_on(admin.delete_records(&at(&topic, 0, Offset::Offset(30)), &options())).expect("deleted");
    let who = consumer(boot, &fresh("group"), &[]);
    equal(who.fetch_watermarks(&topic, 0, WAIT).expect("watermarks"), (30, 50), "watermarks");
    equal(read_all(boot, &topic, 0, 20, &[])[0].offset(), 30, "first offset left");
}

fn large_fetch(boot: &str) {
    let (topic, count) = (create(boot, 1, &[]), LARGE_FETCH / 990_000 + 2);
    let records: Vec<Sample> =
        (0..count).map(|i| Sample::new(None, Some(&noise(990_000, i as u64)))).collect();
    produce(boot, &topic, 0, &records, &[("batch.num.messages", "1")]);
    let (least, limit) = (LARGE_FETCH.to_string(), (LARGE_FETCH + 5_000_000).to_string());
    let found = read_all(
        boot,
        &topic,
        0,
        count,
        &[
            ("fetch.min.bytes", &least),
            ("fetch.wait.max.ms", "5000"),
            ("fetch.max.bytes", &limit),
            ("fetch.message.max.bytes", &limit),
            ("receive.message.max.bytes", "70000000"),
            ("queued.max.messages.kbytes", "200000"),
        ],
    );
    same(&found, &records);
}

fn large_record(boot: &str) {
    let limit = (LARGE_RECORD + 100_000).to_string();
    let topic = create(boot, 1, &[("max.message.bytes", &limit)]);
    let record = Sample::new(None, Some(&noise(LARGE_RECORD, 1)));
    produce(boot, &topic, 0, std::slice::from_ref(&record), &[("message.max.bytes", &limit)]);
    same(&read_all(boot, &topic, 0, 1, &[]), &[record]);
}

fn transactions_refused(boot: &str) -> Result<(), String> {
    if is_kafka() {
        return Err("Apache Kafka has transactions".to_owned());
    }
    let id = fresh("transaction");
    let producer: BaseProducer = config(boot, &[("transactional.id", &id)]).create().expect("a producer");
    let start = Instant::now();
    let refused =
        producer.init_transactions(Duration::from_secs(30)).expect_err("a transactional producer was let in");
    assert!(start.elapsed() < Duration::from_secs(10), "refused only after {:?}: {refused}", start.elapsed());
    let KafkaError::Transaction(error) = &refused else { panic!("another error: {refused}") };
    assert!(error.is_fatal() && !error.is_retriable(), "not final: {refused}");
    assert!(error.string().contains("does not serve transactions"), "no text: {refused}");
    Ok(())
}
