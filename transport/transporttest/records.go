package transporttest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"regexp"
	"strconv"
	"time"

	"github.com/slogship/slogship/encode"
)

// A maker builds one record in memory that nothing else shares, so that the
// suite may overwrite it after Send and build the same record again.
type maker func() encode.Record

// Numbers of records begin with 0 in each case and do not repeat in it, so what
// arrived is compared as a list of numbers.

// numbered returns makers for the records from up to, but without, to.
func numbered(from, to int) []maker {
	makers := make([]maker, 0, to-from)
	for i := from; i < to; i++ {
		makers = append(makers, func() encode.Record { return record(i) })
	}
	return makers
}

func build(makers []maker) []encode.Record {
	// Room behind the last record: a transport that appends to recs is seen.
	recs := make([]encode.Record, 0, len(makers)+1)
	for _, m := range makers {
		recs = append(recs, m())
	}
	return recs
}

// mark is the part of a message by which a record is known again, in letters
// that no format escapes. The attribute's mark tells a mixed-up record.
func mark(i int) string     { return fmt.Sprintf("rec-%06d-x", i) }
func attrMark(i int) string { return fmt.Sprintf("att-%06d-x", i) }

// numberOf returns the number in an entry's mark, -1 for none and -2 for an
// entry with marks of several records.
func numberOf(entry string) int {
	number := -1
	for _, m := range markPattern.FindAllStringSubmatch(entry, -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil || number >= 0 && n != number {
			return -2
		}
		number = n
	}
	return number
}

var markPattern = regexp.MustCompile(`(?:rec|att)-(\d{6})-x`)

func numbersOf(entries []string) []int {
	numbers := make([]int, len(entries))
	for i, e := range entries {
		numbers[i] = numberOf(e)
	}
	return numbers
}

// record builds an ordinary record with the number i.
func record(i int) encode.Record {
	at := time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC).Add(time.Duration(i) * time.Millisecond)
	return encode.Record{
		ID:       identity(i, at),
		Time:     at,
		Observed: at.Add(time.Microsecond),
		Level:    slog.LevelInfo,
		Message:  "message " + mark(i),
		Attrs:    everyKind(i),
		Scope:    "transporttest",
		Source:   slog.Source{Function: "example.com/app.serve", File: "/src/app/serve.go", Line: 42},
		Stack:    []encode.Frame{{Function: "example.com/app.serve", File: "/src/app/serve.go", Line: 42}},
		Trace:    encode.Trace{TraceID: [16]byte{1, 2, 3}, SpanID: [8]byte{4, 5, 6}, Flags: 1},
		Resource: &encode.Resource{
			Service: "checkout", Version: "1.2.3", Environment: "test", Instance: "a1", Host: "host", PID: 4711,
			Attrs: spare(slog.String("region", "eu")),
		},
	}
}

// identity makes an ID in UUIDv7 layout (RFC 9562 §5.7) out of the number.
func identity(i int, at time.Time) encode.ID {
	var id encode.ID
	binary.BigEndian.PutUint64(id[:8], uint64(at.UnixMilli())<<16|0x7000)
	binary.BigEndian.PutUint64(id[8:], 1<<63|uint64(i))
	return id
}

// everyKind returns attributes of each kind that a record may hold.
func everyKind(i int) []slog.Attr {
	cause := &encode.Error{Type: "*errors.errorString", Message: "cause"}
	return spare(
		slog.String("mark", attrMark(i)),
		slog.Int64("int", math.MinInt64),
		slog.Uint64("uint", math.MaxUint64),
		slog.Float64("float", 1.5),
		slog.Float64("nan", math.NaN()),
		slog.Float64("inf", math.Inf(-1)),
		slog.Bool("bool", true),
		slog.Duration("duration", 1500*time.Millisecond),
		slog.Time("time", time.Date(2026, 1, 2, 3, 4, 5, 6, time.FixedZone("", 3600))),
		slog.Any("nil", nil),
		slog.Any("bytes", []byte{0, 1, 0xfe, 0xff, '\n'}),
		slog.Any("json", encode.JSON(`{"a":[1,"two",null]}`)),
		slog.Any("error", &encode.Error{
			Type: "*fs.PathError", Message: errors.ErrUnsupported.Error(), Causes: []*encode.Error{cause},
			Frames: []encode.Frame{{Function: "example.com/app.load", File: "/src/app/load.go", Line: 7}},
		}),
		slog.Any("list", []slog.Value{
			slog.StringValue("one"), slog.IntValue(2), slog.AnyValue([]slog.Value{slog.BoolValue(false)}),
			slog.GroupValue(slog.String("in", "list")),
		}),
		slog.Group("group", slog.String("inner", attrMark(i)), slog.Group("deeper", slog.Int("n", i))),
	)
}

// sentinel stands behind the last attribute of each slice: a transport that
// appends to attributes in place writes over it.
const sentinel = "transporttest: behind the end of the attributes"

func spare(attrs ...slog.Attr) []slog.Attr {
	roomy := make([]slog.Attr, len(attrs)+1)
	copy(roomy, attrs)
	roomy[len(attrs)] = slog.String(sentinel, sentinel)
	return roomy[:len(attrs)]
}
