import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidPartitionsException;
import org.apache.kafka.common.errors.InvalidReplicationFactorException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.OffsetOutOfRangeException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The Java client, newest: every scenario. */
final class Client {
    public static void main(String[] arguments) {
        Scenarios all = new Scenarios();
        for (String codec : Scenarios.CODECS) {
            all.add("codec-" + codec, boot -> codec(boot, codec));
        }
        all.add("record-shapes", Client::recordShapes)
            .add("near-limit", Client::nearLimit)
            .add("idempotent", Client::idempotent)
            .add("group-join-leave", Client::groupJoinLeave)
            .add("group-static", Client::groupStatic)
            .add("group-cooperative", Client::groupCooperative)
            .add("commit-resume", Client::commitResume)
            .add("seek-offset", Client::seekOffset)
            .add("seek-time", Client::seekTime)
            .add("admin-topics", Client::adminTopics)
            .add("admin-partitions", Client::adminPartitions)
            .add("admin-configs", Client::adminConfigs)
            .add("admin-groups", Client::adminGroups)
            .add("admin-offsets", Client::adminOffsets)
            .add("admin-delete-records", Client::adminDeleteRecords)
            .add("large-fetch", Client::largeFetch)
            .add("large-record", Client::largeRecord)
            .add("many-partitions", Client::manyPartitions)
            .add("transactions-refused", Client::transactionsRefused)
            .main(arguments);
    }

    static <T> T get(Future<T> future) throws Exception {
        return future.get(Scenarios.WAIT_MS, TimeUnit.MILLISECONDS);
    }

    static Admin admin(String boot) {
        return Admin.create(Map.of("bootstrap.servers", boot));
    }

    static String create(String boot, int partitions, String... configs) throws Exception {
        String name = Scenarios.fresh("java");
        Map<String, String> map = new HashMap<>();
        for (int i = 0; i < configs.length; i += 2) {
            map.put(configs[i], configs[i + 1]);
        }
        try (Admin admin = admin(boot)) {
            get(admin.createTopics(List.of(new NewTopic(name, Optional.of(partitions), Optional.empty()).configs(map))).all());
            Scenarios.until("the topic appears", () -> partitions(admin, name) == partitions);
        }
        return name;
    }

    static int partitions(Admin admin, String name) throws Exception {
        try {
            return get(admin.describeTopics(List.of(name)).allTopicNames()).get(name).partitions().size();
        } catch (java.util.concurrent.ExecutionException notYet) {
            if (notYet.getCause() instanceof RetriableException) {
                return 0;
            }
            throw notYet;
        }
    }

    static KafkaProducer<byte[], byte[]> producer(String boot, Object... settings) {
        return new KafkaProducer<>(settings(boot, settings), new ByteArraySerializer(), new ByteArraySerializer());
    }

    static Map<String, Object> settings(String boot, Object... settings) {
        Map<String, Object> map = new HashMap<>();
        map.put("bootstrap.servers", boot);
        for (int i = 0; i < settings.length; i += 2) {
            map.put((String) settings[i], settings[i + 1]);
        }
        return map;
    }

    static List<Long> produce(String boot, String topic, int partition, List<Scenarios.Sample> records, Object... settings) throws Exception {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        try (KafkaProducer<byte[], byte[]> out = producer(boot, settings)) {
            for (Scenarios.Sample record : records) {
                ProducerRecord<byte[], byte[]> made = new ProducerRecord<>(topic, partition, record.key, record.value);
                for (int i = 0; i < record.headers.length; i += 2) {
                    made.headers().add(new String(record.headers[i], "UTF-8"), record.headers[i + 1]);
                }
                sent.add(out.send(made));
            }
            out.flush();
        }
        List<Long> offsets = new ArrayList<>();
        for (Future<RecordMetadata> future : sent) {
            offsets.add(get(future).offset());
        }
        return offsets;
    }

    static KafkaConsumer<byte[], byte[]> consumer(String boot, String group, Object... settings) {
        Map<String, Object> map = settings(boot, settings);
        map.put("group.id", group);
        map.put("auto.offset.reset", "earliest");
        map.put("enable.auto.commit", "false");
        map.putIfAbsent("session.timeout.ms", "6000");
        map.putIfAbsent("heartbeat.interval.ms", "200");
        return new KafkaConsumer<>(map, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    static List<ConsumerRecord<byte[], byte[]>> take(KafkaConsumer<byte[], byte[]> who, int count) {
        List<ConsumerRecord<byte[], byte[]>> found = new ArrayList<>();
        long deadline = System.currentTimeMillis() + Scenarios.WAIT_MS;
        while (found.size() < count) {
            Scenarios.check(System.currentTimeMillis() < deadline, found.size() + " of " + count + " records in time");
            who.poll(Duration.ofMillis(200)).forEach(found::add);
        }
        return found;
    }

    static List<ConsumerRecord<byte[], byte[]>> readAll(String boot, String topic, int partition, int count, Object... settings) {
        try (KafkaConsumer<byte[], byte[]> who = consumer(boot, Scenarios.fresh("group"), settings)) {
            TopicPartition from = new TopicPartition(topic, partition);
            who.assign(List.of(from));
            who.seekToBeginning(List.of(from));
            return take(who, count);
        }
    }

    static List<Scenarios.Sample> plain(List<ConsumerRecord<byte[], byte[]>> records) {
        List<Scenarios.Sample> out = new ArrayList<>();
        for (ConsumerRecord<byte[], byte[]> record : records) {
            List<byte[]> headers = new ArrayList<>();
            for (Header header : record.headers()) {
                headers.add(Scenarios.bytes(header.key()));
                headers.add(header.value());
            }
            out.add(new Scenarios.Sample(record.key(), record.value(), headers.toArray(new byte[0][])));
        }
        return out;
    }

    static void codec(String boot, String name) throws Exception {
        String topic = create(boot, 1);
        produce(boot, topic, 0, Scenarios.samples(300), "compression.type", name, "linger.ms", "20");
        List<ConsumerRecord<byte[], byte[]>> found = readAll(boot, topic, 0, 300);
        Scenarios.sameRecords(plain(found), Scenarios.samples(300));
        for (int i = 0; i < 300; i++) {
            Scenarios.equal(found.get(i).offset(), (long) i, "offset");
        }
    }

    static void recordShapes(String boot) throws Exception {
        String topic = create(boot, 1);
        produce(boot, topic, 0, Scenarios.shapes());
        Scenarios.sameRecords(plain(readAll(boot, topic, 0, Scenarios.shapes().size())), Scenarios.shapes());
    }

    static void nearLimit(String boot) throws Exception {
        String topic = create(boot, 1);
        byte[] value = Scenarios.noise(Scenarios.NEAR_LIMIT, 1);
        produce(boot, topic, 0, List.of(new Scenarios.Sample(null, value)), "max.request.size", "2000000");
        Scenarios.check(Arrays.equals(readAll(boot, topic, 0, 1).get(0).value(), value), "a record just below 1 MiB came as it was");
        Scenarios.fails(RecordTooLargeException.class, () -> {
            produce(boot, topic, 0, List.of(new Scenarios.Sample(null, Scenarios.noise(1200000, 1))), "max.request.size", "2000000");
            return true;
        });
    }

    static void idempotent(String boot) throws Exception {
        String topic = create(boot, 1);
        List<Long> offsets = produce(boot, topic, 0, Scenarios.numbers(2000), "enable.idempotence", "true", "batch.size", "500");
        for (int i = 0; i < 2000; i++) {
            Scenarios.equal(offsets.get(i), (long) i, "offset");
        }
        Scenarios.sameRecords(plain(readAll(boot, topic, 0, 2000)), Scenarios.numbers(2000));
    }

    /** A member of a group that remembers what was given to it and what it read. */
    static final class Member implements ConsumerRebalanceListener {
        final KafkaConsumer<byte[], byte[]> consumer;
        final Set<Integer> owned = new TreeSet<>();
        final List<ConsumerRecord<byte[], byte[]>> read = new ArrayList<>();
        int givenUp;
        int given;

        Member(String boot, String group, String topic, Object... settings) {
            consumer = consumer(boot, group, settings);
            consumer.subscribe(List.of(topic), this);
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
            given++;
            partitions.forEach(each -> owned.add(each.partition()));
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
            givenUp += partitions.size();
            partitions.forEach(each -> owned.remove(each.partition()));
        }

        void poll() {
            consumer.poll(Duration.ofMillis(50)).forEach(read::add);
        }
    }

    static void settled(int partitions, Member... members) throws Exception {
        Scenarios.until(members.length + " members share " + partitions + " partitions", () -> {
            Set<Integer> all = new TreeSet<>();
            int sum = 0;
            boolean each = true;
            for (Member member : members) {
                member.poll();
            }
            for (Member member : members) {
                all.addAll(member.owned);
                sum += member.owned.size();
                each &= !member.owned.isEmpty();
            }
            return each && sum == partitions && all.size() == partitions;
        });
    }

    static void groupJoinLeave(String boot) throws Exception {
        String topic = create(boot, 6);
        String group = Scenarios.fresh("group");
        for (int partition = 0; partition < 6; partition++) {
            produce(boot, topic, partition, Scenarios.samples(20));
        }
        Member first = new Member(boot, group, topic);
        Member second = new Member(boot, group, topic);
        settled(6, first, second);
        Member third = new Member(boot, group, topic);
        settled(6, first, second, third);
        first.consumer.close();
        settled(6, second, third);
        produce(boot, topic, 3, List.of(new Scenarios.Sample(null, Scenarios.bytes("last"))));
        Scenarios.until("the last record is read", () -> {
            second.poll();
            third.poll();
            return second.read.stream().anyMatch(each -> Arrays.equals(each.value(), Scenarios.bytes("last")))
                || third.read.stream().anyMatch(each -> Arrays.equals(each.value(), Scenarios.bytes("last")));
        });
        second.consumer.close();
        third.consumer.close();
    }

    static void groupStatic(String boot) throws Exception {
        String topic = create(boot, 4);
        String group = Scenarios.fresh("group");
        Member first = new Member(boot, group, topic, "group.instance.id", "static-0");
        Member second = new Member(boot, group, topic, "group.instance.id", "static-1");
        settled(4, first, second);
        Set<Integer> before = new TreeSet<>(first.owned);
        int given = second.given;
        first.consumer.close();
        Member again = new Member(boot, group, topic, "group.instance.id", "static-0");
        settled(4, again, second);
        Scenarios.equal(again.owned, before, "partitions after the return");
        Scenarios.equal(second.given, given, "rebalances of the other member");
        again.consumer.close();
        second.consumer.close();
    }

    static void groupCooperative(String boot) throws Exception {
        String topic = create(boot, 6);
        String group = Scenarios.fresh("group");
        String sticky = CooperativeStickyAssignor.class.getName();
        Member first = new Member(boot, group, topic, "partition.assignment.strategy", sticky);
        settled(6, first);
        Member second = new Member(boot, group, topic, "partition.assignment.strategy", sticky);
        settled(6, first, second);
        Scenarios.equal(first.owned.size(), 3, "partitions kept");
        Scenarios.equal(first.givenUp, 3, "partitions given up");
        first.consumer.close();
        second.consumer.close();
    }

    static void commitResume(String boot) throws Exception {
        String topic = create(boot, 1);
        String group = Scenarios.fresh("group");
        TopicPartition partition = new TopicPartition(topic, 0);
        produce(boot, topic, 0, Scenarios.samples(100));
        try (KafkaConsumer<byte[], byte[]> first = consumer(boot, group, "max.poll.records", "20")) {
            first.subscribe(List.of(topic));
            take(first, 40);
            first.commitSync(Map.of(partition, new OffsetAndMetadata(40, "so far")));
            OffsetAndMetadata committed = first.committed(Set.of(partition)).get(partition);
            Scenarios.equal(committed.offset(), 40L, "committed");
            Scenarios.equal(committed.metadata(), "so far", "metadata");
        }
        try (KafkaConsumer<byte[], byte[]> second = consumer(boot, group)) {
            second.subscribe(List.of(topic));
            List<ConsumerRecord<byte[], byte[]>> found = take(second, 60);
            Scenarios.equal(found.get(0).offset(), 40L, "first offset after the return");
            Scenarios.equal(found.get(59).offset(), 99L, "last offset");
        }
    }

    static void seekOffset(String boot) throws Exception {
        String topic = create(boot, 1);
        TopicPartition partition = new TopicPartition(topic, 0);
        produce(boot, topic, 0, Scenarios.samples(100));
        try (KafkaConsumer<byte[], byte[]> who = consumer(boot, Scenarios.fresh("group"))) {
            who.assign(List.of(partition));
            take(who, 5);
            who.seek(partition, 70);
            Scenarios.equal(take(who, 1).get(0).offset(), 70L, "offset");
            who.seek(partition, 10);
            Scenarios.equal(take(who, 1).get(0).offset(), 10L, "offset");
            Scenarios.equal(who.beginningOffsets(List.of(partition)).get(partition), 0L, "first offset");
            Scenarios.equal(who.endOffsets(List.of(partition)).get(partition), 100L, "end offset");
        }
    }

    static void seekTime(String boot) throws Exception {
        String topic = create(boot, 1);
        TopicPartition partition = new TopicPartition(topic, 0);
        long start = System.currentTimeMillis() - 100_000;
        try (KafkaProducer<byte[], byte[]> out = producer(boot)) {
            for (int i = 0; i < 10; i++) {
                get(out.send(new ProducerRecord<>(topic, 0, start + i * 1000L, null, Scenarios.bytes("" + i))));
            }
        }
        try (KafkaConsumer<byte[], byte[]> who = consumer(boot, Scenarios.fresh("group"), "isolation.level", "read_committed")) {
            long[] asked = {start - 1, start + 4000, start + 4001};
            long[] expected = {0, 4, 5};
            for (int i = 0; i < asked.length; i++) {
                OffsetAndTimestamp found = who.offsetsForTimes(Map.of(partition, asked[i])).get(partition);
                Scenarios.equal(found.offset(), expected[i], "offset at " + asked[i]);
                Scenarios.equal(found.timestamp(), start + expected[i] * 1000, "its time");
            }
            Scenarios.equal(who.offsetsForTimes(Map.of(partition, start + 99999)).get(partition), null, "after the end");
            who.assign(List.of(partition));
            who.seek(partition, 5);
            Scenarios.equal(take(who, 5).get(0).timestamp(), start + 5000, "time of the record read");
        }
    }

    static void adminTopics(String boot) throws Exception {
        String name = create(boot, 3, "retention.ms", "3600000");
        try (Admin admin = admin(boot)) {
            Scenarios.check(get(admin.listTopics().names()).contains(name), "the topic is listed");
            TopicDescription description = get(admin.describeTopics(List.of(name)).allTopicNames()).get(name);
            Scenarios.equal(description.partitions().size(), 3, "partitions");
            Scenarios.equal(description.partitions().get(0).isr().size(), 1, "replicas in sync");
            Scenarios.check(!description.topicId().toString().equals("AAAAAAAAAAAAAAAAAAAAAA"), "the topic has an id");
            Scenarios.fails(TopicExistsException.class, () -> {
                get(admin.createTopics(List.of(new NewTopic(name, 1, (short) 1))).all());
                return true;
            });
            Scenarios.fails(InvalidTopicException.class, () -> {
                get(admin.createTopics(List.of(new NewTopic("bad/name", 1, (short) 1))).all());
                return true;
            });
            Scenarios.fails(InvalidReplicationFactorException.class, () -> {
                get(admin.createTopics(List.of(new NewTopic(Scenarios.fresh("java"), 1, (short) 3))).all());
                return true;
            });
            String dry = Scenarios.fresh("java");
            get(admin.createTopics(List.of(new NewTopic(dry, 1, (short) 1)), new CreateTopicsOptions().validateOnly(true)).all());
            Scenarios.check(!get(admin.listTopics().names()).contains(dry), "a validated topic is not created");
            get(admin.deleteTopics(List.of(name)).all());
            Scenarios.until("the topic is gone", () -> !get(admin.listTopics().names()).contains(name));
            Scenarios.equal(get(admin.describeCluster().nodes()).size(), 1, "nodes");
            Scenarios.check(!get(admin.describeCluster().clusterId()).isEmpty(), "the cluster has an id");
            int node = get(admin.describeCluster().nodes()).iterator().next().id();
            Scenarios.equal(get(admin.describeLogDirs(List.of(node)).allDescriptions()).get(node).size(), 1, "log folders");
            get(admin.describeFeatures().featureMetadata());
        }
    }

    static void adminPartitions(String boot) throws Exception {
        String name = create(boot, 2);
        try (Admin admin = admin(boot)) {
            get(admin.createPartitions(Map.of(name, NewPartitions.increaseTo(5))).all());
            Scenarios.until("five partitions", () -> partitions(admin, name) == 5);
            produce(boot, name, 4, Scenarios.numbers(1));
            readAll(boot, name, 4, 1);
            Scenarios.fails(InvalidPartitionsException.class, () -> {
                get(admin.createPartitions(Map.of(name, NewPartitions.increaseTo(3))).all());
                return true;
            });
        }
    }

    static String configOf(Admin admin, ConfigResource resource, String name) throws Exception {
        return get(admin.describeConfigs(List.of(resource)).all()).get(resource).get(name).value();
    }

    static void adminConfigs(String boot) throws Exception {
        String name = create(boot, 1, "retention.ms", "3600000");
        ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, name);
        try (Admin admin = admin(boot)) {
            Config found = get(admin.describeConfigs(List.of(topic)).all()).get(topic);
            Scenarios.equal(found.get("retention.ms").value(), "3600000", "retention.ms");
            Scenarios.equal(found.get("retention.ms").source(), ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG, "its source");
            Scenarios.equal(found.get("cleanup.policy").value(), "delete", "cleanup.policy");
            Scenarios.equal(found.get("cleanup.policy").source(), ConfigEntry.ConfigSource.DEFAULT_CONFIG, "its source");
            get(admin.incrementalAlterConfigs(Map.of(topic, List.of(
                new AlterConfigOp(new ConfigEntry("retention.ms", ""), AlterConfigOp.OpType.DELETE),
                new AlterConfigOp(new ConfigEntry("cleanup.policy", "compact"), AlterConfigOp.OpType.APPEND),
                new AlterConfigOp(new ConfigEntry("max.message.bytes", "2000000"), AlterConfigOp.OpType.SET)))).all());
            Scenarios.until("the change shows", () -> configOf(admin, topic, "max.message.bytes").equals("2000000"));
            Scenarios.equal(configOf(admin, topic, "retention.ms"), "604800000", "retention.ms after its removal");
            Scenarios.equal(configOf(admin, topic, "cleanup.policy"), "delete,compact", "the list grew");
            Scenarios.fails(InvalidConfigurationException.class, () -> {
                get(admin.incrementalAlterConfigs(Map.of(topic, List.of(
                    new AlterConfigOp(new ConfigEntry("retention.ms", "soon"), AlterConfigOp.OpType.SET)))).all());
                return true;
            });
            int node = get(admin.describeCluster().nodes()).iterator().next().id();
            ConfigResource broker = new ConfigResource(ConfigResource.Type.BROKER, "" + node);
            Scenarios.equal(configOf(admin, broker, "num.partitions"), "1", "num.partitions of the broker");
            Scenarios.check(get(admin.listConfigResources().all()).contains(topic), "the topic's configs are listed");
        }
    }

    static void adminGroups(String boot) throws Exception {
        String topic = create(boot, 2);
        String group = Scenarios.fresh("group");
        Member member = new Member(boot, group, topic, "client.id", "the-member");
        settled(2, member);
        try (Admin admin = admin(boot)) {
            Scenarios.check(get(admin.listGroups().all()).stream().map(GroupListing::groupId).anyMatch(group::equals), "the group is listed");
            ConsumerGroupDescription described = get(admin.describeConsumerGroups(List.of(group)).all()).get(group);
            Scenarios.equal(described.groupState(), GroupState.STABLE, "state");
            Scenarios.equal(described.members().iterator().next().clientId(), "the-member", "client id");
            Scenarios.equal(described.members().iterator().next().assignment().topicPartitions().size(), 2, "assigned partitions");
            Scenarios.fails(GroupNotEmptyException.class, () -> {
                get(admin.deleteConsumerGroups(List.of(group)).all());
                return true;
            });
            member.consumer.close();
            Scenarios.until("the group is empty",
                () -> get(admin.describeConsumerGroups(List.of(group)).all()).get(group).groupState() == GroupState.EMPTY);
            get(admin.deleteConsumerGroups(List.of(group)).all());
            Scenarios.check(get(admin.listGroups().all()).stream().map(GroupListing::groupId).noneMatch(group::equals), "the group is gone");
        }
    }

    static void adminOffsets(String boot) throws Exception {
        String topic = create(boot, 2);
        String group = Scenarios.fresh("group");
        TopicPartition first = new TopicPartition(topic, 0);
        TopicPartition second = new TopicPartition(topic, 1);
        produce(boot, topic, 0, Scenarios.samples(10));
        try (Admin admin = admin(boot)) {
            get(admin.alterConsumerGroupOffsets(group, Map.of(first, new OffsetAndMetadata(7), second, new OffsetAndMetadata(0))).all());
            Map<TopicPartition, OffsetAndMetadata> found = get(
                admin.listConsumerGroupOffsets(Map.of(group, new ListConsumerGroupOffsetsSpec())).partitionsToOffsetAndMetadata(group));
            Scenarios.equal(found.get(first).offset(), 7L, "committed");
            try (KafkaConsumer<byte[], byte[]> who = consumer(boot, group)) {
                who.subscribe(List.of(topic));
                Scenarios.equal(take(who, 1).get(0).offset(), 7L, "first offset read");
            }
            get(admin.deleteConsumerGroupOffsets(group, Set.of(first)).all());
            found = get(admin.listConsumerGroupOffsets(Map.of(group, new ListConsumerGroupOffsetsSpec())).partitionsToOffsetAndMetadata(group));
            Scenarios.check(!found.containsKey(first) && found.containsKey(second), "one offset is left: " + found);
            ListOffsetsResultInfo newest = get(admin.listOffsets(Map.of(first, OffsetSpec.maxTimestamp())).all()).get(first);
            Scenarios.equal(get(admin.listOffsets(Map.of(first, OffsetSpec.latest())).all()).get(first).offset(), 10L, "latest");
            Scenarios.check(newest.offset() >= 0 && newest.offset() < 10, "offset of the largest timestamp: " + newest.offset());
        }
    }

    static void adminDeleteRecords(String boot) throws Exception {
        String topic = create(boot, 1);
        TopicPartition partition = new TopicPartition(topic, 0);
        produce(boot, topic, 0, Scenarios.samples(50));
        try (Admin admin = admin(boot)) {
            Scenarios.equal(get(admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(30))).lowWatermarks().get(partition)).lowWatermark(),
                30L, "low watermark");
            Scenarios.equal(readAll(boot, topic, 0, 20).get(0).offset(), 30L, "first offset left");
            Scenarios.fails(OffsetOutOfRangeException.class, () -> {
                get(admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(1000))).all());
                return true;
            });
        }
    }

    static void largeFetch(String boot) throws Exception {
        String topic = create(boot, 1);
        int count = Scenarios.LARGE_FETCH / 990000 + 2;
        for (int i = 0; i < count; i++) {
            produce(boot, topic, 0, List.of(new Scenarios.Sample(null, Scenarios.noise(990000, i))));
        }
        String limit = "" + (Scenarios.LARGE_FETCH + 5000000);
        try (KafkaConsumer<byte[], byte[]> who = consumer(boot, Scenarios.fresh("group"), "fetch.min.bytes", "" + Scenarios.LARGE_FETCH,
                "fetch.max.bytes", limit, "max.partition.fetch.bytes", limit, "fetch.max.wait.ms", "5000")) {
            TopicPartition from = new TopicPartition(topic, 0);
            who.assign(List.of(from));
            who.seekToBeginning(List.of(from));
            List<ConsumerRecord<byte[], byte[]>> found = take(who, count);
            for (int i = 0; i < count; i++) {
                Scenarios.check(Arrays.equals(found.get(i).value(), Scenarios.noise(990000, i)), "record " + i + " came as it was");
            }
            double largest = who.metrics().values().stream()
                .filter(metric -> metric.metricName().name().equals("fetch-size-max") && metric.metricName().tags().size() == 1)
                .mapToDouble(metric -> (Double) metric.metricValue()).max().orElse(0);
            Scenarios.check(largest >= Scenarios.LARGE_FETCH, "the largest answer had " + largest + " bytes of records");
        }
    }

    static void largeRecord(String boot) throws Exception {
        String topic = create(boot, 1, "max.message.bytes", "" + (Scenarios.LARGE_RECORD + 100000));
        byte[] value = Scenarios.noise(Scenarios.LARGE_RECORD, 1);
        produce(boot, topic, 0, List.of(new Scenarios.Sample(null, value)),
            "max.request.size", "" + (Scenarios.LARGE_RECORD + 50000), "buffer.memory", "" + 3 * Scenarios.LARGE_RECORD);
        Scenarios.check(Arrays.equals(readAll(boot, topic, 0, 1).get(0).value(), value), "the record came as it was");
    }

    static void manyPartitions(String boot) throws Exception {
        String topic = create(boot, Scenarios.MANY_PARTITIONS);
        try (KafkaProducer<byte[], byte[]> out = producer(boot, "batch.size", "200", "buffer.memory", "67108864")) {
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            for (int i = 0; i < Scenarios.MANY_PARTITIONS; i++) {
                sent.add(out.send(new ProducerRecord<>(topic, i, null, Scenarios.bytes("" + i))));
            }
            for (Future<RecordMetadata> each : sent) {
                get(each);
            }
        }
        try (KafkaConsumer<byte[], byte[]> who = consumer(boot, Scenarios.fresh("group"), "session.timeout.ms", "30000")) {
            who.subscribe(List.of(topic));
            Set<Integer> seen = new TreeSet<>();
            for (ConsumerRecord<byte[], byte[]> record : take(who, Scenarios.MANY_PARTITIONS)) {
                Scenarios.check(Arrays.equals(record.value(), Scenarios.bytes("" + record.partition())), "each in its partition");
                seen.add(record.partition());
            }
            Scenarios.equal(seen.size(), Scenarios.MANY_PARTITIONS, "partitions seen");
            who.commitSync();
        }
        try (Admin admin = admin(boot)) {
            get(admin.deleteTopics(List.of(topic)).all());
        }
    }

    static void transactionsRefused(String boot) {
        if (Scenarios.isKafka()) {
            throw new Scenarios.Skip("Apache Kafka has transactions");
        }
        long start = System.currentTimeMillis();
        try (KafkaProducer<byte[], byte[]> out = producer(boot, "transactional.id", Scenarios.fresh("transaction"), "max.block.ms", "30000")) {
            out.initTransactions();
        } catch (KafkaException refused) {
            Scenarios.check(!(refused instanceof RetriableException), "not final: " + refused);
            long took = System.currentTimeMillis() - start;
            Scenarios.check(took < 10_000, "refused only after " + took + " ms");
            return;
        }
        throw new AssertionError("a transactional producer was let in");
    }
}
