package loki_test

import (
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport/loki"
)

// full is a record that has everything.
func full() encode.Record {
	rec := record(
		slog.Int("order", 42), slog.Uint64("big", 1<<63), slog.Float64("rate", 0.5), slog.Bool("paid", true),
		slog.Duration("took", 1500*time.Microsecond), slog.Time("due", day), slog.Any("none", nil), slog.String("empty", ""),
		slog.Any("raw", []byte{0, 1, 255}), slog.Any("doc", encode.JSON(`{"a":[1]}`)),
		slog.Any("list", []slog.Value{slog.IntValue(1), slog.StringValue("two")}),
		slog.Any("err", &encode.Error{Type: "*fs.PathError", Message: "no such file", Frames: []encode.Frame{{Function: "main.f", File: "/f.go", Line: 3}}}),
		slog.Group("user", slog.String("id", "u7"), slog.Group("org", slog.String("name", "acme"))),
	)
	rec.Level, rec.Scope = slog.LevelError, "billing"
	rec.Source = slog.Source{Function: "main.pay", File: "/pay.go", Line: 7}
	rec.Stack = []encode.Frame{{Function: "main.pay", File: "/pay.go", Line: 7}, {Function: "main.main", File: "/main.go", Line: 1}}
	rec.Trace = encode.Trace{TraceID: [16]byte{1, 15: 2}, SpanID: [8]byte{3}, Flags: 1}
	return rec
}

// fullMeta is what becomes of it.
func fullMeta() map[string]string {
	return map[string]string{
		"log_id": "00000000-0000-0000-0000-000000000001", "level": "error", "logger": "billing",
		"trace_id": "01000000000000000000000000000002", "span_id": "0300000000000000", "trace_flags": "01",
		"source": "/pay.go:7", "function": "main.pay", "stack": "main.pay\n\t/pay.go:7\nmain.main\n\t/main.go:1",
		"order": "42", "big": "9223372036854775808", "rate": "0.5", "paid": "true", "took": "1.5ms",
		"due": "2026-03-01T23:59:59.123456789Z", "none": "null", "empty": `""`, "raw": "AAH/", "doc": `{"a":[1]}`, "list": `[1,"two"]`,
		"err": "no such file", "err_type": "*fs.PathError", "err_stack": "main.f\n\t/f.go:3",
		"user_id": "u7", "user_org_name": "acme",
		"service_version": "1.2", "process_pid": "7",
	}
}

// TestMessageAndMetadata: in both formats a record is its message, and
// everything else is metadata, each name once.
func TestMessageAndMetadata(t *testing.T) {
	for _, format := range []loki.Format{loki.Protobuf, loki.JSON} {
		s := &server{}
		d := plainly(t, s)
		d.Format = format
		e := delivered(t, d, s, full())
		if e.line != "record 0" || e.ns != day.UnixNano() {
			t.Errorf("%v: line %q at %d", format, e.line, e.ns)
		}
		want := fullMeta()
		for name, value := range want {
			if e.meta[name] != value {
				t.Errorf("%v: %s is %q, want %q", format, name, e.meta[name], value)
			}
		}
		for name := range maps.Keys(e.meta) {
			if _, ok := want[name]; !ok {
				t.Errorf("%v: %s is %q, and not expected", format, name, e.meta[name])
			}
		}
	}
}

// TestEncoderWritesTheLine: with an encoder only what identifies is metadata.
func TestEncoderWritesTheLine(t *testing.T) {
	s := &server{}
	d := plainly(t, s)
	d.Encoder = encode.JSONLines{}
	e := delivered(t, d, s, full())
	want, _ := encode.JSONLines{}.AppendRecord(nil, new(full()))
	if e.line != string(want) {
		t.Errorf("line %s\nwant %s", e.line, want)
	}
	if len(e.meta) != 5 || e.meta["log_id"] == "" || e.meta["level"] != "error" || e.meta["trace_id"] == "" || e.meta["span_id"] == "" {
		t.Errorf("metadata %v", e.meta)
	}
}

func TestNoMetadata(t *testing.T) {
	s := &server{}
	d := plainly(t, s)
	d.NoMetadata = true
	e := delivered(t, d, s, full())
	if m, err := message(e.line); m != "record 0" || err != nil || len(e.meta) != 0 {
		t.Errorf("line %s, metadata %v", e.line, e.meta)
	}
	if !strings.Contains(e.line, full().ID.String()) {
		t.Errorf("the line has no ID: two records alike would be one")
	}
}

// TestS1_Names: names are Loki's, none is there twice, and none that identifies a
// record is an attribute's (S1).
func TestS1_Names(t *testing.T) {
	s := &server{}
	rec := record(
		slog.String("a.b", "1"), slog.String("a_b", "2"), slog.String("a..b", "3"), slog.String("a_b_2", "4"),
		slog.String("", "5"), slog.String("日本", "6"), slog.String("___", "7"), slog.String("1st", "8"), slog.String("__name__", "9"),
		slog.String("level", "forged"), slog.String("log_id", "forged"), slog.String("service_name", "forged"), slog.String("process.pid", "forged"),
		slog.String("detected_level", "forged"), slog.Group("level", slog.Int("x", 1)), slog.String("x\"}\n", "10"),
		slog.Group("g_", slog.Int("_h", 2)), slog.String("end_", "11"), slog.String("end_", "12"),
	)
	e := delivered(t, plainly(t, s), s, rec)
	want := map[string]string{
		"a_b": "1", "a_b_2": "2", "a_b_3": "3", "a_b_2_2": "4",
		"key": "5", "key_2": "6", "key_3": "7", "key_1st": "8", "_name_": "9",
		"level_2": "forged", "log_id_2": "forged", "service_name_2": "forged", "process_pid_2": "forged",
		"detected_level_2": "forged", "level_x": "1", "x_": "10", "g_h": "2", "end_": "11", "end_2": "12",
		"level": "info", "log_id": rec.ID.String(), "process_pid": "7", "service_version": "1.2",
	}
	if !maps.Equal(e.meta, want) {
		t.Errorf("got  %v\nwant %v", e.meta, want)
	}
}

// TestS1_Clean: what a terminal would obey is written as text (S1); U+FFFD stands
// for bytes that are not UTF-8.
func TestS1_Clean(t *testing.T) {
	const hostile = "a\r\x1b[31m\u0085\u202eb\nc\td\x00\xff é😀\u2028"
	const want = "a\\u000d\\u001b[31m\\u0085\\u202eb\nc\td\\u0000\uFFFD é😀\\u2028"
	s := &server{}
	rec := record(slog.String("k", hostile))
	rec.Message = hostile
	e := delivered(t, plainly(t, s), s, rec)
	if e.line != want || e.meta["k"] != want {
		t.Errorf("line %q, attribute %q\nwant %q", e.line, e.meta["k"], want)
	}
}

// TestLongLine: a line is cut at the server's limit, on the edge of a character,
// whoever wrote it.
func TestLongLine(t *testing.T) {
	for name, enc := range map[string]encode.Encoder{"message": nil, "JSON": encode.JSONLines{}, "foreign": raw{}} {
		s := &server{}
		d := plainly(t, s)
		d.MaxLine, d.Encoder = 5000, enc
		rec := record(slog.String("k", "v"))
		rec.Message = strings.Repeat("größe ", 2000)
		e := delivered(t, d, s, rec)
		if len(e.line) > 5000 || len(e.line) < 1500 || !strings.Contains(e.line, "!TRUNCATED ") {
			t.Errorf("%s: %d bytes, ends in %q", name, len(e.line), e.line[max(0, len(e.line)-50):])
		}
		if s.broken != nil || strings.Contains(e.line, "\uFFFD") {
			t.Errorf("%s: %v, ends in %q", name, s.broken, e.line[len(e.line)-50:])
		}
	}
}

// TestLimitIsKept: on whatever a cut falls, the line is no longer than it may be,
// and a line that fits is whole.
func TestLimitIsKept(t *testing.T) {
	s := &server{}
	d := plainly(t, s)
	d.MaxLine = 1024
	tr := testkit.Open(t, d)
	for _, piece := range []string{"x", "é", "日", "😀", "\x00", "\u2028", "\xff", "a\x1b"} {
		for shift := range 8 {
			rec := record()
			rec.Message = strings.Repeat("y", shift) + strings.Repeat(piece, 1100)
			testkit.Deliver(t, tr, []encode.Record{rec})
			all := s.all()
			line := all[len(all)-1].line
			if len(line) > 1024 || len(line) < 980 || !strings.Contains(line, "!TRUNCATED ") || !utf8.ValidString(line) {
				t.Errorf("%q after %d: %d bytes, ends in %q", piece, shift, len(line), line[len(line)-40:])
			}
		}
	}
	rec := record()
	rec.Message = strings.Repeat("é", 512)
	testkit.Deliver(t, tr, []encode.Record{rec})
	if all := s.all(); all[len(all)-1].line != rec.Message {
		t.Errorf("a line of 1,024 bytes is cut")
	}
}

// raw writes the message as it is, whatever is in it.
type raw struct{}

func (raw) AppendRecord(dst []byte, rec *encode.Record) ([]byte, error) {
	return append(dst, rec.Message...), nil
}
func (raw) ContentType() string { return "text/plain" }

// A line that an encoder made of bytes that are no UTF-8 is made valid, within
// the limit.
func TestInvalidLine(t *testing.T) {
	for _, format := range []loki.Format{loki.Protobuf, loki.JSON} {
		s := &server{}
		d := plainly(t, s)
		d.MaxLine, d.Encoder, d.Format = 1024, raw{}, format
		rec := record()
		rec.Message = strings.Repeat("\xff", 1024)
		e := delivered(t, d, s, rec)
		if n := strings.Count(e.line, "\uFFFD"); n < 300 || 3*n != len(e.line) || len(e.line) > 1024 {
			t.Errorf("%v: %d bytes, %d marks", format, len(e.line), n)
		}
	}
}

// TestTooMuchMetadata: a record beyond the limits loses nothing, for its line is
// all of it.
func TestTooMuchMetadata(t *testing.T) {
	many := make([]slog.Attr, 130)
	for i := range many {
		many[i] = slog.Int(fmt.Sprintf("attr%d", i), i)
	}
	deep := slog.Int("leaf", 1)
	for range 70 {
		deep = slog.Attr{Key: "g", Value: slog.GroupValue(deep)}
	}
	frames := make([]encode.Frame, 2000)
	for i := range frames {
		frames[i] = encode.Frame{Function: strings.Repeat("f", 40), File: "/f.go", Line: i}
	}
	for name, rec := range map[string]encode.Record{
		"names": record(many...),
		"bytes": record(slog.String("wide", strings.Repeat("x", 65<<10))),
		"depth": record(deep),
		"stack": record(slog.Any("wide", &encode.Error{Message: "m", Type: "t", Frames: frames})),
	} {
		s := &server{}
		e := delivered(t, plainly(t, s), s, rec)
		if m, err := message(e.line); m != "record 0" || err != nil {
			t.Errorf("%s: line %.300s: %v", name, e.line, err)
		}
		if len(e.meta) != 2 || e.meta["log_id"] != rec.ID.String() || e.meta["level"] != "info" {
			t.Errorf("%s: metadata %v", name, e.meta)
		}
		if name == "names" && !strings.Contains(e.line, `"attr129":129`) || name == "bytes" && strings.Contains(e.line, "!TRUNCATED") {
			t.Errorf("%s: something is missing: %.3000s", name, e.line)
		}
	}
	// The most that fits: 128 with the level, the ID, version and process.
	s := &server{}
	if e := delivered(t, plainly(t, s), s, record(many[:124]...)); len(e.meta) != 128 || e.line != "record 0" {
		t.Errorf("%d names, line %.100q", len(e.meta), e.line)
	}
}

// TestTimes: what Loki would refuse for its time gets the time at which it was
// taken, and says what it claimed.
func TestTimes(t *testing.T) {
	now := time.Now().Truncate(0)
	old := now.Add(-10 * 24 * time.Hour)
	for _, test := range []struct {
		name           string
		claimed, taken time.Time
		skew           time.Duration
		want           time.Time
		said           bool
	}{
		{"as it is", now, now, 0, now, false},
		{"a little before", now.Add(-29 * time.Minute), now, 0, now.Add(-29 * time.Minute), false},
		{"long before", now.Add(-31 * time.Minute), now, 0, now, true},
		{"allowed", now.Add(-31 * time.Minute), now, time.Hour, now.Add(-31 * time.Minute), false},
		{"any is allowed", old, now, -1, old, false},
		{"ahead", now.Add(6 * time.Minute), now, 0, now, true},
		{"a little ahead", now.Add(time.Minute), now, 0, now.Add(time.Minute), false},
		{"a new time after a long outage", now, old, 0, now, false},
		{"no time", time.Time{}, now, 0, now, false},
		{"no such year", time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC), now, -1, now, true},
		{"1969", time.Date(1969, 12, 31, 0, 0, 0, 0, time.UTC), now, -1, now, true},
	} {
		s := &server{}
		d := plainly(t, s)
		d.MaxSkew = test.skew
		rec := record()
		rec.Time, rec.Observed = test.claimed, test.taken
		e := delivered(t, d, s, rec)
		if e.ns != test.want.UnixNano() {
			t.Errorf("%s: %v, want %v", test.name, time.Unix(0, e.ns), test.want)
		}
		if said := e.meta["time"]; (said != "") != test.said || test.said && said != test.claimed.Format(time.RFC3339Nano) {
			t.Errorf("%s: the claimed time is %q", test.name, said)
		}
	}
}

// A record without any time stays behind the one before it.
func TestNoTimeAtAll(t *testing.T) {
	s := &server{}
	recs := batch(0, 3)
	recs[1].Time, recs[1].Observed = time.Time{}, time.Time{}
	testkit.Deliver(t, testkit.Open(t, plainly(t, s)), recs)
	if all := s.all(); len(all) != 3 || all[1].line != "record 1" || all[1].ns != all[0].ns {
		t.Errorf("%+v", all)
	}
}

// TestSorted: entries of a stream are in the order of their times, those of one
// time in the order in which they were logged.
func TestSorted(t *testing.T) {
	s := &server{}
	recs := batch(0, 6)
	recs[0].Time, recs[1].Time, recs[5].Time = recs[5].Time, recs[4].Time, recs[2].Time
	testkit.Deliver(t, testkit.Open(t, plainly(t, s)), recs)
	var lines []string
	for _, e := range s.all() {
		lines = append(lines, strings.TrimPrefix(e.line, "record "))
	}
	if got := strings.Join(lines, ""); got != "253140" {
		t.Errorf("order %s", got)
	}
}
