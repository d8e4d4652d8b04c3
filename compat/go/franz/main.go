// franz-go: every scenario. It is the one Go client with incremental (cooperative) rebalancing by default.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	. "thalweg/compat/scenarios"
)

func main() {
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

func within() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), Wait)
}

func client(boot string, options ...kgo.Opt) *kgo.Client {
	return Got(kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(boot), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.MetadataMinAge(50 * time.Millisecond),
	}, options...)...))
}

func admin(boot string) *kadm.Client { return kadm.NewClient(client(boot)) }

func create(boot string, partitions int32, configs map[string]*string) string {
	name := Fresh("franz")
	adm := admin(boot)
	defer adm.Close()
	ctx, cancel := within()
	defer cancel()
	Must(Got(adm.CreateTopic(ctx, partitions, 1, configs, name)).Err)
	Until("the topic appears", func() bool {
		return len(Got(adm.ListTopics(ctx, name))[name].Partitions) == int(partitions)
	})
	return name
}

func produceAt(boot, topic string, partition int32, records []Record, at func(int) time.Time, options ...kgo.Opt) []int64 {
	cl := client(boot, options...)
	defer cl.Close()
	ctx, cancel := within()
	defer cancel()
	out := make([]*kgo.Record, len(records))
	for i, r := range records {
		out[i] = &kgo.Record{Topic: topic, Partition: partition, Key: r.Key, Value: r.Value}
		for _, h := range r.Headers {
			out[i].Headers = append(out[i].Headers, kgo.RecordHeader{Key: h.Key, Value: h.Value})
		}
		if at != nil {
			out[i].Timestamp = at(i)
		}
	}
	offsets := make([]int64, len(records))
	for i, result := range cl.ProduceSync(ctx, out...) {
		Must(result.Err)
		offsets[i] = result.Record.Offset
	}
	return offsets
}

func produce(boot, topic string, partition int32, records []Record, options ...kgo.Opt) []int64 {
	return produceAt(boot, topic, partition, records, nil, options...)
}

func from(topic string, partition int32, offset kgo.Offset) kgo.Opt {
	return kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {partition: offset}})
}

func take(cl *kgo.Client, count int) []*kgo.Record {
	ctx, cancel := within()
	defer cancel()
	var found []*kgo.Record
	for len(found) < count {
		fetches := cl.PollRecords(ctx, count-len(found))
		if err := fetches.Err(); err != nil {
			Check(false, "%d of %d records: %v", len(found), count, err)
		}
		found = append(found, fetches.Records()...)
	}
	return found
}

func readAll(boot, topic string, partition int32, count int, options ...kgo.Opt) []*kgo.Record {
	cl := client(boot, append(options, from(topic, partition, kgo.NewOffset().AtStart()))...)
	defer cl.Close()
	return take(cl, count)
}

func plain(records []*kgo.Record) []Record {
	out := make([]Record, len(records))
	for i, r := range records {
		out[i] = Record{Key: r.Key, Value: r.Value}
		for _, h := range r.Headers {
			out[i].Headers = append(out[i].Headers, Header{Key: h.Key, Value: h.Value})
		}
	}
	return out
}

func text(value string) *string { return &value }

func codecRoundTrip(boot, name string) {
	codec := map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}[name]
	topic, records := create(boot, 1, nil), Samples(300)
	produce(boot, topic, 0, records, kgo.ProducerBatchCompression(codec))
	found := readAll(boot, topic, 0, len(records))
	SameRecords(plain(found), records)
	for i, r := range found {
		Equal(r.Offset, int64(i), "offset")
	}
}

func recordShapes(boot string) {
	topic := create(boot, 1, nil)
	produce(boot, topic, 0, Shapes())
	SameRecords(plain(readAll(boot, topic, 0, len(Shapes()))), Shapes())
}

func nearLimit(boot string) {
	topic := create(boot, 1, nil)
	limit, plainly := kgo.ProducerBatchMaxBytes(2000000), kgo.ProducerBatchCompression(kgo.NoCompression())
	produce(boot, topic, 0, []Record{{Value: Noise(NearLimit, 1)}}, limit, plainly)
	Check(bytes.Equal(readAll(boot, topic, 0, 1)[0].Value, Noise(NearLimit, 1)), "a record just below 1 MiB came as it was")
	cl := client(boot, limit, plainly)
	defer cl.Close()
	ctx, cancel := within()
	defer cancel()
	err := cl.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: Noise(1200000, 1)}).FirstErr()
	Check(errors.Is(err, kerr.MessageTooLarge), "a record above the limit: %v", err)
}

func idempotent(boot string) {
	topic := create(boot, 1, nil)
	offsets := produce(boot, topic, 0, Numbers(2000), kgo.ProducerBatchMaxBytes(1024))
	for i, offset := range offsets {
		Equal(offset, int64(i), "offset")
	}
	SameRecords(plain(readAll(boot, topic, 0, 2000)), Numbers(2000))
}

// member of a group that remembers what was given to it and what it read.
type member struct {
	*kgo.Client
	lock               sync.Mutex
	owned              map[int32]bool
	givenUp, rebalance int
	read               []*kgo.Record
}

func join(boot, group, topic string, options ...kgo.Opt) *member {
	m := &member{owned: map[int32]bool{}}
	changed := func(given bool) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, partitions map[string][]int32) {
			m.lock.Lock()
			defer m.lock.Unlock()
			for _, partition := range partitions[topic] {
				if given {
					m.owned[partition] = true
				} else {
					delete(m.owned, partition)
					m.givenUp++
				}
			}
			if given {
				m.rebalance++
			}
		}
	}
	m.Client = client(boot, append([]kgo.Opt{
		kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.SessionTimeout(6 * time.Second), kgo.HeartbeatInterval(200 * time.Millisecond),
		kgo.OnPartitionsAssigned(changed(true)), kgo.OnPartitionsRevoked(changed(false)), kgo.OnPartitionsLost(changed(false)),
	}, options...)...)
	return m
}

func (m *member) poll() {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	m.read = append(m.read, m.PollRecords(ctx, 1000).Records()...)
}

func (m *member) partitions() []int32 {
	m.lock.Lock()
	defer m.lock.Unlock()
	var out []int32
	for partition := range m.owned {
		out = append(out, partition)
	}
	return Sorted(out)
}

func settled(partitions int, members ...*member) {
	Until(fmt.Sprintf("%d members share %d partitions", len(members), partitions), func() bool {
		var owned []int32
		for _, m := range members {
			m.poll()
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
		produce(boot, topic, partition, Samples(20))
	}
	eager := kgo.Balancers(kgo.RangeBalancer())
	first, second := join(boot, group, topic, eager), join(boot, group, topic, eager)
	settled(6, first, second)
	third := join(boot, group, topic, eager)
	settled(6, first, second, third)
	first.Close()
	settled(6, second, third)
	produce(boot, topic, 3, []Record{{Value: []byte("last")}})
	Until("the last record is read", func() bool {
		for _, m := range []*member{second, third} {
			m.poll()
			for _, r := range m.read {
				if string(r.Value) == "last" {
					return true
				}
			}
		}
		return false
	})
	second.Close()
	third.Close()
}

func groupStatic(boot string) {
	topic, group := create(boot, 4, nil), Fresh("group")
	first, second := join(boot, group, topic, kgo.InstanceID("static-0")), join(boot, group, topic, kgo.InstanceID("static-1"))
	settled(4, first, second)
	before, others := first.partitions(), second.rebalance
	first.Close()
	first = join(boot, group, topic, kgo.InstanceID("static-0"))
	settled(4, first, second)
	Equal(first.partitions(), before, "partitions after the return")
	Equal(second.rebalance, others, "rebalances of the other member")
	first.Close()
	second.Close()
}

func groupCooperative(boot string) {
	topic, group := create(boot, 6, nil), Fresh("group")
	sticky := kgo.Balancers(kgo.CooperativeStickyBalancer())
	first := join(boot, group, topic, sticky)
	settled(6, first)
	second := join(boot, group, topic, sticky)
	settled(6, first, second)
	Equal(len(first.partitions()), 3, "partitions kept")
	Equal(first.givenUp, 3, "partitions given up")
	first.Close()
	second.Close()
}

func commitResume(boot string) {
	topic, group := create(boot, 1, nil), Fresh("group")
	produce(boot, topic, 0, Samples(100))
	first := join(boot, group, topic)
	read := take(first.Client, 40)
	ctx, cancel := within()
	defer cancel()
	Must(first.CommitRecords(ctx, read...))
	first.Close()
	adm := admin(boot)
	defer adm.Close()
	committed, _ := Got(adm.FetchOffsets(ctx, group)).Lookup(topic, 0)
	Equal(committed.At, int64(40), "committed")
	second := join(boot, group, topic)
	defer second.Close()
	for i, r := range take(second.Client, 60) {
		Equal(r.Offset, int64(40+i), "offset after the return")
	}
}

func seekOffset(boot string) {
	topic := create(boot, 1, nil)
	produce(boot, topic, 0, Samples(100))
	cl := client(boot, from(topic, 0, kgo.NewOffset().AtStart()))
	defer cl.Close()
	take(cl, 5)
	for _, offset := range []int64{70, 10} {
		cl.SetOffsets(map[string]map[int32]kgo.EpochOffset{topic: {0: {Epoch: -1, Offset: offset}}})
		Equal(take(cl, 1)[0].Offset, offset, "offset")
	}
}

func seekTime(boot string) {
	topic, start := create(boot, 1, nil), time.Now().Add(-100*time.Second).UnixMilli()
	for i := range 10 {
		produceAt(boot, topic, 0, Numbers(1), func(int) time.Time { return time.UnixMilli(start + int64(i)*1000) })
	}
	adm := admin(boot)
	defer adm.Close()
	ctx, cancel := within()
	defer cancel()
	at := func(ms int64) int64 {
		listed, _ := Got(adm.ListOffsetsAfterMilli(ctx, ms, topic)).Lookup(topic, 0)
		Must(listed.Err)
		return listed.Offset
	}
	Equal([]int64{at(start - 1), at(start + 4000), at(start + 4001), at(start + 99999)}, []int64{0, 4, 5, 10}, "offsets at times")
	cl := client(boot, from(topic, 0, kgo.NewOffset().AfterMilli(start+4001)))
	defer cl.Close()
	Equal(take(cl, 1)[0].Offset, int64(5), "first record read")
	newest, _ := Got(adm.ListMaxTimestampOffsets(ctx, topic)).Lookup(topic, 0)
	Equal(newest.Offset, int64(9), "offset of the largest timestamp")
}

func adminTopics(boot string) {
	name := create(boot, 3, map[string]*string{"retention.ms": text("3600000")})
	adm := admin(boot)
	defer adm.Close()
	ctx, cancel := within()
	defer cancel()
	again := Got(adm.CreateTopics(ctx, 3, 1, nil, name))
	Check(errors.Is(again[name].Err, kerr.TopicAlreadyExists), "created twice: %v", again[name].Err)
	bad := Got(adm.CreateTopics(ctx, 1, 1, nil, "bad/name"))
	Check(errors.Is(bad["bad/name"].Err, kerr.InvalidTopicException), "a bad name: %v", bad["bad/name"].Err)
	replicas := Got(adm.CreateTopics(ctx, 1, 3, nil, Fresh("franz")))
	for _, response := range replicas {
		Check(errors.Is(response.Err, kerr.InvalidReplicationFactor), "three replicas: %v", response.Err)
	}
	Must(Got(adm.DeleteTopic(ctx, name)).Err)
	Until("the topic is gone", func() bool { return !Got(adm.ListTopics(ctx)).Has(name) })
	cluster := Got(adm.BrokerMetadata(ctx))
	Check(cluster.Cluster != "" && len(cluster.Brokers) == 1, "cluster: %v", cluster)
	Check(len(Got(adm.DescribeAllLogDirs(ctx, nil))) == 1, "log folders of one broker")
}

func adminPartitions(boot string) {
	name := create(boot, 2, nil)
	adm := admin(boot)
	defer adm.Close()
	ctx, cancel := within()
	defer cancel()
	Must(Got(adm.UpdatePartitions(ctx, 5, name))[name].Err)
	Until("five partitions", func() bool { return len(Got(adm.ListTopics(ctx, name))[name].Partitions) == 5 })
	produce(boot, name, 4, Numbers(1))
	Equal(len(readAll(boot, name, 4, 1)), 1, "records in a new partition")
	fewer := Got(adm.UpdatePartitions(ctx, 3, name))[name].Err
	Check(errors.Is(fewer, kerr.InvalidPartitions), "fewer partitions: %v", fewer)
}

func configOf(boot, topic, key string) string {
	adm := admin(boot)
	defer adm.Close()
	ctx, cancel := within()
	defer cancel()
	described := Got(Got(adm.DescribeTopicConfigs(ctx, topic)).On(topic, nil))
	Must(described.Err)
	for _, config := range described.Configs {
		if config.Key == key {
			return config.MaybeValue()
		}
	}
	return "(absent)"
}

func adminConfigs(boot string) {
	name := create(boot, 1, map[string]*string{"retention.ms": text("3600000")})
	Equal(configOf(boot, name, "retention.ms"), "3600000", "retention.ms")
	Equal(configOf(boot, name, "cleanup.policy"), "delete", "cleanup.policy")
	adm := admin(boot)
	defer adm.Close()
	ctx, cancel := within()
	defer cancel()
	alter := func(configs ...kadm.AlterConfig) error {
		return Got(Got(adm.AlterTopicConfigs(ctx, configs, name)).On(name, nil)).Err
	}
	Must(alter(
		kadm.AlterConfig{Op: kadm.DeleteConfig, Name: "retention.ms"},
		kadm.AlterConfig{Op: kadm.SetConfig, Name: "max.message.bytes", Value: text("2000000")},
	))
	Until("the change shows", func() bool { return configOf(boot, name, "max.message.bytes") == "2000000" })
	Equal(configOf(boot, name, "retention.ms"), "604800000", "retention.ms after its removal")
	bad := alter(kadm.AlterConfig{Op: kadm.SetConfig, Name: "retention.ms", Value: text("soon")})
	Check(errors.Is(bad, kerr.InvalidConfig), "a bad value: %v", bad)
	Must(alter(kadm.AlterConfig{Op: kadm.AppendConfig, Name: "cleanup.policy", Value: text("compact")}))
	Until("the list grew", func() bool { return configOf(boot, name, "cleanup.policy") == "delete,compact" })
	Must(Got(Got(adm.AlterTopicConfigsState(ctx, []kadm.AlterConfig{{Name: "segment.ms", Value: text("60000")}}, name)).On(name, nil)).Err)
	Until("the whole state is replaced", func() bool {
		return configOf(boot, name, "segment.ms") == "60000" && configOf(boot, name, "cleanup.policy") == "delete"
	})
	broker := Got(adm.ListBrokers(ctx))[0].NodeID
	Check(len(Got(adm.DescribeBrokerConfigs(ctx, broker))[0].Configs) > 50, "broker configs are described")
}

func adminGroups(boot string) {
	topic, group := create(boot, 2, nil), Fresh("group")
	m := join(boot, group, topic, kgo.ClientID("the-member"))
	settled(2, m)
	adm := admin(boot)
	defer adm.Close()
	ctx, cancel := within()
	defer cancel()
	listed, found := Got(adm.ListGroups(ctx))[group]
	Check(found && listed.ProtocolType == "consumer", "listed: %v", listed)
	_, found = Got(adm.ListGroups(ctx, "Empty"))[group]
	Check(!found, "a stable group is not listed as empty")
	described := Got(adm.DescribeGroups(ctx, group))[group]
	Equal([]any{described.State, len(described.Members), described.Members[0].ClientID}, []any{"Stable", 1, "the-member"}, "described")
	Equal(len(described.AssignedPartitions()[topic]), 2, "assigned partitions")
	refused := Got(adm.DeleteGroups(ctx, group))[group].Err
	Check(errors.Is(refused, kerr.NonEmptyGroup), "a group with members was deleted: %v", refused)
	m.Close()
	Until("the group is empty", func() bool { return Got(adm.DescribeGroups(ctx, group))[group].State == "Empty" })
	Must(Got(adm.DeleteGroups(ctx, group))[group].Err)
	_, found = Got(adm.ListGroups(ctx))[group]
	Check(!found, "the group is gone")
}

func adminOffsets(boot string) {
	topic, group := create(boot, 2, nil), Fresh("group")
	produce(boot, topic, 0, Samples(10))
	adm := admin(boot)
	defer adm.Close()
	ctx, cancel := within()
	defer cancel()
	var offsets kadm.Offsets
	offsets.Add(kadm.Offset{Topic: topic, Partition: 0, At: 7, LeaderEpoch: -1, Metadata: "seven"})
	offsets.Add(kadm.Offset{Topic: topic, Partition: 1, At: 0, LeaderEpoch: -1})
	Must(adm.CommitAllOffsets(ctx, group, offsets))
	found, _ := Got(adm.FetchOffsets(ctx, group)).Lookup(topic, 0)
	Equal([]any{found.At, found.Metadata}, []any{int64(7), "seven"}, "committed")
	m := join(boot, group, topic)
	Equal(take(m.Client, 1)[0].Offset, int64(7), "first offset read")
	m.Close()
	lag := Got(adm.Lag(ctx, group))[group]
	Must(lag.Error())
	Equal(lag.Lag.Total(), int64(3), "lag")
	deleted := Got(adm.DeleteOffsets(ctx, group, kadm.TopicsSet{topic: {0: {}}}))
	Must(deleted.Error())
	_, exists := Got(adm.FetchOffsets(ctx, group)).Lookup(topic, 0)
	Check(!exists, "the deleted offset is gone")
	end, _ := Got(adm.ListEndOffsets(ctx, topic)).Lookup(topic, 0)
	Equal(end.Offset, int64(10), "end offset")
}

func adminDeleteRecords(boot string) {
	topic := create(boot, 1, nil)
	produce(boot, topic, 0, Samples(50))
	adm := admin(boot)
	defer adm.Close()
	ctx, cancel := within()
	defer cancel()
	upto := func(offset int64) kadm.DeleteRecordsResponse {
		var offsets kadm.Offsets
		offsets.Add(kadm.Offset{Topic: topic, Partition: 0, At: offset})
		response, _ := Got(adm.DeleteRecords(ctx, offsets)).Lookup(topic, 0)
		return response
	}
	deleted := upto(30)
	Must(deleted.Err)
	Equal(deleted.LowWatermark, int64(30), "low watermark")
	start, _ := Got(adm.ListStartOffsets(ctx, topic)).Lookup(topic, 0)
	Equal(start.Offset, int64(30), "start offset")
	Equal(readAll(boot, topic, 0, 1)[0].Offset, int64(30), "first offset left")
	beyond := upto(1000).Err
	Check(errors.Is(beyond, kerr.OffsetOutOfRange), "beyond the end: %v", beyond)
}

// largestAnswer is a hook: how many bytes the largest answer to a fetch had.
type largestAnswer struct{ bytes atomic.Int64 }

func (l *largestAnswer) OnBrokerRead(_ kgo.BrokerMetadata, key int16, size int, _, _ time.Duration, _ error) {
	if fetch := int16(1); key == fetch {
		l.bytes.Store(max(l.bytes.Load(), int64(size)))
	}
}

func largeFetch(boot string) {
	topic, count := create(boot, 1, nil), LargeFetch/990000+2
	for i := range count {
		produce(boot, topic, 0, []Record{{Value: Noise(990000, int64(i))}}, kgo.ProducerBatchCompression(kgo.NoCompression()))
	}
	var largest largestAnswer
	found := readAll(boot, topic, 0, count, kgo.FetchMinBytes(LargeFetch), kgo.FetchMaxBytes(LargeFetch+5000000), kgo.WithHooks(&largest),
		kgo.FetchMaxPartitionBytes(LargeFetch+5000000), kgo.FetchMaxWait(5*time.Second), kgo.BrokerMaxReadBytes(2*LargeFetch))
	Check(largest.bytes.Load() >= LargeFetch, "the largest answer had %d bytes", largest.bytes.Load())
	for i, r := range found {
		Check(bytes.Equal(r.Value, Noise(990000, int64(i))), "record %d came as it was", i)
	}
}

func largeRecord(boot string) {
	topic := create(boot, 1, map[string]*string{"max.message.bytes": text(fmt.Sprint(LargeRecord + 100000))})
	produce(boot, topic, 0, []Record{{Value: Noise(LargeRecord, 1)}},
		kgo.ProducerBatchMaxBytes(LargeRecord+50000), kgo.ProducerBatchCompression(kgo.NoCompression()))
	Check(bytes.Equal(readAll(boot, topic, 0, 1)[0].Value, Noise(LargeRecord, 1)), "the record came as it was")
}

func manyPartitions(boot string) {
	topic := create(boot, ManyPartitions, nil)
	cl := client(boot)
	defer cl.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 2*Wait)
	defer cancel()
	out := make([]*kgo.Record, ManyPartitions)
	for i := range out {
		out[i] = &kgo.Record{Topic: topic, Partition: int32(i), Value: fmt.Append(nil, i)}
	}
	Must(cl.ProduceSync(ctx, out...).FirstErr())
	m := join(boot, Fresh("group"), topic, kgo.SessionTimeout(30*time.Second))
	defer m.Close()
	seen := map[int32]bool{}
	for _, r := range take(m.Client, ManyPartitions) {
		Check(string(r.Value) == fmt.Sprint(r.Partition), "partition %d has %s", r.Partition, r.Value)
		seen[r.Partition] = true
	}
	Equal(len(seen), ManyPartitions, "partitions seen")
	Must(m.CommitUncommittedOffsets(ctx))
	adm := kadm.NewClient(cl)
	Must(Got(adm.DeleteTopic(ctx, topic)).Err)
}

func transactionsRefused(boot string) {
	if IsKafka() {
		Skip("Apache Kafka has transactions")
	}
	topic := create(boot, 1, nil)
	cl := client(boot, kgo.TransactionalID(Fresh("transaction")))
	defer cl.Close()
	start := time.Now()
	ctx, cancel := within()
	defer cancel()
	err := cl.BeginTransaction()
	if err == nil {
		err = cl.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: []byte("x")}).FirstErr()
	}
	Check(err != nil, "a transactional producer was let in")
	Check(errors.Is(err, kerr.TransactionalIDAuthorizationFailed) && !kerr.IsRetriable(err), "not final: %v", err)
	Check(time.Since(start) < 10*time.Second, "refused only after %s: %v", time.Since(start), err)
}
