"""kafka-python: every scenario but what the client does not offer (said where it is skipped)."""

import threading
import time

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, NewTopic, OffsetSpec
from kafka.consumer.subscription_state import ConsumerRebalanceListener
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.errors import (
    InvalidConfigurationError,
    InvalidPartitionsError,
    InvalidTopicError,
    KafkaError,
    MessageSizeTooLargeError,
    OffsetOutOfRangeError,
    TopicAlreadyExistsError,
)
from kafka.structs import OffsetAndMetadata

from scenarios import (
    CODECS,
    LARGE_FETCH,
    LARGE_RECORD,
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


def admin(boot):
    return KafkaAdminClient(bootstrap_servers=boot)


def create(boot, partitions=1, configs=None):
    name, client = fresh("kafka-python"), admin(boot)
    client.create_topics([NewTopic(name, partitions, 1, topic_configs=configs or {})], timeout_ms=30000)
    until(lambda: count_partitions(client, name) == partitions, "the topic appears")
    client.close()
    return name


def count_partitions(client, name):
    return len(client.describe_topics([name])[0]["partitions"])


def produce(boot, topic, records, partition=0, timestamps=None, **settings):
    out = KafkaProducer(bootstrap_servers=boot, **{"linger_ms": 5, **settings})
    try:
        sent = [
            out.send(topic, value, key, headers, partition, timestamps[i] if timestamps else None)
            for i, (key, value, headers) in enumerate(records)
        ]
        return [future.get(60).offset for future in sent]
    finally:
        out.close(5)


def consumer(boot, group=None, **settings):
    defaults = {"auto_offset_reset": "earliest", "enable_auto_commit": False}
    return KafkaConsumer(bootstrap_servers=boot, group_id=group, **{**defaults, **settings})


def take(who, count, seconds=60):
    found, deadline = [], time.monotonic() + seconds
    while len(found) < count:
        check(time.monotonic() < deadline, f"{len(found)} of {count} records within {seconds} s")
        for records in who.poll(500, max_records=count - len(found)).values():
            found += records
    return found


def read_all(boot, topic, count, partition=0, **settings):
    who = consumer(boot, **settings)
    who.assign([TopicPartition(topic, partition)])
    who.seek_to_beginning()
    found = take(who, count)
    who.close()
    return found


def plain(record):
    return record.key, record.value, list(record.headers)


def fails(kind, call):
    try:
        call()
    except kind:
        return
    raise AssertionError(f"no {kind.__name__}")


def codec(name):
    def run(boot):
        topic, records = create(boot), sample_records()
        produce(boot, topic, records, compression_type=None if name == "none" else name)
        found = read_all(boot, topic, len(records))
        equal([plain(r) for r in found], records, "records")
        equal([r.offset for r in found], list(range(len(records))), "offsets")

    return run


def record_shapes(boot):
    # the client refuses a record without key and value
    topic, shapes = create(boot), [shape for shape in SHAPES if shape[:2] != (None, None)]
    produce(boot, topic, shapes)
    equal([plain(r) for r in read_all(boot, topic, len(shapes))], shapes, "records")


def near_limit(boot):
    topic, value = create(boot), noise(NEAR_LIMIT)
    produce(boot, topic, [(None, value, [])], max_request_size=2000000)
    equal(read_all(boot, topic, 1)[0].value, value, "a record just below 1 MiB")
    fails(MessageSizeTooLargeError, lambda: produce(boot, topic, [(None, noise(1200000), [])], max_request_size=2000000))


def idempotent(boot):
    topic, records = create(boot), [(None, b"%d" % i, []) for i in range(2000)]
    offsets = produce(boot, topic, records, enable_idempotence=True, batch_size=500)
    equal(offsets, list(range(2000)), "offsets")
    equal([r.value for r in read_all(boot, topic, 2000)], [value for _, value, _ in records], "order")


class Member(ConsumerRebalanceListener):
    """A member of a group in a thread of its own: the client blocks while a group forms."""

    def __init__(self, boot, group, topic, assignor=RangePartitionAssignor, **settings):
        self.owned, self.read, self.given, self.taken, self.ended = set(), [], 0, 0, False
        self.consumer = consumer(
            boot,
            group,
            session_timeout_ms=6000,
            heartbeat_interval_ms=200,
            partition_assignment_strategy=[assignor],
            **settings,
        )
        self.consumer.subscribe([topic], listener=self)
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def on_partitions_assigned(self, assigned):
        self.given += 1
        self.owned |= {p.partition for p in assigned}

    def on_partitions_revoked(self, revoked):
        self.taken += len(revoked)
        self.owned -= {p.partition for p in revoked}

    def run(self):
        while not self.ended:
            # Version 3.0.12 can lose a rebalance, with Apache Kafka as well. A leader that learns of a topic's partitions
            # only after it has shared them out joins again, for that reason alone (`need_rejoin` compares what it knew
            # with what it knows). If poll's time is up before JoinGroup is answered, the assignment that follows in the
            # background makes the two alike: no later poll takes up the answer to SyncGroup, and the member stands
            # still for ever, its heartbeats off. So a member polls long until it has partitions; then it knows them.
            for records in self.consumer.poll(100 if self.owned else 5000).values():
                self.read += records
        self.consumer.close()

    def leave(self):
        self.ended = True
        self.thread.join(30)


def settled(members, partitions):
    def look():
        return all(m.owned for m in members) and sorted(p for m in members for p in m.owned) == list(range(partitions))

    until(look, f"{len(members)} members share {partitions} partitions")


def with_members(run):
    """Members are threads: whatever happens they must leave."""

    def scenario(boot):
        members = []

        def join(*arguments, **settings):
            members.append(Member(boot, *arguments, **settings))
            return members[-1]

        try:
            run(boot, join)
        finally:
            for member in members:
                member.leave()

    return scenario


@with_members
def group_join_leave(boot, join):
    topic, group = create(boot, 6), fresh("group")
    for partition in range(6):
        produce(boot, topic, sample_records(20), partition)
    first, second = join(group, topic), join(group, topic)
    settled([first, second], 6)
    third = join(group, topic)
    settled([first, second, third], 6)
    first.leave()
    settled([second, third], 6)
    produce(boot, topic, [(None, b"last", [])], 3)
    until(lambda: any(r.value == b"last" for m in (second, third) for r in list(m.read)), "the last record is read")


@with_members
def group_static(boot, join):
    topic, group = create(boot, 4), fresh("group")
    first, second = join(group, topic, group_instance_id="static-0"), join(group, topic, group_instance_id="static-1")
    settled([first, second], 4)
    before, others = set(first.owned), second.given
    first.leave()
    first = join(group, topic, group_instance_id="static-0")
    settled([first, second], 4)
    equal(first.owned, before, "partitions after the return")
    equal(second.given, others, "rebalances of the other member")


@with_members
def group_cooperative(boot, join):
    topic, group = create(boot, 6), fresh("group")
    first = join(group, topic, CooperativeStickyAssignor)
    settled([first], 6)
    second = join(group, topic, CooperativeStickyAssignor)
    settled([first, second], 6)
    equal(len(first.owned), 3, "partitions kept")
    equal(first.taken, 3, "partitions given up")


def commit_resume(boot):
    topic, group = create(boot), fresh("group")
    at = TopicPartition(topic, 0)
    produce(boot, topic, sample_records(100))
    first = consumer(boot, group)
    first.subscribe([topic])
    take(first, 40)
    first.commit({at: OffsetAndMetadata(40, "so far", -1)})
    equal(first.committed(at), 40, "committed")
    equal(first.committed(at, metadata=True).metadata, "so far", "metadata")
    first.close()
    second = consumer(boot, group)
    second.subscribe([topic])
    equal([r.offset for r in take(second, 60)], list(range(40, 100)), "offsets after the return")
    second.close()


def seek_offset(boot):
    topic = create(boot)
    at = TopicPartition(topic, 0)
    produce(boot, topic, sample_records(100))
    who = consumer(boot)
    who.assign([at])
    take(who, 5)
    for offset in (70, 10):
        who.seek(at, offset)
        equal(take(who, 1)[0].offset, offset, "offset")
    equal((who.beginning_offsets([at])[at], who.end_offsets([at])[at]), (0, 100), "ends")
    who.close()


def seek_time(boot):
    topic, start = create(boot), int(time.time() * 1000) - 100000
    at = TopicPartition(topic, 0)
    for i in range(10):
        produce(boot, topic, [(None, b"%d" % i, [])], timestamps=[start + i * 1000])
    who = consumer(boot)
    found = [who.offsets_for_times({at: ms})[at] for ms in (start - 1, start + 4000, start + 4001)]
    equal([(f.offset, f.timestamp) for f in found], [(0, start), (4, start + 4000), (5, start + 5000)], "offsets at times")
    equal(who.offsets_for_times({at: start + 99999})[at], None, "after the end")
    who.close()


def admin_topics(boot):
    name, client = create(boot, 3, {"retention.ms": "3600000"}), admin(boot)
    check(name in client.list_topics(), "the topic is listed")
    fails(TopicAlreadyExistsError, lambda: client.create_topics([NewTopic(name, 1, 1)]))
    fails(InvalidTopicError, lambda: client.create_topics([NewTopic("bad/name", 1, 1)]))
    client.delete_topics([name])
    until(lambda: name not in client.list_topics(), "the topic is gone")
    equal(len(client.describe_cluster()["brokers"]), 1, "brokers")
    check(client.describe_log_dirs(), "log folders")
    client.close()


def admin_partitions(boot):
    name, client = create(boot, 2), admin(boot)
    client.create_partitions({name: 5})
    until(lambda: count_partitions(client, name) == 5, "five partitions")
    produce(boot, name, [(None, b"there", [])], 4)
    equal(read_all(boot, name, 1, 4)[0].value, b"there", "record in a new partition")
    fails(InvalidPartitionsError, lambda: client.create_partitions({name: 3}))
    client.close()


def configs_of(client, name):
    found = client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)], config_filter="all")
    entries = next(iter(found.values()))[name]
    return {key: entry["value"] if isinstance(entry, dict) else entry for key, entry in entries.items()}


def admin_configs(boot):
    name, client = create(boot, 1, {"retention.ms": "3600000"}), admin(boot)
    found = configs_of(client, name)
    equal((found["retention.ms"], found["cleanup.policy"]), ("3600000", "delete"), "configs")

    def alter(**configs):
        wanted = {key.replace("_", "."): value for key, value in configs.items()}
        return client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, wanted)])

    alter(retention_ms=("DELETE", None), max_message_bytes=("SET", "2000000"))
    until(lambda: configs_of(client, name)["max.message.bytes"] == "2000000", "the change shows")
    equal(configs_of(client, name)["retention.ms"], "604800000", "retention.ms after its removal")
    try:
        answer = alter(retention_ms=("SET", "soon"))
        check("InvalidConfig" in str(answer) or "INVALID_CONFIG" in str(answer).upper(), f"a bad value was taken: {answer}")
    except InvalidConfigurationError:
        pass
    client.close()


@with_members
def admin_groups(boot, join):
    topic, group, client = create(boot, 2), fresh("group"), admin(boot)
    member = join(group, topic, client_id="the-member")
    settled([member], 2)
    check(group in str(client.list_groups()), "the group is listed")
    described = client.describe_groups([group])[group]
    equal(str(described["group_state"]), "Stable", "state")
    equal([m["client_id"] for m in described["members"]], ["the-member"], "members")
    check("NonEmptyGroup" in str(client.delete_groups([group])), "a group with members was deleted")
    member.leave()
    until(lambda: client.describe_groups([group])[group]["group_state"] == "Empty", "the group is empty")
    client.delete_groups([group])
    check(group not in str(client.list_groups()), "the group is gone")
    client.close()


def admin_offsets(boot):
    topic, group, client = create(boot, 2), fresh("group"), admin(boot)
    at = TopicPartition(topic, 0)
    produce(boot, topic, sample_records(10))
    client.alter_group_offsets(group, {at: OffsetAndMetadata(7, "seven", -1)})
    found = client.list_group_offsets(group)[group][at]
    equal((found.offset, found.metadata), (7, "seven"), "committed")
    who = consumer(boot, group)
    who.subscribe([topic])
    equal(take(who, 1)[0].offset, 7, "first offset read")
    who.close()
    client.delete_group_offsets(group, [at])
    check(at not in client.list_group_offsets(group)[group], "the offset is gone")
    listed = client.list_partition_offsets({at: OffsetSpec.LATEST})
    equal(listed[at].offset, 10, "latest offset")
    client.close()


def admin_delete_records(boot):
    topic, client = create(boot), admin(boot)
    at = TopicPartition(topic, 0)
    produce(boot, topic, sample_records(50))
    client.delete_records({at: 30})
    equal(read_all(boot, topic, 20)[0].offset, 30, "first offset left")
    fails(OffsetOutOfRangeError, lambda: client.delete_records({at: 1000}))
    client.close()


def large_fetch(boot):
    topic, count = create(boot), LARGE_FETCH // 990000 + 2
    produce(boot, topic, [(None, noise(990000, i), []) for i in range(count)], batch_size=900000)
    limit = LARGE_FETCH + 5000000
    found = read_all(
        boot,
        topic,
        count,
        fetch_min_bytes=LARGE_FETCH,
        fetch_max_bytes=limit,
        max_partition_fetch_bytes=limit,
        fetch_max_wait_ms=5000,
        receive_message_max_bytes=2 * limit,
    )
    for i, record in enumerate(found):
        check(record.value == noise(990000, i), f"record {i} came as it was")


def large_record(boot):
    topic, value = create(boot, 1, {"max.message.bytes": str(LARGE_RECORD + 100000)}), noise(LARGE_RECORD)
    produce(boot, topic, [(None, value, [])], max_request_size=LARGE_RECORD + 50000)
    check(read_all(boot, topic, 1)[0].value == value, "the record came as it was")


def many_partitions(boot):
    raise Skip("pure Python: minutes; confluent-kafka stands for Python")


def transactions_refused(boot):
    if is_kafka():
        raise Skip("Apache Kafka has transactions")
    out = KafkaProducer(bootstrap_servers=boot, transactional_id=fresh("transaction"), max_block_ms=30000)
    start = time.monotonic()
    try:
        out.init_transactions()
    except KafkaError as error:
        check(time.monotonic() - start < 10, f"refused only after {time.monotonic() - start:.0f} s")
        check(not getattr(error, "retriable", False), f"not final: {error!r}")
        return
    finally:
        out.close(1)
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
