"""kcat (librdkafka of Debian): what it can do: produce, consume, list, query offsets by time, and consume in a group."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

from scenarios import CODECS, NEAR_LIMIT, check, equal, fresh, main, noise, until

LIMIT_SECONDS = 60


def kcat(boot, *arguments, data=b""):
    run = subprocess.run(["kcat", "-b", boot, *arguments], input=data, capture_output=True, timeout=LIMIT_SECONDS)
    if run.returncode:
        raise AssertionError(f"kcat {' '.join(arguments)}: {run.stderr.decode()[-300:]}")
    return run.stdout


def topic(boot):
    """Created by the first metadata request: brokers create topics on demand by default."""
    name = fresh("kcat")
    until(lambda: json.loads(kcat(boot, "-L", "-J", "-t", name))["topics"][0]["partitions"], "the topic appears")
    return name


def read(boot, name, *arguments, form="%k|%s\n"):
    return kcat(boot, "-C", "-t", name, "-e", "-q", "-f", form, *arguments).decode().splitlines()


def codec(codec_name):
    def run(boot):
        name = topic(boot)
        lines = [f"key-{i}|{'value ' * (i % 30)}{i}" for i in range(500)]
        kcat(boot, "-P", "-t", name, "-p", "0", "-K", "|", "-z", codec_name, data="\n".join(lines).encode())
        equal(read(boot, name), lines, "records")

    return run


def record_shapes(boot):
    name = topic(boot)
    kcat(boot, "-P", "-t", name, "-p", "0", "-K", "|", "-H", "a=1", "-H", "a=2", "-H", "umlaut=ü", data=b"key|value\nempty|\n")
    kcat(boot, "-P", "-t", name, "-p", "0", "-K", "|", "-Z", data="gone|\nschlüssel|wärme ☃\n".encode())
    found = [json.loads(line) for line in kcat(boot, "-C", "-t", name, "-e", "-q", "-J").decode().splitlines()]
    equal([(r["key"], r["payload"]) for r in found], [("key", "value"), ("empty", ""), ("gone", None), ("schlüssel", "wärme ☃")], "records")
    equal(found[0]["headers"], ["a", "1", "a", "2", "umlaut", "ü"], "headers")


def near_limit(boot):
    name, value = topic(boot), noise(NEAR_LIMIT).replace(b"\n", b"x")
    kcat(boot, "-P", "-t", name, "-p", "0", "-X", "message.max.bytes=2000000", data=value)
    check(kcat(boot, "-C", "-t", name, "-e", "-q", "-D", "") == value, "a record just below 1 MiB came as it was")


def idempotent(boot):
    name, lines = topic(boot), [str(i) for i in range(5000)]
    kcat(boot, "-P", "-t", name, "-p", "0", "-X", "enable.idempotence=true", "-X", "batch.num.messages=100", data="\n".join(lines).encode())
    equal(read(boot, name, form="%s\n"), lines, "order")


def commit_resume(boot):
    name, group = topic(boot), fresh("group")
    kcat(boot, "-P", "-t", name, "-p", "0", data="\n".join(str(i) for i in range(100)).encode())
    settings = ["-X", "auto.offset.reset=earliest", "-X", "session.timeout.ms=6000", "-q", "-u", "-f", "%s\n"]
    first = kcat(boot, "-G", group, *settings, "-c", "40", name).decode().split()
    equal(first, [str(i) for i in range(40)], "first records")
    second = kcat(boot, "-G", group, *settings, "-c", "60", name).decode().split()
    equal(second, [str(i) for i in range(40, 100)], "records after the return")


def group_join_leave(boot):
    name, group = topic(boot), fresh("group")
    folder = tempfile.mkdtemp()
    files, members = [os.path.join(folder, str(i)) for i in range(2)], []
    try:
        for file in files:
            command = ["kcat", "-b", boot, "-G", group, "-q", "-u", "-f", "%s\n", "-X", "auto.offset.reset=earliest"]
            command += ["-X", "session.timeout.ms=6000", "-X", "heartbeat.interval.ms=200", name]
            members.append(subprocess.Popen(command, stdout=open(file, "wb"), stderr=subprocess.DEVNULL))
        lines = lambda: sorted(line for file in files for line in open(file).read().split())
        kcat(boot, "-P", "-t", name, "-p", "0", data=b"1\n2\n3\n")
        until(lambda: lines() == ["1", "2", "3"], "the group reads what there is")
        # whoever owns the partition leaves; the other one goes on
        owner = next(i for i, file in enumerate(files) if os.path.getsize(file))
        members[owner].send_signal(signal.SIGTERM)
        members[owner].wait(20)
        kcat(boot, "-P", "-t", name, "-p", "0", data=b"4\n")
        until(lambda: "4" in open(files[1 - owner]).read().split(), "the other member reads on")
    finally:
        for member in members:
            member.kill()
            member.wait()
        shutil.rmtree(folder)


def seek_offset(boot):
    name = topic(boot)
    kcat(boot, "-P", "-t", name, "-p", "0", data="\n".join(str(i) for i in range(100)).encode())
    equal(read(boot, name, "-p", "0", "-o", "70", "-c", "1", form="%o %s\n"), ["70 70"], "offset 70")
    equal(read(boot, name, "-p", "0", "-o", "-10", "-c", "1", form="%o\n"), ["90"], "ten before the end")


def seek_time(boot):
    name = topic(boot)
    kcat(boot, "-P", "-t", name, "-p", "0", data=b"first\n")
    time.sleep(0.05)
    between = int(time.time() * 1000)
    kcat(boot, "-P", "-t", name, "-p", "0", data=b"second\n")
    equal(read(boot, name, "-p", "0", "-o", f"s@{between}", form="%s\n"), ["second"], "records after a time")
    query = lambda at: kcat(boot, "-Q", "-t", f"{name}:0:{at}").decode().split()[-1]
    equal([query(between), query(-1), query(-2)], ["1", "2", "0"], "offsets queried")


def admin_topics(boot):
    name = topic(boot)
    found = json.loads(kcat(boot, "-L", "-J"))
    check(name in [t["topic"] for t in found["topics"]], "the topic is listed")
    equal(len(found["brokers"]), 1, "brokers")



main(
    {
        **{f"codec-{name}": codec(name) for name in CODECS},
        "record-shapes": record_shapes,
        "near-limit": near_limit,
        "idempotent": idempotent,
        "group-join-leave": group_join_leave,
        "commit-resume": commit_resume,
        "seek-offset": seek_offset,
        "seek-time": seek_time,
        "admin-topics": admin_topics,
    }
)
