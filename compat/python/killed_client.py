"""confluent-kafka (librdkafka) while the broker is killed again and again: notes what it did and saw as lines of JSON.

`killed_client.py produce|consume BOOTSTRAP TOPIC PARTITIONS CLIENT FILE`; ends when its standard input does.
`thalweg-sim kill` runs it and judges what it noted.
"""

import json
import random
import sys
import threading
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

GROUP = "killed"
SETTINGS = {
    "reconnect.backoff.ms": 10,
    "reconnect.backoff.max.ms": 100,
    "retry.backoff.ms": 20,
    "retry.backoff.max.ms": 100,
    "topic.metadata.refresh.interval.ms": 2000,
}

now = time.monotonic_ns
ended = threading.Event()


class Notes:
    def __init__(self, client, path):
        self.client, self.file = client, open(path, "w", buffering=1 << 16)

    def note(self, start, end, kind, what):
        self.file.write(json.dumps({"client": self.client, "start": start, "end": end, kind: what}) + "\n")


def record(value, length):
    """The same bytes as `record_of` in the judge's program."""
    text, state = f"{value} ", value
    letters = []
    while len(text) + len(letters) < length:
        state = (state * 6364136223846793005 + 1442695040888963407) & (2**64 - 1)
        letters.append(chr(97 + (state >> 59) % 26))
    return text + "".join(letters)


def produce(boot, topic, partitions, client, notes):
    out = Producer(
        {
            "bootstrap.servers": boot,
            "enable.idempotence": True,
            "linger.ms": 2,
            "message.timeout.ms": 300000,
            "queue.buffering.max.messages": 2000,
            **SETTINGS,
        }
    )
    wrong, chance, value = [], random.Random(client), client << 32

    def delivered(start, what):
        def on_delivery(error, message):
            if error:
                wrong.append(str(error))
                what["outcome"] = "unknown"
                notes.note(start, None, "produce", what)
            else:
                what["outcome"] = {"ok": message.offset()}
                notes.note(start, now(), "produce", what)

        return on_delivery

    while not ended.is_set():
        for _ in range(chance.randint(1, 20)):
            value += 1
            partition = chance.randrange(partitions)
            what = {"partition": f"{topic}-{partition}", "value": value}
            while True:
                try:
                    text = record(value, chance.randint(20, 200))
                    out.produce(topic, text, partition=partition, on_delivery=delivered(now(), what))
                    break
                except BufferError:
                    out.poll(0.05)
        out.poll(0.02)
    left = out.flush(120)
    if left or wrong:
        sys.exit(f"{left} records were not delivered; errors: {wrong[:3]}")


def consume(boot, topic, partitions, client, notes):
    who = Consumer(
        {
            "bootstrap.servers": boot,
            "group.id": GROUP,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "session.timeout.ms": 6000,
            "heartbeat.interval.ms": 500,
            "fetch.wait.max.ms": 100,
            "fetch.error.backoff.ms": 20,
            **SETTINGS,
        }
    )
    positions, changed_at = {}, 0

    def assignment(partitions):
        nonlocal changed_at
        changed_at = now()
        notes.note(changed_at, changed_at, "assign", {"partitions": partitions})

    def committed(given):
        """What the group says, for as long as it takes."""
        while True:
            start = now()
            try:
                found = who.committed(given, timeout=5)
            except KafkaException:
                continue
            if not any(partition.error for partition in found):
                return start, now(), found

    def on_assign(_, given):
        start, end, found = committed([TopicPartition(topic, one.partition) for one in given])
        assigned = []
        for one in found:
            offset = one.offset if one.offset >= 0 else None
            name = f"{topic}-{one.partition}"
            notes.note(start, end, "committed", {"group": GROUP, "partition": name, "offset": offset})
            positions[one.partition] = offset or 0
            assigned.append({"partition": name, "offset": offset or 0})
        who.assign([TopicPartition(topic, partition, offset) for partition, offset in positions.items()])
        assignment(assigned)

    def on_revoke(_, given):
        positions.clear()
        who.unassign()
        assignment([])

    def commit():
        offsets = [TopicPartition(topic, partition, offset) for partition, offset in positions.items() if offset]
        if not offsets:
            return
        named = [(f"{topic}-{one.partition}", one.offset) for one in offsets]
        start = now()
        try:
            done = who.commit(offsets=offsets, asynchronous=False)
            done = not any(one.error for one in done)
        except KafkaException:
            done = False
        outcome = {"ok": None} if done else "unknown"
        what = {"group": GROUP, "offsets": named, "outcome": outcome}
        notes.note(start, now() if done else None, "commit", what)

    who.subscribe([topic], on_assign=on_assign, on_revoke=on_revoke)
    while not ended.is_set():
        start = now()
        records = []
        for message in who.consume(500, 0.1):
            if message.error():
                continue
            value = int(message.value().split(b" ")[0])
            records.append({"partition": f"{topic}-{message.partition()}", "offset": message.offset(), "value": value})
            positions[message.partition()] = message.offset() + 1
        if records:
            # an assignment may come within the call, and before its records
            notes.note(max(start, changed_at + 1), now(), "poll", {"records": records})
            commit()
    who.close()


def main():
    kind, boot, topic, partitions, client, path = sys.argv[1:]
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    notes = Notes(int(client), path)
    try:
        {"produce": produce, "consume": consume}[kind](boot, topic, int(partitions), int(client), notes)
    finally:
        notes.file.close()


main()
