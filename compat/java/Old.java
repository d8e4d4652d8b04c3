import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.AdminClient;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/**
 * The Java client 1.0.2, the oldest that Kafka 4 still serves. Kafka 4.4 itself refuses version 0 of DescribeConfigs and
 * DescribeLogDirs, which this client speaks: those two are for Thalweg alone.
 */
final class Old {
    public static void main(String[] arguments) {
        Scenarios all = new Scenarios();
        for (String codec : new String[] {"none", "gzip", "snappy", "lz4"}) {
            all.add("codec-" + codec, boot -> codec(boot, codec));
        }
        all.add("idempotent", Old::idempotent)
            .add("group-join-leave", Old::groupJoinLeave)
            .add("commit-resume", Old::commitResume)
            .add("seek-time", Old::seekTime)
            .add("admin-topics", Old::adminTopics)
            .add("admin-partitions", Old::adminPartitions)
            .add("admin-configs", Old::adminConfigs)
            .add("describe-configs", Old::describeConfigs)
            .add("describe-log-dirs", Old::describeLogDirs)
            .add("transactions-refused", Old::transactionsRefused)
            .main(arguments);
    }

    static AdminClient admin(String boot) {
        return AdminClient.create(Collections.<String, Object>singletonMap("bootstrap.servers", boot));
    }

    static String create(String boot, int partitions) throws Exception {
        String name = Scenarios.fresh("old");
        try (AdminClient admin = admin(boot)) {
            admin.createTopics(Collections.singletonList(new NewTopic(name, partitions, (short) 1))).all().get();
            Scenarios.until("the topic appears", () -> partitions(admin, name) == partitions);
        }
        return name;
    }

    static int partitions(AdminClient admin, String name) throws Exception {
        try {
            return admin.describeTopics(Collections.singletonList(name)).all().get().get(name).partitions().size();
        } catch (java.util.concurrent.ExecutionException notYet) {
            return 0;
        }
    }

    static Map<String, Object> settings(String boot, Object... settings) {
        Map<String, Object> map = new HashMap<>();
        map.put("bootstrap.servers", boot);
        for (int i = 0; i < settings.length; i += 2) {
            map.put((String) settings[i], settings[i + 1]);
        }
        return map;
    }

    static List<Long> produce(String boot, String topic, int count, Object... settings) throws Exception {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        List<Long> offsets = new ArrayList<>();
        Map<String, Object> map = settings(boot, settings);
        map.putIfAbsent("acks", "all");
        try (KafkaProducer<String, String> out = new KafkaProducer<>(map, new StringSerializer(), new StringSerializer())) {
            for (int i = 0; i < count; i++) {
                ProducerRecord<String, String> record = new ProducerRecord<>(topic, 0, "key " + i % 5, i % 10 == 9 ? null : "value " + i);
                record.headers().add("number", Scenarios.bytes("" + i));
                sent.add(out.send(record));
            }
            out.flush();
            for (Future<RecordMetadata> each : sent) {
                offsets.add(each.get().offset());
            }
        }
        return offsets;
    }

    static KafkaConsumer<String, String> consumer(String boot, String group) {
        Map<String, Object> map = settings(boot, "group.id", group, "auto.offset.reset", "earliest", "enable.auto.commit", "false",
            "session.timeout.ms", "6000", "heartbeat.interval.ms", "200", "max.poll.records", "20");
        return new KafkaConsumer<>(map, new StringDeserializer(), new StringDeserializer());
    }

    static List<ConsumerRecord<String, String>> take(KafkaConsumer<String, String> who, int count) {
        List<ConsumerRecord<String, String>> found = new ArrayList<>();
        long deadline = System.currentTimeMillis() + Scenarios.WAIT_MS;
        while (found.size() < count) {
            Scenarios.check(System.currentTimeMillis() < deadline, found.size() + " of " + count + " records in time");
            who.poll(200).forEach(found::add);
        }
        return found;
    }

    static void readBack(String boot, String topic, int count) {
        try (KafkaConsumer<String, String> who = consumer(boot, Scenarios.fresh("group"))) {
            who.assign(Collections.singletonList(new TopicPartition(topic, 0)));
            List<ConsumerRecord<String, String>> found = take(who, count);
            for (int i = 0; i < count; i++) {
                Scenarios.equal(found.get(i).offset(), (long) i, "offset");
                Scenarios.equal(found.get(i).key(), "key " + i % 5, "key");
                Scenarios.equal(found.get(i).value(), i % 10 == 9 ? null : "value " + i, "value");
                Scenarios.check(Arrays.equals(found.get(i).headers().lastHeader("number").value(), Scenarios.bytes("" + i)), "header");
            }
        }
    }

    static void codec(String boot, String name) throws Exception {
        String topic = create(boot, 1);
        produce(boot, topic, 300, "compression.type", name, "linger.ms", "20");
        readBack(boot, topic, 300);
    }

    static void idempotent(String boot) throws Exception {
        String topic = create(boot, 1);
        List<Long> offsets = produce(boot, topic, 1000, "enable.idempotence", "true", "batch.size", "500", "retries", "100",
            "max.in.flight.requests.per.connection", "1");
        for (int i = 0; i < 1000; i++) {
            Scenarios.equal(offsets.get(i), (long) i, "offset");
        }
        readBack(boot, topic, 1000);
    }

    static void groupJoinLeave(String boot) throws Exception {
        String topic = create(boot, 4);
        String group = Scenarios.fresh("group");
        KafkaConsumer<String, String> first = consumer(boot, group);
        KafkaConsumer<String, String> second = consumer(boot, group);
        first.subscribe(Collections.singletonList(topic));
        second.subscribe(Collections.singletonList(topic));
        // this client blocks in poll while the group forms: one thread each
        Thread other = new Thread(() -> {
            try {
                while (true) {
                    second.poll(50);
                }
            } catch (org.apache.kafka.common.errors.WakeupException end) {
                second.close();
            }
        });
        other.start();
        Scenarios.until("two members share", () -> {
            first.poll(50);
            return first.assignment().size() == 2;
        });
        second.wakeup();
        other.join(20_000);
        Scenarios.until("one has all", () -> {
            first.poll(50);
            return first.assignment().size() == 4;
        });
        first.close();
    }

    static void commitResume(String boot) throws Exception {
        String topic = create(boot, 1);
        String group = Scenarios.fresh("group");
        TopicPartition partition = new TopicPartition(topic, 0);
        produce(boot, topic, 100);
        try (KafkaConsumer<String, String> first = consumer(boot, group)) {
            first.subscribe(Collections.singletonList(topic));
            take(first, 40);
            first.commitSync(Collections.singletonMap(partition, new OffsetAndMetadata(40, "so far")));
            Scenarios.equal(first.committed(partition), new OffsetAndMetadata(40, "so far"), "committed");
        }
        try (KafkaConsumer<String, String> second = consumer(boot, group)) {
            second.subscribe(Collections.singletonList(topic));
            Scenarios.equal(take(second, 60).get(0).offset(), 40L, "first offset after the return");
        }
    }

    static void seekTime(String boot) throws Exception {
        String topic = create(boot, 1);
        long start = System.currentTimeMillis() - 100_000;
        TopicPartition partition = new TopicPartition(topic, 0);
        try (KafkaProducer<String, String> out = new KafkaProducer<>(settings(boot), new StringSerializer(), new StringSerializer())) {
            for (int i = 0; i < 10; i++) {
                out.send(new ProducerRecord<>(topic, 0, start + i * 1000L, "key", "" + i)).get();
            }
        }
        try (KafkaConsumer<String, String> who = consumer(boot, Scenarios.fresh("group"))) {
            Scenarios.equal(who.offsetsForTimes(Collections.singletonMap(partition, start + 4001)).get(partition).offset(), 5L, "offset");
            Scenarios.equal(who.endOffsets(Collections.singletonList(partition)).get(partition), 10L, "end");
        }
    }

    static void adminTopics(String boot) throws Exception {
        String name = create(boot, 3);
        try (AdminClient admin = admin(boot)) {
            Scenarios.check(admin.listTopics().names().get().contains(name), "the topic is listed");
            Scenarios.equal(admin.describeCluster().nodes().get().size(), 1, "nodes");
            admin.deleteTopics(Collections.singletonList(name)).all().get();
            Scenarios.until("the topic is gone", () -> !admin.listTopics().names().get().contains(name));
        }
    }

    static void adminPartitions(String boot) throws Exception {
        String name = create(boot, 2);
        try (AdminClient admin = admin(boot)) {
            admin.createPartitions(Collections.singletonMap(name, NewPartitions.increaseTo(5))).all().get();
            Scenarios.until("five partitions", () -> partitions(admin, name) == 5);
        }
    }

    static void adminConfigs(String boot) throws Exception {
        ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, create(boot, 1));
        try (AdminClient admin = admin(boot)) {
            Config change = new Config(Collections.singletonList(new ConfigEntry("retention.ms", "3600000")));
            admin.alterConfigs(Collections.singletonMap(topic, change)).all().get();
        }
    }

    static void describeConfigs(String boot) throws Exception {
        if (Scenarios.isKafka()) {
            throw new Scenarios.Skip("Apache Kafka 4.4 refuses version 0");
        }
        ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, create(boot, 1));
        try (AdminClient admin = admin(boot)) {
            Config found = admin.describeConfigs(Collections.singletonList(topic)).all().get().get(topic);
            Scenarios.equal(found.get("cleanup.policy").value(), "delete", "cleanup.policy");
            Scenarios.check(found.get("cleanup.policy").isDefault(), "it is a default");
        }
    }

    static void describeLogDirs(String boot) throws Exception {
        if (Scenarios.isKafka()) {
            throw new Scenarios.Skip("Apache Kafka 4.4 refuses version 0");
        }
        try (AdminClient admin = admin(boot)) {
            int node = admin.describeCluster().nodes().get().iterator().next().id();
            Scenarios.equal(admin.describeLogDirs(Collections.singletonList(node)).all().get().get(node).size(), 1, "log folders");
        }
    }

    static void transactionsRefused(String boot) {
        if (Scenarios.isKafka()) {
            throw new Scenarios.Skip("Apache Kafka has transactions");
        }
        long start = System.currentTimeMillis();
        Map<String, Object> map = settings(boot, "transactional.id", Scenarios.fresh("transaction"), "max.block.ms", "30000", "retries", "10");
        try (KafkaProducer<String, String> out = new KafkaProducer<>(map, new StringSerializer(), new StringSerializer())) {
            out.initTransactions();
        } catch (KafkaException refused) {
            Scenarios.check(!(refused instanceof RetriableException), "not final: " + refused);
            Scenarios.check(System.currentTimeMillis() - start < 10_000, "refused too late");
            return;
        }
        throw new AssertionError("a transactional producer was let in");
    }
}
