"""aiokafka: every scenario but what the client does not offer (said where it is skipped)."""

import asyncio
import time

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, OffsetOutOfRangeError
from aiokafka.structs import OffsetAndMetadata

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
)


async def until(condition, what, seconds=60):
    deadline = time.monotonic() + seconds
    while not await condition():
        check(time.monotonic() < deadline, f"not within {seconds} s: {what}")
        await asyncio.sleep(0.02)


async def admin(boot):
    client = AIOKafkaAdminClient(bootstrap_servers=boot)
    await client.start()
    return client


async def create(boot, partitions=1, configs=None):
    name, client = fresh("aiokafka"), await admin(boot)
    answer = await client.create_topics([NewTopic(name, partitions, 1, topic_configs=configs or {})], timeout_ms=30000)
    equal(answer.topic_errors[0][1], 0, "error of the creation")

    async def there():
        return await count_partitions(client, name) == partitions

    await until(there, "the topic appears")
    await client.close()
    return name


async def count_partitions(client, name):
    return len((await client.describe_topics([name]))[0]["partitions"])


async def produce(boot, topic, records, partition=0, timestamps=None, **settings):
    out = AIOKafkaProducer(bootstrap_servers=boot, linger_ms=5, **settings)
    await out.start()
    try:
        sent = []
        for i, (key, value, headers) in enumerate(records):
            at = timestamps[i] if timestamps else None
            sent.append(await out.send(topic, value, key, partition, at, headers))
        return [(await future).offset for future in sent]
    finally:
        await out.stop()


async def consumer(boot, group=None, topic=None, listener=None, **settings):
    defaults = {"auto_offset_reset": "earliest", "enable_auto_commit": False}
    who = AIOKafkaConsumer(bootstrap_servers=boot, group_id=group, **{**defaults, **settings})
    if topic:
        who.subscribe([topic], listener=listener)
    await who.start()
    return who


async def take(who, count, seconds=60):
    found, deadline = [], time.monotonic() + seconds
    while len(found) < count:
        check(time.monotonic() < deadline, f"{len(found)} of {count} records within {seconds} s")
        for records in (await who.getmany(timeout_ms=500, max_records=count - len(found))).values():
            found += records
    return found


async def read_all(boot, topic, count, partition=0, **settings):
    who = await consumer(boot, **settings)
    try:
        who.assign([TopicPartition(topic, partition)])
        await who.seek_to_beginning()
        return await take(who, count)
    finally:
        await who.stop()


def plain(record):
    return record.key, record.value, list(record.headers)


def codec(name):
    async def run(boot):
        topic, records = await create(boot), sample_records()
        await produce(boot, topic, records, compression_type=None if name == "none" else name)
        found = await read_all(boot, topic, len(records))
        equal([plain(r) for r in found], records, "records")
        equal([r.offset for r in found], list(range(len(records))), "offsets")

    return run


async def record_shapes(boot):
    # the client refuses a record without key and value
    topic, shapes = await create(boot), [shape for shape in SHAPES if shape[:2] != (None, None)]
    await produce(boot, topic, shapes)
    equal([plain(r) for r in await read_all(boot, topic, len(shapes))], shapes, "records")


async def near_limit(boot):
    topic, value = await create(boot), noise(NEAR_LIMIT)
    await produce(boot, topic, [(None, value, [])], max_request_size=2000000)
    equal((await read_all(boot, topic, 1))[0].value, value, "a record just below 1 MiB")
    try:
        await produce(boot, topic, [(None, noise(1200000), [])], max_request_size=2000000)
    except MessageSizeTooLargeError:
        return
    raise AssertionError("a record above the limit was taken")


async def idempotent(boot):
    topic, records = await create(boot), [(None, b"%d" % i, []) for i in range(2000)]
    offsets = await produce(boot, topic, records, enable_idempotence=True, max_batch_size=500)
    equal(offsets, list(range(2000)), "offsets")
    equal([r.value for r in await read_all(boot, topic, 2000)], [value for _, value, _ in records], "order")


class Member(ConsumerRebalanceListener):
    """A member of a group that reads in a task of its own."""

    def __init__(self):
        self.owned, self.read, self.given = set(), [], 0

    async def join(self, boot, group, topic, **settings):
        self.consumer = await consumer(
            boot, group, topic, self, session_timeout_ms=6000, heartbeat_interval_ms=200, metadata_max_age_ms=1000, **settings
        )
        self.task = asyncio.create_task(self.run())
        return self

    async def on_partitions_assigned(self, assigned):
        self.given += 1
        self.owned = {p.partition for p in assigned}

    async def on_partitions_revoked(self, revoked):
        self.owned = set()

    async def run(self):
        while True:
            for records in (await self.consumer.getmany(timeout_ms=100)).values():
                self.read += records

    async def leave(self):
        self.task.cancel()
        await self.consumer.stop()


async def settled(members, partitions):
    async def look():
        return all(m.owned for m in members) and sorted(p for m in members for p in m.owned) == list(range(partitions))

    await until(look, f"{len(members)} members share {partitions} partitions")


async def group_join_leave(boot):
    topic, group = await create(boot, 6), fresh("group")
    for partition in range(6):
        await produce(boot, topic, sample_records(20), partition)
    first, second = await asyncio.gather(Member().join(boot, group, topic), Member().join(boot, group, topic))
    await settled([first, second], 6)
    third = await Member().join(boot, group, topic)
    await settled([first, second, third], 6)
    await first.leave()
    await settled([second, third], 6)
    await produce(boot, topic, [(None, b"last", [])], 3)

    async def last_read():
        return any(r.value == b"last" for m in (second, third) for r in m.read)

    await until(last_read, "the last record is read")
    await second.leave()
    await third.leave()


async def group_static(boot):
    topic, group = await create(boot, 4), fresh("group")
    first = await Member().join(boot, group, topic, group_instance_id="static-0")
    second = await Member().join(boot, group, topic, group_instance_id="static-1")
    await settled([first, second], 4)
    before, others = set(first.owned), second.given
    await first.leave()
    first = await Member().join(boot, group, topic, group_instance_id="static-0")
    await settled([first, second], 4)
    equal(first.owned, before, "partitions after the return")
    equal(second.given, others, "rebalances of the other member")
    await first.leave()
    await second.leave()


async def group_cooperative(boot):
    raise Skip("aiokafka has no cooperative rebalancing")


async def commit_resume(boot):
    topic, group = await create(boot), fresh("group")
    at = TopicPartition(topic, 0)
    await produce(boot, topic, sample_records(100))
    first = await consumer(boot, group, topic)
    await take(first, 40)
    await first.commit({at: OffsetAndMetadata(40, "so far")})
    equal(await first.committed(at), 40, "committed")
    await first.stop()
    second = await consumer(boot, group, topic)
    equal([r.offset for r in await take(second, 60)], list(range(40, 100)), "offsets after the return")
    await second.stop()


async def seek_offset(boot):
    topic = await create(boot)
    at = TopicPartition(topic, 0)
    await produce(boot, topic, sample_records(100))
    who = await consumer(boot)
    who.assign([at])
    await take(who, 5)
    for offset in (70, 10):
        who.seek(at, offset)
        equal((await take(who, 1))[0].offset, offset, "offset")
    equal(((await who.beginning_offsets([at]))[at], (await who.end_offsets([at]))[at]), (0, 100), "ends")
    await who.stop()


async def seek_time(boot):
    topic, start = await create(boot), int(time.time() * 1000) - 100000
    at = TopicPartition(topic, 0)
    for i in range(10):
        await produce(boot, topic, [(None, b"%d" % i, [])], timestamps=[start + i * 1000])
    who = await consumer(boot)
    found = [(await who.offsets_for_times({at: ms}))[at] for ms in (start - 1, start + 4000, start + 4001)]
    equal([(f.offset, f.timestamp) for f in found], [(0, start), (4, start + 4000), (5, start + 5000)], "offsets at times")
    equal((await who.offsets_for_times({at: start + 99999}))[at], None, "after the end")
    await who.stop()


async def admin_topics(boot):
    name, client = await create(boot, 3, {"retention.ms": "3600000"}), await admin(boot)
    check(name in await client.list_topics(), "the topic is listed")
    again = await client.create_topics([NewTopic(name, 1, 1)])
    equal(again.topic_errors[0][1], 36, "error when created twice")
    bad = await client.create_topics([NewTopic("bad/name", 1, 1)])
    equal(bad.topic_errors[0][1], 17, "error of a bad name")
    await client.delete_topics([name])

    async def gone():
        return name not in await client.list_topics()

    await until(gone, "the topic is gone")
    equal(len((await client.describe_cluster())["brokers"]), 1, "brokers")
    await client.close()


async def admin_partitions(boot):
    name, client = await create(boot, 2), await admin(boot)
    await client.create_partitions({name: NewPartitions(5)})

    async def five():
        return await count_partitions(client, name) == 5

    await until(five, "five partitions")
    await produce(boot, name, [(None, b"there", [])], 4)
    equal((await read_all(boot, name, 1, 4))[0].value, b"there", "record in a new partition")
    await client.close()


async def configs_of(client, name):
    answers = await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
    return {entry[0]: entry[1] for entry in answers[0].resources[0][4]}


async def admin_configs(boot):
    name, client = await create(boot, 1, {"retention.ms": "3600000"}), await admin(boot)
    found = await configs_of(client, name)
    equal((found["retention.ms"], found["cleanup.policy"]), ("3600000", "delete"), "configs")
    await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, {"max.message.bytes": "2000000"})])

    async def shows():
        return (await configs_of(client, name))["max.message.bytes"] == "2000000"

    await until(shows, "the change shows")
    equal((await configs_of(client, name))["retention.ms"], "604800000", "retention.ms, left out of the new state")
    await client.close()


async def admin_groups(boot):
    topic, group, client = await create(boot, 2), fresh("group"), await admin(boot)
    member = await Member().join(boot, group, topic, client_id="the-member")
    await settled([member], 2)
    check((group, "consumer") in await client.list_consumer_groups(), "the group is listed")
    described = (await client.describe_consumer_groups([group]))[0].groups[0]
    equal((described[1], described[2]), (group, "Stable"), "described")
    equal([m[1] for m in described[5]], ["the-member"], "members")
    await member.leave()
    check((group, "consumer") in await client.list_consumer_groups(), "the empty group is listed")
    await client.close()


async def admin_offsets(boot):
    topic, group, client = await create(boot, 2), fresh("group"), await admin(boot)
    at = TopicPartition(topic, 0)
    await produce(boot, topic, sample_records(10))
    who = await consumer(boot, group)
    who.assign([at])
    await who.commit({at: OffsetAndMetadata(7, "seven")})
    await who.stop()
    found = (await client.list_consumer_group_offsets(group))[at]
    equal((found.offset, found.metadata), (7, "seven"), "committed")
    who = await consumer(boot, group, topic)
    equal((await take(who, 1))[0].offset, 7, "first offset read")
    await who.stop()
    await client.close()


async def admin_delete_records(boot):
    topic, client = await create(boot), await admin(boot)
    at = TopicPartition(topic, 0)
    await produce(boot, topic, sample_records(50))
    equal(await client.delete_records({at: RecordsToDelete(before_offset=30)}), {at: 30}, "low watermark")
    equal((await read_all(boot, topic, 20))[0].offset, 30, "first offset left")
    try:
        await client.delete_records({at: RecordsToDelete(before_offset=1000)})
        raise AssertionError("records beyond the end were deleted")
    except OffsetOutOfRangeError:
        pass
    await client.close()


async def large_fetch(boot):
    topic, count = await create(boot), LARGE_FETCH // 990000 + 2
    await produce(boot, topic, [(None, noise(990000, i), []) for i in range(count)], max_batch_size=900000)
    limit = LARGE_FETCH + 5000000
    found = await read_all(
        boot,
        topic,
        count,
        fetch_min_bytes=LARGE_FETCH,
        fetch_max_bytes=limit,
        max_partition_fetch_bytes=limit,
        fetch_max_wait_ms=5000,
    )
    for i, record in enumerate(found):
        check(record.value == noise(990000, i), f"record {i} came as it was")


async def large_record(boot):
    topic, value = await create(boot, 1, {"max.message.bytes": str(LARGE_RECORD + 100000)}), noise(LARGE_RECORD)
    await produce(boot, topic, [(None, value, [])], max_request_size=LARGE_RECORD + 50000)
    check((await read_all(boot, topic, 1))[0].value == value, "the record came as it was")


async def many_partitions(boot):
    raise Skip("pure Python: minutes; confluent-kafka stands for Python")


async def transactions_refused(boot):
    if is_kafka():
        raise Skip("Apache Kafka has transactions")
    out = AIOKafkaProducer(bootstrap_servers=boot, transactional_id=fresh("transaction"))
    start = time.monotonic()
    try:
        await asyncio.wait_for(out.start(), 30)
    except KafkaError as error:
        check(time.monotonic() - start < 10, f"refused only after {time.monotonic() - start:.0f} s")
        check(not error.retriable, f"not final: {error!r}")
        return
    finally:
        await asyncio.wait_for(out.stop(), 10)
    raise AssertionError("a transactional producer was let in")


def blocking(scenario):
    return lambda boot: asyncio.run(scenario(boot))


main(
    {
        name: blocking(scenario)
        for name, scenario in {
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
        }.items()
    }
)
