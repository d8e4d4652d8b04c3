"""End to end on real input: a million lines of fetched Rust sources go in through confluent-kafka and come out through a
group of three franz-go processes, one of which is killed half-way.

Checked: every line comes out byte for byte; no partition has a gap; and each repeat lies at or above the offset that was
committed when the member was killed.
"""

import os
import signal
import struct
import subprocess
import tempfile
import time

from confluent_kafka import ConsumerGroupTopicPartitions, Producer
from confluent_kafka.admin import AdminClient, NewTopic

from scenarios import check, equal, fresh, main, until

LINES = 1_000_000
PARTITIONS = 6
MEMBERS = 3
HEAD = struct.Struct(">IQI")
LIMIT_SECONDS = 120


def corpus():
    """The first million lines of cargo's fetched sources, as bytes, whatever they contain."""
    home = os.environ.get("CARGO_HOME") or os.path.expanduser("~/.cargo")
    lines = []
    for folder, folders, files in os.walk(os.path.join(home, "registry", "src")):
        folders.sort()
        for file in sorted(files):
            if file.endswith(".rs"):
                with open(os.path.join(folder, file), "rb") as text:
                    lines += text.read().split(b"\n")
        if len(lines) >= LINES:
            return lines[:LINES]
    raise AssertionError(f"cargo's fetched sources have {len(lines)} lines, {LINES} are needed")


class Output:
    """The file of one member, read as it grows."""

    def __init__(self, path):
        self.path, self.rest, self.position = path, b"", 0

    def new_records(self):
        if not os.path.exists(self.path):
            return
        with open(self.path, "rb") as file:
            file.seek(self.position)
            data = file.read()
        self.position += len(data)
        data, at = self.rest + data, 0
        while at + HEAD.size <= len(data):
            partition, offset, length = HEAD.unpack_from(data, at)
            if at + HEAD.size + length > len(data):
                break
            at += HEAD.size
            yield partition, offset, data[at : at + length]
            at += length
        self.rest = data[at:]


def run(boot):
    lines = corpus()
    sent = [lines[partition::PARTITIONS] for partition in range(PARTITIONS)]
    topic, group, admin = fresh("corpus"), fresh("group"), AdminClient({"bootstrap.servers": boot})
    for made in admin.create_topics([NewTopic(topic, PARTITIONS, 1)]).values():
        made.result(60)
    members = []
    with tempfile.TemporaryDirectory(dir=os.environ.get("COMPAT_SCRATCH")) as folder:
        try:
            end_to_end(boot, admin, topic, group, sent, members, folder)
        finally:
            for member in members:
                member.kill()
                member.wait()


def end_to_end(boot, admin, topic, group, sent, members, folder):
    files = [os.path.join(folder, f"member-{i}") for i in range(MEMBERS)]
    for file in files:
        log = open(file + ".log", "wb")
        members.append(subprocess.Popen([os.environ["COMPAT_MEMBER"], boot, group, topic, file], stdout=log, stderr=log))
    shares = [b"owned %d" % (PARTITIONS // MEMBERS)] * MEMBERS
    last_words = lambda: [(open(file + ".log", "rb").read().splitlines() or [b""])[-1] for file in files]
    until(lambda: last_words() == shares, "three members share the partitions")

    produce(boot, topic, sent)
    outputs = [Output(file) for file in files]
    seen = [{} for _ in range(PARTITIONS)]
    repeats, wrong, committed = [], [], None
    total, everything = sum(len(each) for each in sent), {p: len(sent[p]) for p in range(PARTITIONS)}
    delivered, by_victim, deadline = 0, 0, time.monotonic() + LIMIT_SECONDS
    while delivered < total or committed_offsets(admin, group) != everything:
        check(time.monotonic() < deadline, f"{delivered} of {total} lines within {LIMIT_SECONDS} s; {last_words()}")
        for output in outputs:
            for partition, offset, value in output.new_records():
                by_victim += output is outputs[0]
                if offset in seen[partition]:
                    repeats.append((partition, offset))
                else:
                    seen[partition][offset] = True
                    delivered += 1
                if offset >= len(sent[partition]) or sent[partition][offset] != value:
                    wrong.append((partition, offset))
        if committed is None and by_victim >= total // MEMBERS // 2:
            members[0].send_signal(signal.SIGKILL)
            members[0].wait()
            # the others cannot take over before its session ends: this is what it had committed
            time.sleep(0.2)
            committed = committed_offsets(admin, group)
        time.sleep(0.01)
    check(committed is not None, "a member was killed")
    print(f"killed at {committed}, {len(repeats)} repeats")
    equal(wrong[:5], [], "lines that differ")
    for partition in range(PARTITIONS):
        equal(len(seen[partition]), len(sent[partition]), f"offsets of partition {partition}")
    early = [(partition, offset) for partition, offset in repeats if offset < committed.get(partition, 0)]
    equal(early[:5], [], f"repeats below what was committed ({committed})")
    for member in members[1:]:
        member.send_signal(signal.SIGTERM)
        equal(member.wait(20), 0, "end of a member")


def produce(boot, topic, sent):
    failed = []
    settings = {"bootstrap.servers": boot, "enable.idempotence": True, "linger.ms": 20, "compression.type": "lz4"}
    out = Producer({**settings, "queue.buffering.max.messages": 2_000_000})
    told = lambda error, _: failed.append(error) if error else None
    for row in range(max(len(each) for each in sent)):
        for partition, each in enumerate(sent):
            if row < len(each):
                out.produce(topic, each[row], partition=partition, on_delivery=told)
        if row % 1000 == 0:
            out.poll(0)
    equal(out.flush(60), 0, "unsent lines")
    equal(failed[:3], [], "failed lines")


def committed_offsets(admin, group):
    (answer,) = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)]).values()
    return {each.partition: each.offset for each in answer.result(30).topic_partitions}


main({"end-to-end": run})
