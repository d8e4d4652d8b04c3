import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.utils.Exit;

/** The classes behind the kafka-*.sh tools, all in one JVM: what they print is what a person sees. */
final class Tools {
    /** What happens instead of the JVM's end. Some tools catch it and end once more: the first code counts. */
    static final class Ended extends RuntimeException {}

    static Integer code;

    /** What a tool wants done at the JVM's end: the console producer sends its last records there. */
    static final List<Runnable> AT_END = new ArrayList<>();

    interface Tool {
        void main(String... arguments) throws Exception;
    }

    public static void main(String[] arguments) {
        Exit.Procedure end = (ended, message) -> {
            code = code == null ? ended : code;
            throw new Ended();
        };
        Exit.setExitProcedure(end);
        Exit.setHaltProcedure(end);
        Exit.setShutdownHookAdder((name, work) -> AT_END.add(work));
        new Scenarios()
            .add("topics", Tools::topics)
            .add("console", Tools::console)
            .add("console-options", Tools::consoleOptions)
            .add("consumer-groups", Tools::consumerGroups)
            .add("get-offsets", Tools::getOffsets)
            .add("configs", Tools::configs)
            .add("configs-broker", Tools::configsBroker)
            .add("log-dirs", Tools::logDirs)
            .add("delete-records", Tools::deleteRecords)
            .add("api-versions", Tools::apiVersions)
            .add("cluster", Tools::cluster)
            .add("performance", Tools::performance)
            .main(arguments);
    }

    static final PrintStream OUT = System.out;

    /** Runs a tool and returns what it printed; fails when it ends with another code than 0. */
    static String run(Tool tool, String... arguments) throws Exception {
        return runWith("", tool, arguments);
    }

    static String runWith(String input, Tool tool, String... arguments) throws Exception {
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        InputStream in = System.in;
        code = null;
        try (PrintStream out = new PrintStream(printed, true, "UTF-8")) {
            System.setOut(out);
            System.setIn(new ByteArrayInputStream(Scenarios.bytes(input)));
            tool.main(arguments);
        } catch (Ended ended) {
            Scenarios.check(code == 0, "ended with " + code + ": " + printed.toString("UTF-8"));
        } finally {
            AT_END.forEach(Runnable::run);
            AT_END.clear();
            System.setOut(OUT);
            System.setIn(in);
        }
        return printed.toString("UTF-8");
    }

    static String create(String boot, int partitions) throws Exception {
        String name = Scenarios.fresh("tools");
        run(org.apache.kafka.tools.TopicCommand::main, "--bootstrap-server", boot, "--create", "--topic", name, "--partitions", "" + partitions);
        return name;
    }

    static void contains(String text, String... pieces) {
        for (String piece : pieces) {
            Scenarios.check(text.contains(piece), "`" + piece + "` is not in: " + text);
        }
    }

    static void produce(String boot, String topic, String lines, String... more) throws Exception {
        runWith(lines, org.apache.kafka.tools.ConsoleProducer::main, with(more, "--bootstrap-server", boot, "--topic", topic));
    }

    static String consume(String boot, String topic, int count, String... more) throws Exception {
        return run(org.apache.kafka.tools.consumer.ConsoleConsumer::main,
            with(more, "--bootstrap-server", boot, "--topic", topic, "--max-messages", "" + count, "--timeout-ms", "30000"));
    }

    static String[] with(String[] more, String... first) {
        String[] all = java.util.Arrays.copyOf(first, first.length + more.length);
        System.arraycopy(more, 0, all, first.length, more.length);
        return all;
    }

    static String lines(int from, int to) {
        StringBuilder out = new StringBuilder();
        for (int i = from; i < to; i++) {
            out.append("line ").append(i).append('\n');
        }
        return out.toString();
    }

    static void topics(String boot) throws Exception {
        Tool tool = org.apache.kafka.tools.TopicCommand::main;
        String name = create(boot, 2);
        contains(run(tool, "--bootstrap-server", boot, "--list"), name);
        contains(run(tool, "--bootstrap-server", boot, "--describe", "--topic", name),
            "Topic: " + name, "PartitionCount: 2", "ReplicationFactor: 1", "Partition: 1\tLeader: ");
        run(tool, "--bootstrap-server", boot, "--alter", "--topic", name, "--partitions", "4");
        Scenarios.until("four partitions", () -> run(tool, "--bootstrap-server", boot, "--describe", "--topic", name).contains("PartitionCount: 4"));
        run(tool, "--bootstrap-server", boot, "--create", "--topic", name, "--if-not-exists");
        run(tool, "--bootstrap-server", boot, "--delete", "--topic", name);
        Scenarios.until("the topic is gone", () -> !run(tool, "--bootstrap-server", boot, "--list").contains(name));
        Scenarios.equal(run(tool, "--bootstrap-server", boot, "--describe", "--under-replicated-partitions").trim(), "", "under-replicated partitions");
    }

    static void console(String boot) throws Exception {
        String topic = create(boot, 1);
        produce(boot, topic, lines(0, 50), "--compression-codec", "lz4");
        Scenarios.equal(consume(boot, topic, 50, "--from-beginning"), lines(0, 50), "lines");
    }

    static void consoleOptions(String boot) throws Exception {
        String topic = create(boot, 1);
        produce(boot, topic, "a:1\nb:2\nc:3\n", "--reader-property", "parse.key=true", "--reader-property", "key.separator=:");
        contains(consume(boot, topic, 1, "--partition", "0", "--offset", "2", "--formatter-property", "print.key=true",
            "--formatter-property", "print.offset=true"), "Offset:2", "c\t3");
        String group = Scenarios.fresh("group");
        Scenarios.equal(consume(boot, topic, 2, "--from-beginning", "--group", group), "1\n2\n", "first lines");
        Scenarios.equal(consume(boot, topic, 1, "--group", group), "3\n", "the rest");
    }

    static void consumerGroups(String boot) throws Exception {
        Tool tool = org.apache.kafka.tools.consumer.group.ConsumerGroupCommand::main;
        String topic = create(boot, 1);
        String group = Scenarios.fresh("group");
        produce(boot, topic, lines(0, 20));
        consume(boot, topic, 20, "--from-beginning", "--group", group);
        contains(run(tool, "--bootstrap-server", boot, "--list"), group);
        Scenarios.until("the member is gone", () -> run(tool, "--bootstrap-server", boot, "--describe", "--group", group, "--state").contains("Empty"));
        String described = run(tool, "--bootstrap-server", boot, "--describe", "--group", group);
        Scenarios.check(described.replaceAll("\\s+", " ").contains(topic + " 0 20 20 0"), "described: " + described);
        contains(run(tool, "--bootstrap-server", boot, "--reset-offsets", "--group", group, "--topic", topic, "--to-offset", "5", "--execute"), "5");
        Scenarios.equal(consume(boot, topic, 15, "--group", group), lines(5, 20), "lines after the reset");
        run(tool, "--bootstrap-server", boot, "--reset-offsets", "--group", group, "--topic", topic, "--to-earliest", "--dry-run");
        run(tool, "--bootstrap-server", boot, "--delete-offsets", "--group", group, "--topic", topic);
        run(tool, "--bootstrap-server", boot, "--delete", "--group", group);
        Scenarios.check(!run(tool, "--bootstrap-server", boot, "--list").contains(group), "the group is gone");
    }

    static void getOffsets(String boot) throws Exception {
        Tool tool = org.apache.kafka.tools.GetOffsetShell::main;
        String topic = create(boot, 1);
        produce(boot, topic, lines(0, 12));
        contains(run(tool, "--bootstrap-server", boot, "--topic", topic), topic + ":0:12");
        contains(run(tool, "--bootstrap-server", boot, "--topic", topic, "--time", "earliest"), topic + ":0:0");
        contains(run(tool, "--bootstrap-server", boot, "--topic", topic, "--time", "max-timestamp"), topic + ":0:");
        run(tool, "--bootstrap-server", boot);
    }

    static void configs(String boot) throws Exception {
        Tool tool = kafka.admin.ConfigCommand::main;
        String topic = create(boot, 1);
        String[] of = {"--bootstrap-server", boot, "--entity-type", "topics", "--entity-name", topic};
        run(tool, with(new String[] {"--alter", "--add-config", "retention.ms=3600000,cleanup.policy=[delete,compact]"}, of));
        Scenarios.until("the change shows",
            () -> run(tool, with(new String[] {"--describe"}, of)).contains("retention.ms=3600000"));
        contains(run(tool, with(new String[] {"--describe"}, of)), "cleanup.policy=delete,compact", "DYNAMIC_TOPIC_CONFIG:retention.ms=3600000");
        run(tool, with(new String[] {"--alter", "--delete-config", "retention.ms"}, of));
        Scenarios.until("the removal shows",
            () -> !run(tool, with(new String[] {"--describe"}, of)).contains("retention.ms"));
        contains(run(tool, with(new String[] {"--describe", "--all"}, of)), "segment.bytes=1073741824", "DEFAULT_CONFIG:log.segment.bytes=1073741824");
    }

    static void configsBroker(String boot) throws Exception {
        Tool tool = kafka.admin.ConfigCommand::main;
        String[] of = {"--bootstrap-server", boot, "--entity-type", "brokers", "--entity-default"};
        run(tool, with(new String[] {"--alter", "--add-config", "log.retention.ms=7200000"}, of));
        Scenarios.until("the change shows", () -> run(tool, with(new String[] {"--describe"}, of)).contains("log.retention.ms=7200000"));
        run(tool, with(new String[] {"--alter", "--delete-config", "log.retention.ms"}, of));
        Scenarios.until("the removal shows", () -> !run(tool, with(new String[] {"--describe"}, of)).contains("log.retention.ms"));
    }

    static void logDirs(String boot) throws Exception {
        String topic = create(boot, 1);
        produce(boot, topic, lines(0, 100));
        contains(run(org.apache.kafka.tools.LogDirsCommand::main, "--bootstrap-server", boot, "--describe", "--topic-list", topic),
            "\"partition\":\"" + topic + "-0\"", "\"error\":null");
    }

    static void deleteRecords(String boot) throws Exception {
        String topic = create(boot, 1);
        produce(boot, topic, lines(0, 12));
        File file = File.createTempFile("offsets", ".json");
        file.deleteOnExit();
        Files.write(file.toPath(), Scenarios.bytes("{\"version\":1,\"partitions\":[{\"topic\":\"" + topic + "\",\"partition\":0,\"offset\":7}]}"));
        contains(run(org.apache.kafka.tools.DeleteRecordsCommand::main, "--bootstrap-server", boot, "--offset-json-file", file.getPath()),
            "low_watermark: 7");
        Scenarios.equal(consume(boot, topic, 5, "--from-beginning"), lines(7, 12), "lines left");
    }

    static void apiVersions(String boot) throws Exception {
        contains(run(org.apache.kafka.tools.BrokerApiVersionsCommand::main, "--bootstrap-server", boot),
            "Produce(0): 0 to 13", "Fetch(1): 4 to 18", "ListOffsets(2): 1 to 11", "Metadata(3): 0 to 13");
    }

    static void cluster(String boot) throws Exception {
        contains(run(org.apache.kafka.tools.ClusterTool::main, "cluster-id", "--bootstrap-server", boot), "Cluster ID: ");
    }

    static void performance(String boot) throws Exception {
        String topic = create(boot, 4);
        contains(run(org.apache.kafka.tools.ProducerPerformance::main, "--bootstrap-server", boot, "--topic", topic, "--num-records", "50000",
            "--record-size", "200", "--throughput", "-1"), "50000 records sent");
        contains(run(org.apache.kafka.tools.ConsumerPerformance::main, "--bootstrap-server", boot, "--topic", topic, "--num-records", "50000"),
            "50000");
    }
}
