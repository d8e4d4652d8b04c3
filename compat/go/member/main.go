// One member of a group, on franz-go: writes what it is given to a file, then commits. Whatever was committed was written.
//
//	member BOOTSTRAP GROUP TOPIC FILE
//
// A record in the file: partition (4 bytes), offset (8), length (4), all big endian, value. It prints `owned N` when its
// number of partitions changes, and ends cleanly on SIGTERM.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	. "thalweg/compat/scenarios"
)

// commitEvery so many records: often enough that little is repeated after a kill, rarely enough that something is.
const commitEvery = 20000

func main() {
	boot, group, topic, path := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	out := bufio.NewWriterSize(Got(os.Create(path)), 1<<20)
	var lock sync.Mutex
	owned := 0
	told := func(change int) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(ctx context.Context, cl *kgo.Client, partitions map[string][]int32) {
			if change < 0 {
				Must(cl.CommitUncommittedOffsets(ctx))
			}
			lock.Lock()
			defer lock.Unlock()
			owned += change * len(partitions[topic])
			fmt.Println("owned", owned)
		}
	}
	cl := Got(kgo.NewClient(
		kgo.SeedBrokers(boot), kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.BlockRebalanceOnPoll(),
		kgo.SessionTimeout(6*time.Second), kgo.HeartbeatInterval(300*time.Millisecond),
		kgo.OnPartitionsAssigned(told(1)), kgo.OnPartitionsRevoked(told(-1)),
	))
	uncommitted := 0
	for {
		within, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
		fetches := cl.PollRecords(within, 5000)
		cancel()
		if ctx.Err() != nil {
			break
		}
		var head [16]byte
		fetches.EachRecord(func(r *kgo.Record) {
			binary.BigEndian.PutUint32(head[0:], uint32(r.Partition))
			binary.BigEndian.PutUint64(head[4:], uint64(r.Offset))
			binary.BigEndian.PutUint32(head[12:], uint32(len(r.Value)))
			Got(out.Write(head[:]))
			Got(out.Write(r.Value))
		})
		uncommitted += fetches.NumRecords()
		Must(out.Flush())
		if uncommitted >= commitEvery || (uncommitted > 0 && fetches.NumRecords() == 0) {
			Must(cl.CommitUncommittedOffsets(ctx))
			uncommitted = 0
		}
		cl.AllowRebalance()
	}
	Must(cl.CommitUncommittedOffsets(context.Background()))
	cl.CloseAllowingRebalance()
}
