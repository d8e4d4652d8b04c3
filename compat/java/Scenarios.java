import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.UUID;

/** What the Java programs share: how scenarios are listed, run and told, and the sample records. It knows no client. */
final class Scenarios {
    static final int NEAR_LIMIT = 1024 * 1024 - 200;
    static final int LARGE_RECORD = 20 * 1024 * 1024;
    static final int LARGE_FETCH = 50 * 1024 * 1024;
    static final int MANY_PARTITIONS = 5000;
    static final long WAIT_MS = 60_000;
    static final String[] CODECS = {"none", "gzip", "snappy", "lz4", "zstd"};

    interface Body {
        void run(String boot) throws Exception;
    }

    interface Condition {
        boolean holds() throws Exception;
    }

    /** The client cannot do this, or the broker is not meant to. */
    static final class Skip extends RuntimeException {
        Skip(String why) {
            super(why);
        }
    }

    /** A record as every client knows it; headers as name, value, name, value. */
    static final class Sample {
        final byte[] key;
        final byte[] value;
        final byte[][] headers;

        Sample(byte[] key, byte[] value, byte[]... headers) {
            this.key = key;
            this.value = value;
            this.headers = headers;
        }

        boolean same(Sample other) {
            return Arrays.equals(key, other.key) && Arrays.equals(value, other.value) && Arrays.deepEquals(headers, other.headers);
        }
    }

    private final Map<String, Body> bodies = new LinkedHashMap<>();

    Scenarios add(String name, Body body) {
        bodies.put(name, body);
        return this;
    }

    /** The program: `list`, or `run BOOTSTRAP NAME...`. */
    void main(String[] arguments) {
        if (arguments[0].equals("list")) {
            bodies.keySet().forEach(System.out::println);
            return;
        }
        for (int i = 2; i < arguments.length; i++) {
            String name = arguments[i];
            try {
                bodies.get(name).run(arguments[1]);
                System.out.println("ok " + name);
            } catch (Skip why) {
                System.out.println("skipped " + name + ": " + why.getMessage());
            } catch (Throwable error) {
                error.printStackTrace();
                System.out.println("failed " + name + ": " + error.toString().replace('\n', ' '));
            }
            System.out.flush();
        }
        System.exit(0);
    }

    static boolean isKafka() {
        return !"thalweg".equals(System.getenv("COMPAT_BROKER"));
    }

    static String fresh(String what) {
        return what + "-" + UUID.randomUUID().toString().substring(0, 13);
    }

    static void check(boolean condition, String what) {
        if (!condition) {
            throw new AssertionError(what);
        }
    }

    static void equal(Object found, Object expected, String what) {
        check(Objects.equals(found, expected), what + ": found " + found + ", expected " + expected);
    }

    static void until(String what, Condition condition) throws Exception {
        long deadline = System.currentTimeMillis() + WAIT_MS;
        while (!condition.holds()) {
            check(System.currentTimeMillis() < deadline, "not within " + WAIT_MS + " ms: " + what);
            Thread.sleep(20);
        }
    }

    /** Fails unless the call fails with this kind of error, as itself or as a cause. */
    static void fails(Class<? extends Throwable> kind, Condition call) {
        try {
            call.holds();
        } catch (Throwable error) {
            for (Throwable at = error; at != null; at = at.getCause()) {
                if (kind.isInstance(at)) {
                    return;
                }
            }
            throw new AssertionError("expected " + kind.getSimpleName() + ", found " + error);
        }
        throw new AssertionError("expected " + kind.getSimpleName() + ", found success");
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Bytes that no codec makes smaller. */
    static byte[] noise(int size, long seed) {
        byte[] out = new byte[size];
        new Random(seed).nextBytes(out);
        return out;
    }

    static List<Sample> samples(int count) {
        List<Sample> out = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            byte[] key = i % 3 == 0 ? null : bytes("key-" + i % 7);
            byte[] value = bytes(("value " + i + " ").repeat(1 + i % 20));
            out.add(i % 2 == 1 ? new Sample(key, value, bytes("number"), bytes("" + i)) : new Sample(key, value));
        }
        return out;
    }

    static List<Sample> numbers(int count) {
        List<Sample> out = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            out.add(new Sample(null, bytes("" + i)));
        }
        return out;
    }

    /** Tombstones, empty keys and values, one byte, repeated, empty and null headers. */
    static List<Sample> shapes() {
        return List.of(
            new Sample(bytes("key"), bytes("value")),
            new Sample(null, bytes("no key")),
            new Sample(bytes("tombstone"), null),
            new Sample(bytes("empty value"), new byte[0]),
            new Sample(new byte[0], bytes("empty key")),
            new Sample(null, bytes("x")),
            new Sample(null, null),
            new Sample(bytes("headers"), bytes("h"), bytes("a"), bytes("1"), bytes("a"), bytes("2"), bytes("empty"), new byte[0], bytes("null"), null),
            new Sample(bytes("schlüssel"), bytes("wärme ☃"), bytes("kopf"), bytes("zeile ☃")));
    }

    static void sameRecords(List<Sample> found, List<Sample> expected) {
        equal(found.size(), expected.size(), "number of records");
        for (int i = 0; i < found.size(); i++) {
            check(found.get(i).same(expected.get(i)), "record " + i + " differs");
        }
    }
}
