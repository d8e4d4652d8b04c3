"""confluent-kafka (librdkafka): every scenario. What librdkafka itself cannot do is skipped with a word."""

import functools
import time

from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

from scenarios import (
    CODECS,
    LARGE_FETCH,
    LARGE_RECORD,
    MANY_PARTITIONS,
    NEAR_LIMIT,
    SHAPES,
    Skip,
    check,
    equal,
    fresh,
    is_kafka,
    main,
    noise,
    sample_records,
    until,
)


@functools.cache
def admin(boot):
    """One for all: its futures end with it."""
    return AdminClient({"bootstrap.servers": boot})


def wait(futures):
    return {key: future.result(60) for key, future in futures.items()}


def create(boot, partitions=1, config=None, name=None):
    name = name or fresh("confluent")
    wait(admin(boot).create_topics([NewTopic(name, partitions, 1, config=config or {})]))
    until(lambda: len(known_partitions(boot, name)) == partitions, "topic appears")
    return name


def known_partitions(boot, name):
    return admin(boot).list_topics(name, timeout=20).topics[name].partitions


def producer(boot, **settings):
    settings = {key.replace("_", "."): value for key, value in settings.items()}
    return Producer({"bootstrap.servers": boot, "linger.ms": 5, **settings})


def produce(boot, topic, records, partition=0, timestamps=None, **settings):
    out, reports = producer(boot, **settings), []
    for index, (key, value, headers) in enumerate(records):
        extra = {"timestamp": timestamps[index]} if timestamps else {}
        while True:
            try:
                out.produce(
                    topic, value, key, partition, on_delivery=lambda e, m: reports.append((e, m.offset())), headers=headers, **extra
                )
                break
            except BufferError:
                out.poll(0.1)
        out.poll(0)
    equal(out.flush(60), 0, "unsent records")
    check(not [e for e, _ in reports if e], f"delivery failed: {[e for e, _ in reports if e][:1]}")
    return [offset for _, offset in reports]


def consumer(boot, group=None, **settings):
    settings = {key.replace("_", "."): value for key, value in settings.items()}
    return Consumer(
        {
            "bootstrap.servers": boot,
            "group.id": group or fresh("group"),
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            **settings,
        }
    )


def take(who, count, seconds=60):
    found, deadline = [], time.monotonic() + seconds
    while len(found) < count:
        if time.monotonic() > deadline:
            raise AssertionError(f"{len(found)} of {count} records within {seconds} s")
        for message in who.consume(min(count - len(found), 10000), 0.5):
            if message.error():
                raise KafkaException(message.error())
            found.append(message)
    return found


def read_all(boot, topic, count, partition=0, **settings):
    who = consumer(boot, **settings)
    who.assign([TopicPartition(topic, partition, 0)])
    found = take(who, count)
    who.close()
    return found


def plain(message):
    return message.key(), message.value(), list(message.headers() or [])


def codec(name):
    def run(boot):
        topic, records = create(boot), sample_records()
        produce(boot, topic, records, compression_type=name)
        found = read_all(boot, topic, len(records))
        equal([plain(m) for m in found], records, "records")
        equal([m.offset() for m in found], list(range(len(records))), "offsets")

    return run


def record_shapes(boot):
    topic = create(boot)
    produce(boot, topic, SHAPES)
    equal([plain(m) for m in read_all(boot, topic, len(SHAPES))], SHAPES, "records")


def near_limit(boot):
    topic, value = create(boot), noise(NEAR_LIMIT)
    produce(boot, topic, [(None, value, [])], message_max_bytes=2000000)
    equal(read_all(boot, topic, 1)[0].value(), value, "a record just below 1 MiB")
    try:
        produce(boot, topic, [(None, noise(1200000), [])], message_max_bytes=2000000)
    except AssertionError as refused:
        check("MSG_SIZE_TOO_LARGE" in str(refused), f"the wrong refusal: {refused}")
        return
    raise AssertionError("a record above the limit was taken")


def idempotent(boot):
    topic = create(boot)
    records = [(None, b"%d" % i, []) for i in range(2000)]
    offsets = produce(boot, topic, records, enable_idempotence=True, batch_num_messages=50)
    equal(offsets, list(range(2000)), "offsets")
    equal([m.value() for m in read_all(boot, topic, 2000)], [value for _, value, _ in records], "order")


class Member:
    """A member of a group that remembers what was given to it and what it read."""

    def __init__(self, boot, group, topic, **settings):
        self.owned, self.read, self.given, self.taken = set(), [], [], []
        self.cooperative = settings.get("partition_assignment_strategy") == "cooperative-sticky"
        self.consumer = consumer(boot, group, session_timeout_ms=6000, heartbeat_interval_ms=200, **settings)
        self.consumer.subscribe([topic], on_assign=self.on_assign, on_revoke=self.on_revoke)

    def on_assign(self, who, partitions):
        self.given.append({p.partition for p in partitions})
        self.owned |= self.given[-1]
        who.incremental_assign(partitions) if self.cooperative else who.assign(partitions)

    def on_revoke(self, who, partitions):
        self.taken.append({p.partition for p in partitions})
        self.owned -= self.taken[-1]
        who.incremental_unassign(partitions) if self.cooperative else who.unassign()

    def poll(self):
        for message in self.consumer.consume(500, 0.05):
            if not message.error():
                self.read.append(message)


def settled(members, partitions):
    def look():
        for member in members:
            member.poll()
        return all(m.owned for m in members) and sorted(p for m in members for p in m.owned) == list(range(partitions))

    until(look, f"{len(members)} members share {partitions} partitions")


def group_join_leave(boot):
    topic, group = create(boot, 6), fresh("group")
    for partition in range(6):
        produce(boot, topic, sample_records(20), partition)
    members = [Member(boot, group, topic) for _ in range(2)]
    settled(members, 6)
    members.append(Member(boot, group, topic))
    settled(members, 6)
    members.pop(0).consumer.close()
    settled(members, 6)
    produce(boot, topic, [(None, b"last", [])], 3)

    def last_read():
        for member in members:
            member.poll()
        return any(m.value() == b"last" for member in members for m in member.read)

    until(last_read, "the last record is read")
    for member in members:
        member.consumer.close()


def group_static(boot):
    topic, group = create(boot, 4), fresh("group")
    members = [Member(boot, group, topic, group_instance_id=f"static-{i}") for i in range(2)]
    settled(members, 4)
    before, others = members[0].owned.copy(), len(members[1].given)
    members[0].consumer.close()
    members[0] = Member(boot, group, topic, group_instance_id="static-0")
    settled(members, 4)
    equal(members[0].owned, before, "partitions after the return")
    equal(len(members[1].given), others, "rebalances of the other member")
    for member in members:
        member.consumer.close()


def group_cooperative(boot):
    topic, group = create(boot, 6), fresh("group")
    first = Member(boot, group, topic, partition_assignment_strategy="cooperative-sticky")
    settled([first], 6)
    second = Member(boot, group, topic, partition_assignment_strategy="cooperative-sticky")
    settled([first, second], 6)
    equal(len(first.owned), 3, "partitions kept")
    equal(sum(len(taken) for taken in first.taken), 3, "partitions given up")
    for member in (first, second):
        member.consumer.close()


def commit_resume(boot):
    topic, group = create(boot), fresh("group")
    produce(boot, topic, sample_records(100))
    first = consumer(boot, group)
    first.subscribe([topic])
    take(first, 40)
    first.commit(offsets=[TopicPartition(topic, 0, 40, metadata="so far")], asynchronous=False)
    committed = first.committed([TopicPartition(topic, 0)], 20)[0]
    equal((committed.offset, committed.metadata), (40, "so far"), "committed")
    first.close()
    second = consumer(boot, group)
    second.subscribe([topic])
    equal([m.offset() for m in take(second, 60)], list(range(40, 100)), "offsets after the return")
    second.close()


def seek_offset(boot):
    topic = create(boot)
    produce(boot, topic, sample_records(100))
    who = consumer(boot)
    who.assign([TopicPartition(topic, 0, 0)])
    take(who, 5)
    who.seek(TopicPartition(topic, 0, 70))
    equal(take(who, 1)[0].offset(), 70, "offset")
    who.seek(TopicPartition(topic, 0, 10))
    equal(take(who, 1)[0].offset(), 10, "offset")
    equal(who.get_watermark_offsets(TopicPartition(topic, 0), 20), (0, 100), "watermarks")
    who.close()


def seek_time(boot):
    topic, start = create(boot), int(time.time() * 1000) - 100000
    for i in range(10):
        produce(boot, topic, [(None, b"%d" % i, [])], timestamps=[start + i * 1000])
    who = consumer(boot)
    at = lambda ms: who.offsets_for_times([TopicPartition(topic, 0, ms)], 20)[0].offset
    equal([at(start - 1), at(start + 4000), at(start + 4001)], [0, 4, 5], "offsets at times")
    equal(at(start + 99999), -1, "offset after the end")
    who.close()


def admin_topics(boot):
    client, name = admin(boot), create(boot, 3, {"retention.ms": "3600000"})
    listed = client.list_topics(timeout=20).topics
    equal(len(listed[name].partitions), 3, "partitions")
    try:
        wait(client.create_topics([NewTopic(name, 3, 1)]))
        raise AssertionError("a topic was created twice")
    except KafkaException as error:
        equal(error.args[0].code(), KafkaError.TOPIC_ALREADY_EXISTS, "error")
    try:
        wait(client.create_topics([NewTopic("bad/name", 1, 1)]))
        raise AssertionError("a bad name was taken")
    except KafkaException as error:
        equal(error.args[0].code(), KafkaError.TOPIC_EXCEPTION, "error")
    wait(client.delete_topics([name]))
    until(lambda: name not in client.list_topics(timeout=20).topics, "the topic is gone")


def admin_partitions(boot):
    client, name = admin(boot), create(boot, 2)
    wait(client.create_partitions([NewPartitions(name, 5)]))
    until(lambda: len(known_partitions(boot, name)) == 5, "five partitions")
    produce(boot, name, [(None, b"there", [])], 4)
    equal(read_all(boot, name, 1, 4)[0].value(), b"there", "record in a new partition")
    try:
        wait(client.create_partitions([NewPartitions(name, 3)]))
        raise AssertionError("partitions were taken away")
    except KafkaException as error:
        equal(error.args[0].code(), KafkaError.INVALID_PARTITIONS, "error")


def config_of(boot, resource):
    return wait(admin(boot).describe_configs([resource]))[resource]


def admin_configs(boot):
    name = create(boot, 1, {"retention.ms": "3600000"})
    resource = ConfigResource(ResourceType.TOPIC, name)
    found = config_of(boot, resource)
    equal(found["retention.ms"].value, "3600000", "retention.ms")
    equal(found["cleanup.policy"].value, "delete", "cleanup.policy")
    check(found["cleanup.policy"].is_default, "cleanup.policy is a default")
    change = ConfigResource(
        ResourceType.TOPIC,
        name,
        incremental_configs=[
            ConfigEntry("retention.ms", None, incremental_operation=AlterConfigOpType.DELETE),
            ConfigEntry("max.message.bytes", "2000000", incremental_operation=AlterConfigOpType.SET),
        ],
    )
    wait(admin(boot).incremental_alter_configs([change]))
    until(lambda: config_of(boot, resource)["max.message.bytes"].value == "2000000", "the change shows")
    equal(config_of(boot, resource)["retention.ms"].value, "604800000", "retention.ms after its removal")
    bad = ConfigResource(
        ResourceType.TOPIC, name, incremental_configs=[ConfigEntry("retention.ms", "soon", incremental_operation=AlterConfigOpType.SET)]
    )
    try:
        wait(admin(boot).incremental_alter_configs([bad]))
        raise AssertionError("a bad value was taken")
    except KafkaException as error:
        equal(error.args[0].code(), KafkaError.INVALID_CONFIG, "error")
    broker = next(iter(admin(boot).list_topics(timeout=20).brokers))
    found = config_of(boot, ConfigResource(ResourceType.BROKER, str(broker)))
    check("num.partitions" in found and "log.retention.hours" in found, "broker configs")


def admin_groups(boot):
    topic, group, client = create(boot, 2), fresh("group"), admin(boot)
    member = Member(boot, group, topic, client_id="the-member")
    settled([member], 2)
    listed = client.list_consumer_groups().result(60)
    check(group in [g.group_id for g in listed.valid], "the group is listed")
    described = wait(client.describe_consumer_groups([group]))[group]
    equal(described.state.name, "STABLE", "state")
    equal([m.client_id for m in described.members], ["the-member"], "members")
    equal(len(described.members[0].assignment.topic_partitions), 2, "assigned partitions")
    try:
        wait(client.delete_consumer_groups([group]))
        raise AssertionError("a group with members was deleted")
    except KafkaException as error:
        equal(error.args[0].code(), KafkaError.NON_EMPTY_GROUP, "error")
    member.consumer.close()
    until(lambda: wait(client.describe_consumer_groups([group]))[group].state.name == "EMPTY", "the group is empty")
    wait(client.delete_consumer_groups([group]))
    listed = client.list_consumer_groups().result(60)
    check(group not in [g.group_id for g in listed.valid], "the group is gone")


def admin_offsets(boot):
    topic, group, client = create(boot, 2), fresh("group"), admin(boot)
    produce(boot, topic, sample_records(10))
    change = [ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 0, 7), TopicPartition(topic, 1, 0)])]
    wait(client.alter_consumer_group_offsets(change))
    found = wait(client.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)]))[group]
    equal({p.partition: p.offset for p in found.topic_partitions}, {0: 7, 1: 0}, "committed offsets")
    who = consumer(boot, group)
    who.subscribe([topic])
    equal(take(who, 1)[0].offset(), 7, "first offset read")
    who.close()
    asked = {TopicPartition(topic, 0): OffsetSpec.latest(), TopicPartition(topic, 1): OffsetSpec.latest()}
    found = wait(client.list_offsets(asked))
    equal(sorted(result.offset for result in found.values()), [0, 10], "latest offsets")


def admin_delete_records(boot):
    topic, client = create(boot), admin(boot)
    produce(boot, topic, sample_records(50))
    found = wait(client.delete_records([TopicPartition(topic, 0, 30)]))
    equal([deleted.low_watermark for deleted in found.values()], [30], "low watermark")
    who = consumer(boot)
    equal(who.get_watermark_offsets(TopicPartition(topic, 0), 20), (30, 50), "watermarks")
    who.assign([TopicPartition(topic, 0, 0)])
    equal(take(who, 1)[0].offset(), 30, "first offset left")
    who.close()
    try:
        wait(client.delete_records([TopicPartition(topic, 0, 1000)]))
        raise AssertionError("records beyond the end were deleted")
    except KafkaException as error:
        equal(error.args[0].code(), KafkaError.OFFSET_OUT_OF_RANGE, "error")


def large_fetch(boot):
    topic, size, count = create(boot), 990000, LARGE_FETCH // 990000 + 2
    produce(boot, topic, [(None, noise(size, i), []) for i in range(count)], batch_num_messages=1)
    # librdkafka counts what one answer may bring by the partition
    limit = LARGE_FETCH + 5000000
    found = read_all(
        boot,
        topic,
        count,
        fetch_min_bytes=LARGE_FETCH,
        fetch_wait_max_ms=5000,
        fetch_max_bytes=limit,
        fetch_message_max_bytes=limit,
        receive_message_max_bytes=limit + 1000000,
        queued_max_messages_kbytes=200000,
    )
    for i, message in enumerate(found):
        check(message.value() == noise(size, i), f"record {i} came as it was")


def large_record(boot):
    topic = create(boot, 1, {"max.message.bytes": str(LARGE_RECORD + 100000)})
    value = noise(LARGE_RECORD)
    produce(boot, topic, [(None, value, [])], message_max_bytes=LARGE_RECORD + 50000)
    check(read_all(boot, topic, 1)[0].value() == value, "the record came as it was")


def many_partitions(boot):
    topic = create(boot, MANY_PARTITIONS)
    out = producer(boot)
    for partition in range(MANY_PARTITIONS):
        out.produce(topic, b"%d" % partition, partition=partition)
        out.poll(0)
    equal(out.flush(120), 0, "unsent records")
    who = consumer(boot)
    who.subscribe([topic])
    found = take(who, MANY_PARTITIONS, 120)
    equal(sorted(int(m.value()) for m in found), list(range(MANY_PARTITIONS)), "values")
    check(all(int(m.value()) == m.partition() for m in found), "each in its partition")
    who.commit(asynchronous=False)
    committed = who.committed([TopicPartition(topic, p) for p in range(MANY_PARTITIONS)], 60)
    equal({p.offset for p in committed}, {1}, "committed offsets")
    who.close()
    wait(admin(boot).delete_topics([topic], operation_timeout=60))


def transactions_refused(boot):
    if is_kafka():
        raise Skip("Apache Kafka has transactions")
    out = producer(boot, transactional_id=fresh("transaction"))
    start = time.monotonic()
    try:
        out.init_transactions(30)
    except KafkaException as error:
        check(error.args[0].fatal() and not error.args[0].retriable(), f"not final: {error}")
        check("does not serve transactions" in error.args[0].str(), f"no text: {error}")
        check(time.monotonic() - start < 10, f"refused only after {time.monotonic() - start:.0f} s")
        return
    raise AssertionError("a transactional producer was let in")


main(
    {
        **{f"codec-{name}": codec(name) for name in CODECS},
        "record-shapes": record_shapes,
        "near-limit": near_limit,
        "idempotent": idempotent,
        "group-join-leave": group_join_leave,
        "group-static": group_static,
        "group-cooperative": group_cooperative,
        "commit-resume": commit_resume,
        "seek-offset": seek_offset,
        "seek-time": seek_time,
        "admin-topics": admin_topics,
        "admin-partitions": admin_partitions,
        "admin-configs": admin_configs,
        "admin-groups": admin_groups,
        "admin-offsets": admin_offsets,
        "admin-delete-records": admin_delete_records,
        "large-fetch": large_fetch,
        "large-record": large_record,
        "many-partitions": many_partitions,
        "transactions-refused": transactions_refused,
    }
)
