// Package scenarios is what the Go programs share: how scenarios are listed, run and told, and the sample records.
// It knows no client.
package scenarios

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	mathrand "math/rand"
	"os"
	"reflect"
	"runtime/debug"
	"sort"
	"strings"
	"time"
)

const (
	NearLimit      = 1024*1024 - 200
	LargeRecord    = 20 * 1024 * 1024
	LargeFetch     = 50 * 1024 * 1024
	ManyPartitions = 5000
	Wait           = 60 * time.Second
)

// Codecs by the names that Kafka gives them.
var Codecs = []string{"none", "gzip", "snappy", "lz4", "zstd"}

// Scenario is one named check; it fails by a panic (see Check, Must).
type Scenario struct {
	Name string
	Run  func(bootstrap string)
}

// Header of a record.
type Header struct {
	Key   string
	Value []byte
}

// Record as every client knows it.
type Record struct {
	Key, Value []byte
	Headers    []Header
}

type skip struct{ why string }

// Skip ends a scenario that this client or broker is not meant to pass.
func Skip(why string) { panic(skip{why}) }

// IsKafka tells whether this is a reference run.
func IsKafka() bool { return os.Getenv("COMPAT_BROKER") != "thalweg" }

// Fresh is a name that no other scenario uses.
func Fresh(what string) string {
	suffix := make([]byte, 6)
	_, _ = rand.Read(suffix)
	return what + "-" + hex.EncodeToString(suffix)
}

// Must fails the scenario on an error.
func Must(err error) {
	if err != nil {
		panic(err)
	}
}

// Got is Must for a call with a result.
func Got[T any](value T, err error) T {
	Must(err)
	return value
}

// Check fails the scenario unless condition holds.
func Check(condition bool, format string, arguments ...any) {
	if !condition {
		panic(fmt.Errorf(format, arguments...))
	}
}

// Equal fails the scenario unless both are deeply equal.
func Equal(found, expected any, what string) {
	Check(reflect.DeepEqual(found, expected), "%s: found %s, expected %s", what, shorten(found), shorten(expected))
}

func shorten(value any) string { return fmt.Sprintf("%.300s", fmt.Sprintf("%v", value)) }

// Until waits for something to become true.
func Until(what string, condition func() bool) {
	for deadline := time.Now().Add(Wait); !condition(); time.Sleep(20 * time.Millisecond) {
		Check(time.Now().Before(deadline), "not within %s: %s", Wait, what)
	}
}

// Noise is bytes that no codec makes smaller.
func Noise(size int, seed int64) []byte {
	out := make([]byte, size)
	_, _ = mathrand.New(mathrand.NewSource(seed)).Read(out)
	return out
}

// Samples are keyed and keyless records with compressible values.
func Samples(count int) []Record {
	records := make([]Record, count)
	for i := range records {
		if i%3 != 0 {
			records[i].Key = fmt.Appendf(nil, "key-%d", i%7)
		}
		records[i].Value = bytes.Repeat(fmt.Appendf(nil, "value %d ", i), 1+i%20)
		if i%2 == 1 {
			records[i].Headers = []Header{{"number", fmt.Append(nil, i)}}
		}
	}
	return records
}

// Numbers are count records whose values are their positions.
func Numbers(count int) []Record {
	records := make([]Record, count)
	for i := range records {
		records[i].Value = fmt.Append(nil, i)
	}
	return records
}

// Shapes are tombstones, empty keys and values, one byte, repeated and empty headers.
func Shapes() []Record {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	return []Record{
		{[]byte("key"), []byte("value"), nil},
		{nil, []byte("no key"), nil},
		{[]byte("tombstone"), nil, nil},
		{[]byte("empty value"), []byte{}, nil},
		{[]byte{}, []byte("empty key"), nil},
		{nil, []byte("x"), nil},
		{[]byte("headers"), []byte("h"), []Header{{"a", []byte("1")}, {"a", []byte("2")}, {"empty", []byte{}}, {"bytes", all}}},
		{[]byte("schlüssel"), []byte("wärme ☃"), []Header{{"kopf", []byte("zeile ☃")}}},
	}
}

// SameRecords compares keys, values and headers; null and empty differ for keys and values.
func SameRecords(found, expected []Record) {
	Equal(len(found), len(expected), "number of records")
	for i, f := range found {
		e := expected[i]
		same := bytes.Equal(f.Key, e.Key) && (f.Key == nil) == (e.Key == nil) &&
			bytes.Equal(f.Value, e.Value) && (f.Value == nil) == (e.Value == nil) && len(f.Headers) == len(e.Headers)
		for h := 0; same && h < len(e.Headers); h++ {
			same = f.Headers[h].Key == e.Headers[h].Key && bytes.Equal(f.Headers[h].Value, e.Headers[h].Value)
		}
		Check(same, "record %d: found %s, expected %s", i, shorten(f), shorten(e))
	}
}

// Sorted is a sorted copy.
func Sorted(numbers []int32) []int32 {
	out := append([]int32{}, numbers...)
	sort.Slice(out, func(i, j int) bool { return out[i] < out[j] })
	return out
}

// Upto is 0, 1, ... count-1.
func Upto(count int) []int32 {
	out := make([]int32, count)
	for i := range out {
		out[i] = int32(i)
	}
	return out
}

// Main is the program: `list`, or `run BOOTSTRAP NAME...`.
func Main(all []Scenario) {
	if len(os.Args) > 1 && os.Args[1] == "list" {
		for _, scenario := range all {
			fmt.Println(scenario.Name)
		}
		return
	}
	for _, name := range os.Args[3:] {
		for _, scenario := range all {
			if scenario.Name == name {
				fmt.Println(run(scenario, os.Args[2]))
			}
		}
	}
}

func run(scenario Scenario, bootstrap string) (line string) {
	defer func() {
		switch end := recover().(type) {
		case nil:
			line = "ok " + scenario.Name
		case skip:
			line = "skipped " + scenario.Name + ": " + end.why
		default:
			fmt.Fprintf(os.Stderr, "%s: %v\n%s\n", scenario.Name, end, debug.Stack())
			text := strings.ReplaceAll(fmt.Sprint(end), "\n", " ")
			if err, is := end.(error); is && errors.Unwrap(err) != nil {
				text += fmt.Sprintf(" (%T)", errors.Unwrap(err))
			}
			line = "failed " + scenario.Name + ": " + text
		}
	}()
	scenario.Run(bootstrap)
	return
}
