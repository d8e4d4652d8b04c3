"""What the Python programs share: how scenarios are listed, run and told, and the sample records. It knows no client."""

import os
import random
import sys
import time
import traceback
import uuid

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
NEAR_LIMIT = 1024 * 1024 - 200
LARGE_RECORD = 20 * 1024 * 1024
LARGE_FETCH = 50 * 1024 * 1024
MANY_PARTITIONS = 5000
WAIT_SECONDS = 60


class Skip(Exception):
    """The client cannot do this, or the broker is not meant to."""


def is_kafka():
    return os.environ.get("COMPAT_BROKER") != "thalweg"


def fresh(what):
    """A name that no other scenario uses."""
    return f"{what}-{uuid.uuid4().hex[:12]}"


def equal(found, expected, what="value"):
    if found != expected:
        raise AssertionError(f"{what}: found {shorten(found)}, expected {shorten(expected)}")


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def shorten(value):
    text = repr(value)
    return text if len(text) < 400 else text[:400] + "..."


def until(condition, what, seconds=WAIT_SECONDS):
    """Waits for something to become true; every pass must do the waiting itself, by polling or by a short sleep."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


def noise(size, seed=1):
    """Bytes that no codec makes smaller."""
    return random.Random(seed).randbytes(size)


def sample_records(count=300):
    """(key, value, headers): keyed and keyless ones, compressible values."""
    return [
        (None if i % 3 == 0 else b"key-%d" % (i % 7), b"value %d " % i * (1 + i % 20), [("number", b"%d" % i)] if i % 2 else [])
        for i in range(count)
    ]


# Tombstones, empty keys and values, one byte, repeated and empty headers.
SHAPES = [
    (b"key", b"value", []),
    (None, b"no key", []),
    (b"tombstone", None, []),
    (b"empty value", b"", []),
    (b"", b"empty key", []),
    (None, b"x", []),
    (None, None, []),
    (b"headers", b"h", [("a", b"1"), ("a", b"2"), ("empty", b""), ("bytes", bytes(range(256)))]),
    ("schlüssel".encode(), "wärme ☃".encode(), [("kopf", "zeile ☃".encode())]),
]


def main(scenarios):
    """`list`, or `run BOOTSTRAP NAME...`."""
    if sys.argv[1] == "list":
        print("\n".join(scenarios))
        return
    bootstrap, names = sys.argv[2], sys.argv[3:]
    for name in names:
        try:
            scenarios[name](bootstrap)
            line = f"ok {name}"
        except Skip as why:
            line = f"skipped {name}: {why}"
        except BaseException as error:  # noqa: BLE001 - whatever it is, the scenario failed and the next one runs
            traceback.print_exc()
            line = f"failed {name}: {type(error).__name__}: {str(error)[:500]}".replace("\n", " ")
        print(line, flush=True)
    # clients leave threads behind that would keep the process
    sys.stdout.flush()
    os._exit(0)
