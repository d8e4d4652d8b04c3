// sarama: every scenario but what the client does not offer (said where it is skipped).
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"sync"
	"time"

	"github.com/IBM/sarama"

	. "thalweg/compat/scenarios"
)

func main() {
	sarama.Logger = log.New(io.Discard, "", 0)
	if os.Getenv("COMPAT_VERBOSE") != "" {
		sarama.Logger = log.New(os.Stderr, "", log.LstdFlags)
	}
	sarama.MaxResponseSize = 2 * LargeFetch
	all := []Scenario{}
	for _, codec := range Codecs {
		all = append(all, Scenario{"codec-" + codec, func(boot string) { codecRoundTrip(boot, codec) }})
	}
	Main(append(all,
		Scenario{"record-shapes", recordShapes},
		Scenario{"near-limit", nearLimit},
		Scenario{"idempotent", idempotent},
		Scenario{"group-join-leave", groupJoinLeave},
		Scenario{"group-static", groupStatic},
		Scenario{"group-cooperative", groupCooperative},
		Scenario{"commit-resume", commitResume},
		Scenario{"seek-offset", seekOffset},
		Scenario{"seek-time", seekTime},
		Scenario{"admin-topics", adminTopics},
		Scenario{"admin-partitions", adminPartitions},
		Scenario{"admin-configs", adminConfigs},
		Scenario{"admin-groups", adminGroups},
		Scenario{"admin-offsets", adminOffsets},
		Scenario{"admin-delete-records", adminDeleteRecords},
		Scenario{"large-fetch", largeFetch},
		Scenario{"large-record", largeRecord},
		Scenario{"many-partitions", manyPartitions},
		Scenario{"transactions-refused", transactionsRefused},
	))
}

func config() *sarama.Config {
	c := sarama.NewConfig()
	c.Version = sarama.MaxVersion
	c.Producer.Return.Successes = true
	c.Producer.RequiredAcks = sarama.WaitForAll
	c.Producer.Partitioner = sarama.NewManualPartitioner
	c.Consumer.Offsets.Initial = sarama.OffsetOldest
	c.Consumer.Offsets.AutoCommit.Enable = false
	c.Consumer.Group.Session.Timeout = 6 * time.Second
	c.Consumer.Group.Heartbeat.Interval = 200 * time.Millisecond
	c.Consumer.Group.Rebalance.Strategy = sarama.NewBalanceStrategyRange()
	c.Metadata.Retry.Backoff = 50 * time.Millisecond
	c.ApiVersionsRequest = true
	return c
}

func admin(boot string) sarama.ClusterAdmin {
	return Got(sarama.NewClusterAdmin([]string{boot}, config()))
}

func create(boot string, partitions int32, configs map[string]*string) string {
	name := Fresh("sarama")
	adm := admin(boot)
	defer adm.Close()
	Must(adm.CreateTopic(name, &sarama.TopicDetail{NumPartitions: partitions, ReplicationFactor: 1, ConfigEntries: configs}, false))
	Until("the topic appears", func() bool { return countPartitions(adm, name) == int(partitions) })
	return name
}

func countPartitions(adm sarama.ClusterAdmin, name string) int {
	described := Got(adm.DescribeTopics([]string{name}))
	return len(described[0].Partitions)
}

func produce(boot, topic string, partition int32, records []Record, change func(*sarama.Config)) []int64 {
	offsets, err := tryProduce(boot, topic, partition, records, change, nil)
	Must(err)
	return offsets
}

func tryProduce(boot, topic string, partition int32, records []Record, change func(*sarama.Config), at func(int) time.Time) ([]int64, error) {
	c := config()
	if change != nil {
		change(c)
	}
	out := Got(sarama.NewSyncProducer([]string{boot}, c))
	defer out.Close()
	messages := make([]*sarama.ProducerMessage, len(records))
	for i, r := range records {
		messages[i] = &sarama.ProducerMessage{Topic: topic, Partition: partition}
		if r.Key != nil {
			messages[i].Key = sarama.ByteEncoder(r.Key)
		}
		if r.Value != nil {
			messages[i].Value = sarama.ByteEncoder(r.Value)
		}
		for _, h := range r.Headers {
			messages[i].Headers = append(messages[i].Headers, sarama.RecordHeader{Key: []byte(h.Key), Value: h.Value})
		}
		if at != nil {
			messages[i].Timestamp = at(i)
		}
	}
	err := out.SendMessages(messages)
	offsets := make([]int64, len(messages))
	for i, m := range messages {
		offsets[i] = m.Offset
	}
	return offsets, err
}

func readFrom(boot, topic string, partition int32, offset int64, count int, change func(*sarama.Config)) []*sarama.ConsumerMessage {
	c := config()
	if change != nil {
		change(c)
	}
	consumer := Got(sarama.NewConsumer([]string{boot}, c))
	defer consumer.Close()
	part := Got(consumer.ConsumePartition(topic, partition, offset))
	defer part.Close()
	var found []*sarama.ConsumerMessage
	for deadline := time.After(Wait); len(found) < count; {
		select {
		case m := <-part.Messages():
			found = append(found, m)
		case <-deadline:
			Check(false, "%d of %d records within %s", len(found), count, Wait)
		}
	}
	return found
}

func plain(messages []*sarama.ConsumerMessage) []Record {
	out := make([]Record, len(messages))
	for i, m := range messages {
		out[i] = Record{Key: m.Key, Value: m.Value}
		for _, h := range m.Headers {
			out[i].Headers = append(out[i].Headers, Header{Key: string(h.Key), Value: h.Value})
		}
	}
	return out
}

func text(value string) *string { return &value }

func codecRoundTrip(boot, name string) {
	codec := map[string]sarama.CompressionCodec{
		"none": sarama.CompressionNone, "gzip": sarama.CompressionGZIP, "snappy": sarama.CompressionSnappy,
		"lz4": sarama.CompressionLZ4, "zstd": sarama.CompressionZSTD,
	}[name]
	topic, records := create(boot, 1, nil), Samples(300)
	produce(boot, topic, 0, records, func(c *sarama.Config) { c.Producer.Compression = codec })
	found := readFrom(boot, topic, 0, 0, len(records), nil)
	SameRecords(plain(found), records)
	for i, m := range found {
		Equal(m.Offset, int64(i), "offset")
	}
}

func recordShapes(boot string) {
	topic := create(boot, 1, nil)
	produce(boot, topic, 0, Shapes(), nil)
	SameRecords(plain(readFrom(boot, topic, 0, 0, len(Shapes()), nil)), Shapes())
}

func nearLimit(boot string) {
	topic := create(boot, 1, nil)
	larger := func(c *sarama.Config) { c.Producer.MaxMessageBytes = 2000000 }
	produce(boot, topic, 0, []Record{{Value: Noise(NearLimit, 1)}}, larger)
	Check(bytes.Equal(readFrom(boot, topic, 0, 0, 1, nil)[0].Value, Noise(NearLimit, 1)), "a record just below 1 MiB came as it was")
	_, err := tryProduce(boot, topic, 0, []Record{{Value: Noise(1200000, 1)}}, larger, nil)
	var each sarama.ProducerErrors
	Check(errors.As(err, &each) && errors.Is(each[0].Err, sarama.ErrMessageSizeTooLarge), "a record above the limit: %v", err)
}

func idempotent(boot string) {
	topic := create(boot, 1, nil)
	offsets := produce(boot, topic, 0, Numbers(2000), func(c *sarama.Config) {
		c.Producer.Idempotent = true
		c.Net.MaxOpenRequests = 1
		c.Producer.Flush.MaxMessages = 50
	})
	for i, offset := range offsets {
		Equal(offset, int64(i), "offset")
	}
	SameRecords(plain(readFrom(boot, topic, 0, 0, 2000, nil)), Numbers(2000))
}

// member of a group: sarama calls it for each generation and each claimed partition.
type member struct {
	group  sarama.ConsumerGroup
	cancel context.CancelFunc
	done   chan struct{}
	commit int // commits when this many records were read, 0 for never

	lock       sync.Mutex
	session    sarama.ConsumerGroupSession
	generation int
	read       []*sarama.ConsumerMessage
}

func join(boot, group, topic string, change func(*sarama.Config)) *member {
	c := config()
	if change != nil {
		change(c)
	}
	ctx, cancel := context.WithCancel(context.Background())
	m := &member{group: Got(sarama.NewConsumerGroup([]string{boot}, group, c)), cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(m.done)
		for ctx.Err() == nil {
			if err := m.group.Consume(ctx, []string{topic}, m); err != nil && !errors.Is(err, sarama.ErrClosedConsumerGroup) {
				fmt.Fprintln(os.Stderr, "consume:", err)
				time.Sleep(50 * time.Millisecond)
			}
		}
	}()
	return m
}

func (m *member) Setup(session sarama.ConsumerGroupSession) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.generation++
	m.session = session
	return nil
}

func (m *member) Cleanup(sarama.ConsumerGroupSession) error {
	m.lock.Lock()
	defer m.lock.Unlock()
	m.session = nil
	return nil
}

func (m *member) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for message := range claim.Messages() {
		m.lock.Lock()
		m.read = append(m.read, message)
		now := m.commit > 0 && len(m.read) == m.commit
		m.lock.Unlock()
		if now {
			session.MarkMessage(message, "so far")
			session.Commit()
		}
	}
	return nil
}

func (m *member) count() int {
	m.lock.Lock()
	defer m.lock.Unlock()
	return len(m.read)
}

func (m *member) partitions() []int32 {
	m.lock.Lock()
	defer m.lock.Unlock()
	var owned []int32
	if m.session != nil { // a cooperative rebalance changes the claims of a session that lives on
		for _, partitions := range m.session.Claims() {
			owned = append(owned, partitions...)
		}
	}
	return Sorted(owned)
}

func (m *member) leave() {
	m.cancel()
	<-m.done
	Must(m.group.Close())
}

func settled(partitions int, members ...*member) {
	Until(fmt.Sprintf("%d members share %d partitions", len(members), partitions), func() bool {
		var owned []int32
		for _, m := range members {
			mine := m.partitions()
			if len(mine) == 0 {
				return false
			}
			owned = append(owned, mine...)
		}
		return fmt.Sprint(Sorted(owned)) == fmt.Sprint(Upto(partitions))
	})
}

func groupJoinLeave(boot string) {
	topic, group := create(boot, 6, nil), Fresh("group")
	for partition := range int32(6) {
		produce(boot, topic, partition, Samples(20), nil)
	}
	first, second := join(boot, group, topic, nil), join(boot, group, topic, nil)
	settled(6, first, second)
	third := join(boot, group, topic, nil)
	settled(6, first, second, third)
	first.leave()
	settled(6, second, third)
	produce(boot, topic, 3, []Record{{Value: []byte("last")}}, nil)
	Until("the last record is read", func() bool {
		for _, m := range []*member{second, third} {
			m.lock.Lock()
			for _, r := range m.read {
				if string(r.Value) == "last" {
					m.lock.Unlock()
					return true
				}
			}
			m.lock.Unlock()
		}
		return false
	})
	second.leave()
	third.leave()
}

func groupStatic(boot string) {
	topic, group := create(boot, 4, nil), Fresh("group")
	static := func(id string) func(*sarama.Config) {
		return func(c *sarama.Config) { c.Consumer.Group.InstanceId = id }
	}
	first, second := join(boot, group, topic, static("static-0")), join(boot, group, topic, static("static-1"))
	settled(4, first, second)
	before, generation := first.partitions(), second.generation
	first.leave()
	first = join(boot, group, topic, static("static-0"))
	settled(4, first, second)
	Equal(first.partitions(), before, "partitions after the return")
	Equal(second.generation, generation, "generations that the other member saw")
	first.leave()
	second.leave()
}

func groupCooperative(boot string) {
	topic, group := create(boot, 6, nil), Fresh("group")
	sticky := func(c *sarama.Config) {
		c.Consumer.Group.Rebalance.Strategy = nil
		c.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{sarama.NewBalanceStrategyCooperativeSticky()}
	}
	first := join(boot, group, topic, sticky)
	settled(6, first)
	second := join(boot, group, topic, sticky)
	settled(6, first, second)
	Equal(len(first.partitions()), 3, "partitions kept")
	first.leave()
	second.leave()
}

func commitResume(boot string) {
	topic, group := create(boot, 1, nil), Fresh("group")
	produce(boot, topic, 0, Samples(40), nil)
	first := join(boot, group, topic, nil)
	first.lock.Lock()
	first.commit = 40
	first.lock.Unlock()
	adm := admin(boot)
	defer adm.Close()
	Until("forty are committed", func() bool {
		response, err := adm.ListConsumerGroupOffsets(group, map[string][]int32{topic: {0}})
		return err == nil && response.GetBlock(topic, 0) != nil && response.GetBlock(topic, 0).Offset == 40
	})
	first.leave()
	produce(boot, topic, 0, Samples(60), nil)
	second := join(boot, group, topic, nil)
	Until("the rest is read", func() bool { return second.count() == 60 })
	for i, m := range second.read {
		Equal(m.Offset, int64(40+i), "offset after the return")
	}
	second.leave()
}

func seekOffset(boot string) {
	topic := create(boot, 1, nil)
	produce(boot, topic, 0, Samples(100), nil)
	for _, offset := range []int64{0, 70, 10} {
		Equal(readFrom(boot, topic, 0, offset, 1, nil)[0].Offset, offset, "offset")
	}
	consumer := Got(sarama.NewConsumer([]string{boot}, config()))
	defer consumer.Close()
	_, err := consumer.ConsumePartition(topic, 0, 1000)
	Check(errors.Is(err, sarama.ErrOffsetOutOfRange), "beyond the end: %v", err)
}

func seekTime(boot string) {
	topic, start := create(boot, 1, nil), time.Now().Add(-100*time.Second).UnixMilli()
	for i := range 10 {
		_, err := tryProduce(boot, topic, 0, Numbers(1), nil, func(int) time.Time { return time.UnixMilli(start + int64(i)*1000) })
		Must(err)
	}
	client := Got(sarama.NewClient([]string{boot}, config()))
	defer client.Close()
	at := func(ms int64) int64 { return Got(client.GetOffset(topic, 0, ms)) }
	Equal([]int64{at(start - 1), at(start + 4000), at(start + 4001)}, []int64{0, 4, 5}, "offsets at times")
	Equal([]int64{at(sarama.OffsetOldest), at(sarama.OffsetNewest)}, []int64{0, 10}, "ends")
	Equal(readFrom(boot, topic, 0, at(start+4001), 1, nil)[0].Timestamp.UnixMilli(), start+5000, "time of the record read")
}

func adminTopics(boot string) {
	name := create(boot, 3, map[string]*string{"retention.ms": text("3600000")})
	adm := admin(boot)
	defer adm.Close()
	one := &sarama.TopicDetail{NumPartitions: 1, ReplicationFactor: 1}
	err := adm.CreateTopic(name, one, false)
	Check(errors.Is(err, sarama.ErrTopicAlreadyExists), "created twice: %v", err)
	err = adm.CreateTopic("bad/name", one, false)
	Check(errors.Is(err, sarama.ErrInvalidTopic), "a bad name: %v", err)
	Must(adm.CreateTopic(Fresh("sarama"), one, true))
	listed := Got(adm.ListTopics())
	Equal(listed[name].NumPartitions, int32(3), "listed partitions")
	Equal(*listed[name].ConfigEntries["retention.ms"], "3600000", "listed config")
	Must(adm.DeleteTopic(name))
	Until("the topic is gone", func() bool { _, there := Got(adm.ListTopics())[name]; return !there })
	brokers, _, err := adm.DescribeCluster()
	Must(err)
	Equal(len(brokers), 1, "brokers")
	Equal(len(Got(adm.DescribeLogDirs([]int32{brokers[0].ID()}))), 1, "log folders")
}

func adminPartitions(boot string) {
	name := create(boot, 2, nil)
	adm := admin(boot)
	defer adm.Close()
	Must(adm.CreatePartitions(name, 5, nil, false))
	Until("five partitions", func() bool { return countPartitions(adm, name) == 5 })
	produce(boot, name, 4, Numbers(1), nil)
	readFrom(boot, name, 4, 0, 1, nil)
	Check(adm.CreatePartitions(name, 3, nil, false) != nil, "partitions were taken away")
}

func adminConfigs(boot string) {
	name := create(boot, 1, map[string]*string{"retention.ms": text("3600000")})
	adm := admin(boot)
	defer adm.Close()
	get := func(key string) string {
		for _, entry := range Got(adm.DescribeConfig(sarama.ConfigResource{Type: sarama.TopicResource, Name: name})) {
			if entry.Name == key {
				return entry.Value
			}
		}
		return "(absent)"
	}
	Equal([]string{get("retention.ms"), get("cleanup.policy")}, []string{"3600000", "delete"}, "configs")
	Must(adm.IncrementalAlterConfig(sarama.TopicResource, name, map[string]sarama.IncrementalAlterConfigsEntry{
		"retention.ms":      {Operation: sarama.IncrementalAlterConfigsOperationDelete},
		"max.message.bytes": {Operation: sarama.IncrementalAlterConfigsOperationSet, Value: text("2000000")},
	}, false))
	Until("the change shows", func() bool { return get("max.message.bytes") == "2000000" })
	Equal(get("retention.ms"), "604800000", "retention.ms after its removal")
	Must(adm.AlterConfig(sarama.TopicResource, name, map[string]*string{"segment.ms": text("60000")}, false))
	Until("the whole state is replaced", func() bool { return get("segment.ms") == "60000" && get("max.message.bytes") == "1048588" })
	Check(adm.AlterConfig(sarama.TopicResource, name, map[string]*string{"segment.ms": text("soon")}, false) != nil, "a bad value was taken")
}

func adminGroups(boot string) {
	topic, group := create(boot, 2, nil), Fresh("group")
	m := join(boot, group, topic, func(c *sarama.Config) { c.ClientID = "the-member" })
	settled(2, m)
	adm := admin(boot)
	defer adm.Close()
	Equal(Got(adm.ListConsumerGroups())[group], "consumer", "listed type")
	described := Got(adm.DescribeConsumerGroups([]string{group}))[0]
	Equal([]any{described.State, len(described.Members)}, []any{"Stable", 1}, "described")
	for _, each := range described.Members {
		Equal(each.ClientId, "the-member", "client id")
		Equal(len(Got(each.GetMemberAssignment()).Topics[topic]), 2, "assigned partitions")
	}
	err := adm.DeleteConsumerGroup(group)
	Check(errors.Is(err, sarama.ErrNonEmptyGroup), "a group with members was deleted: %v", err)
	m.leave()
	Until("the group is empty", func() bool { return Got(adm.DescribeConsumerGroups([]string{group}))[0].State == "Empty" })
	Must(adm.DeleteConsumerGroup(group))
	_, there := Got(adm.ListConsumerGroups())[group]
	Check(!there, "the group is gone")
}

func adminOffsets(boot string) {
	topic, group := create(boot, 2, nil), Fresh("group")
	produce(boot, topic, 0, Samples(10), nil)
	adm := admin(boot)
	defer adm.Close()
	Got(adm.AlterConsumerGroupOffsets(group, map[string]map[int32]sarama.OffsetAndMetadata{
		topic: {0: {Offset: 7, Metadata: "seven", LeaderEpoch: -1}, 1: {Offset: 0, LeaderEpoch: -1}},
	}, nil))
	block := Got(adm.ListConsumerGroupOffsets(group, map[string][]int32{topic: {0}})).GetBlock(topic, 0)
	Equal([]any{block.Offset, block.Metadata}, []any{int64(7), "seven"}, "committed")
	m := join(boot, group, topic, nil)
	Until("records are read", func() bool { return m.count() == 3 })
	Equal(m.read[0].Offset, int64(7), "first offset read")
	m.leave()
	Must(adm.DeleteConsumerGroupOffset(group, topic, 0))
	block = Got(adm.ListConsumerGroupOffsets(group, map[string][]int32{topic: {0}})).GetBlock(topic, 0)
	Equal(block.Offset, int64(-1), "offset after its deletion")
}

func adminDeleteRecords(boot string) {
	topic := create(boot, 1, nil)
	produce(boot, topic, 0, Samples(50), nil)
	adm := admin(boot)
	defer adm.Close()
	Must(adm.DeleteRecords(topic, map[int32]int64{0: 30}))
	client := Got(sarama.NewClient([]string{boot}, config()))
	defer client.Close()
	Equal(Got(client.GetOffset(topic, 0, sarama.OffsetOldest)), int64(30), "first offset")
	Equal(readFrom(boot, topic, 0, sarama.OffsetOldest, 1, nil)[0].Offset, int64(30), "first offset read")
	Check(adm.DeleteRecords(topic, map[int32]int64{0: 1000}) != nil, "records beyond the end were deleted")
}

func largeFetch(boot string) {
	topic, count := create(boot, 1, nil), LargeFetch/990000+2
	for i := range count {
		produce(boot, topic, 0, []Record{{Value: Noise(990000, int64(i))}}, func(c *sarama.Config) { c.Producer.MaxMessageBytes = 1040000 })
	}
	found := readFrom(boot, topic, 0, 0, count, func(c *sarama.Config) {
		c.Consumer.Fetch.Min = LargeFetch
		c.Consumer.Fetch.Default = LargeFetch + 5000000
		c.Consumer.MaxWaitTime = 5 * time.Second
	})
	for i, m := range found {
		Check(bytes.Equal(m.Value, Noise(990000, int64(i))), "record %d came as it was", i)
	}
}

func largeRecord(boot string) {
	topic := create(boot, 1, map[string]*string{"max.message.bytes": text(fmt.Sprint(LargeRecord + 100000))})
	produce(boot, topic, 0, []Record{{Value: Noise(LargeRecord, 1)}}, func(c *sarama.Config) { c.Producer.MaxMessageBytes = LargeRecord + 50000 })
	Check(bytes.Equal(readFrom(boot, topic, 0, 0, 1, nil)[0].Value, Noise(LargeRecord, 1)), "the record came as it was")
}

func manyPartitions(string) {
	Skip("one goroutine and one channel a partition: franz-go stands for Go")
}

func transactionsRefused(boot string) {
	if IsKafka() {
		Skip("Apache Kafka has transactions")
	}
	c := config()
	c.Producer.Idempotent = true
	c.Producer.Transaction.ID = Fresh("transaction")
	c.Net.MaxOpenRequests = 1
	start := time.Now()
	_, err := sarama.NewSyncProducer([]string{boot}, c)
	Check(errors.Is(err, sarama.ErrTransactionalIDAuthorizationFailed), "not final: %v", err)
	// Sarama asks for a coordinator 50 times in 5 s, whatever the answer says.
	Check(time.Since(start) < 10*time.Second, "refused only after %s: %v", time.Since(start), err)
}
