package encode_test

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
)

func unpickled(t testing.TB, enc encode.Pickle, rec *encode.Record) map[string]any {
	t.Helper()
	p, err := enc.AppendRecord(nil, rec)
	if err != nil {
		t.Fatal(err)
	}
	v, err := unpickle(p)
	if err != nil {
		t.Fatalf("%v: %q", err, p)
	}
	return v.(map[string]any)
}

// text prints values so that equal ones print the same: maps sorted, NaN as NaN.
func text(v any) string { return fmt.Sprintf("%#v", v) }

func TestPickle(t *testing.T) {
	rec := fullRecord()
	rec.Attrs = append(rec.Attrs, slog.String("name", "x"), slog.String("getMessage", "y"), slog.String("__class__", "z"), slog.Uint64("u", math.MaxUint64), slog.Int64("i", math.MinInt64))
	got := unpickled(t, encode.Pickle{}, &rec)
	want := map[string]any{
		"name": "db", "msg": "m", "args": nil, "levelno": int64(30), "levelname": "WARNING", "slog_level": int64(4),
		"pathname": "/src/a.go", "filename": "a.go", "module": "a", "lineno": int64(3), "funcName": "main.f",
		"created": 1795427384.005, "msecs": 5.0, "relativeCreated": 0.0,
		"thread": nil, "threadName": nil, "taskName": nil, "process": int64(7), "processName": "s",
		"exc_info": nil, "exc_text": "*fs.PathError: no file\nmain.f\n\t/src/a.go:1", "stack_info": "main.f\n\t/src/a.go:3",
		"log_id":   "ab000000-0000-0000-0000-000000000000",
		"trace_id": "01000000000000000000000000000000", "span_id": "0200000000000000", "trace_flags": "01",
		"resource": map[string]any{
			"service.name": "s", "service.version": "v", "deployment.environment.name": "e", "service.instance.id": "i",
			"host.name": "h", "process.pid": int64(7), "k8s.pod": int64(1), "service.name#2": "x",
		},
		"g":      map[string]any{"n": int64(1), "err": map[string]any{"type": "*fs.PathError", "message": "no file", "stack": "main.f\n\t/src/a.go:1"}},
		"other":  map[string]any{"message": "second"},
		"name#2": "x", "getMessage#2": "y", "__class__#2": "z", "u": uint64(math.MaxUint64), "i": int64(math.MinInt64),
	}
	if text(got) != text(want) {
		t.Errorf("\n got %s\nwant %s", text(got), text(want))
	}
}

// Levels by range, and what a record without anything has.
func TestPickleDefaults(t *testing.T) {
	for level, want := range map[slog.Level]int64{-20: 10, -8: 10, -1: 10, 0: 20, 3: 20, 4: 30, 7: 30, 8: 40, 11: 40, 12: 50, 100: 50} {
		got := unpickled(t, encode.Pickle{}, &encode.Record{Level: level})
		name := map[int64]string{10: "DEBUG", 20: "INFO", 30: "WARNING", 40: "ERROR", 50: "CRITICAL"}[want]
		if got["levelno"] != want || got["levelname"] != name || got["slog_level"] != int64(level) {
			t.Errorf("%v: %v %v", level, got["levelno"], got["levelname"])
		}
		for key, want := range map[string]any{"name": "root", "created": 0.0, "process": nil, "processName": nil, "funcName": nil, "exc_text": nil, "stack_info": nil} {
			if v, ok := got[key]; !ok || v != want {
				t.Errorf("%s is %v, want %v", key, v, want)
			}
		}
	}
	rec := encode.Record{Observed: time.Unix(5, 0), Attrs: []slog.Attr{slog.Duration("d", 1500*time.Millisecond), slog.Any("b", []byte("hi\xff"))}}
	got := unpickled(t, encode.Pickle{Duration: encode.DurationSeconds, Bytes: encode.BytesText}, &rec)
	if got["created"] != 5.0 || got["d"] != 1.5 || got["b"] != "hi\ufffd" {
		t.Errorf("%v", got)
	}
	got = unpickled(t, encode.Pickle{Duration: encode.DurationText}, &rec)
	if got["d"] != "1.5s" {
		t.Errorf("%v", got["d"])
	}
}

// plainAttrs is what a dict of attrs is in Python.
func plainAttrs(attrs []slog.Attr, reserved []string, top bool) map[string]any {
	var keys []string
	for _, a := range attrs {
		keys = append(keys, a.Key)
	}
	dict := make(map[string]any)
	for i, name := range wantNames(keys, append(reserved, "!TRUNCATED")) {
		if top && strings.HasPrefix(name, "__") {
			continue // TestPickle has one
		}
		dict[name] = plainValue(attrs[i].Value)
	}
	return dict
}

func longKey(attrs []slog.Attr) bool {
	for _, a := range attrs {
		if len(a.Key) > 1024 || longKeyIn(a.Value) {
			return true
		}
	}
	return false
}

func longKeyIn(v slog.Value) bool {
	if v.Kind() == slog.KindGroup {
		return longKey(v.Group())
	}
	list, _ := v.Any().([]slog.Value)
	return slices.ContainsFunc(list, longKeyIn)
}

func plainValue(v slog.Value) any {
	switch v.Kind() {
	case slog.KindGroup:
		return plainAttrs(v.Group(), nil, false)
	case slog.KindDuration:
		return int64(v.Duration())
	case slog.KindTime:
		line, _ := encode.JSONLines{Keys: encode.Keys{Level: "-", Message: "-"}}.AppendRecord(nil, &encode.Record{Attrs: []slog.Attr{{Key: "t", Value: v}}})
		return strings.TrimSuffix(strings.TrimPrefix(string(line), `{"t":"`), `"}`)
	case slog.KindString:
		return clean(v.String())
	case slog.KindUint64:
		if v.Uint64() <= math.MaxInt64 {
			return int64(v.Uint64())
		}
	}
	switch x := v.Any().(type) {
	case []byte:
		return base64.StdEncoding.EncodeToString(x)
	case encode.JSON:
		return clean(string(x))
	case []slog.Value:
		var list []any
		for _, e := range x {
			list = append(list, plainValue(e))
		}
		return list
	case *encode.Error:
		return plainError(x)
	case nil, int64, uint64, float64, bool:
		return x
	default:
		return fmt.Sprintf("!UNSUPPORTED %T", x)
	}
}

func plainError(e *encode.Error) any {
	dict := map[string]any{"message": clean(e.Message)}
	if e.Type != "" {
		dict["type"] = clean(e.Type[:min(len(e.Type), 1024)])
	}
	if len(e.Causes) > 0 {
		var list []any
		for _, c := range e.Causes {
			list = append(list, plainError(c))
		}
		dict["causes"] = list
	}
	if len(e.Frames) > 0 {
		dict["stack"] = plainStack(e.Frames)
	}
	return dict
}

func plainStack(frames []encode.Frame) string {
	var lines []string
	for _, f := range frames {
		lines = append(lines, fmt.Sprintf("%s\n\t%s:%d", clean(f.Function), clean(f.File), f.Line))
	}
	return strings.Join(lines, "\n")
}

// pythonNames are the attributes of Python 3.13's LogRecord, and what comes with
// a record.
func pythonNames() []string {
	return strings.Fields("args asctime created exc_info exc_text filename funcName getMessage levelname levelno lineno message module " +
		"msecs msg name pathname process processName relativeCreated stack_info taskName thread threadName " +
		"slog_level log_id trace_id span_id trace_flags resource")
}

// checkPickle holds a pickle against its record, every attribute of it.
func checkPickle(t testing.TB, p []byte, rec *encode.Record) {
	t.Helper()
	v, err := unpickle(p)
	if err != nil {
		t.Fatalf("%v: %q", err, p)
	}
	got := v.(map[string]any)
	if got["msg"] != clean(rec.Message) || got["args"] != nil || got["slog_level"] != int64(rec.Level) {
		t.Fatalf("msg %q of %q, level %v of %v", got["msg"], rec.Message, got["slog_level"], rec.Level)
	}
	if id, ok := got["log_id"]; ok != !rec.ID.IsZero() || ok && id != rec.ID.String() {
		t.Fatalf("log_id %v", id)
	}
	if longKey(rec.Attrs) {
		return // cut: TestS9_Limits
	}
	for name, want := range plainAttrs(rec.Attrs, pythonNames(), true) {
		if value, ok := got[name]; !ok || text(value) != text(want) {
			t.Fatalf("%q is %s, want %s", name, text(value), text(want))
		}
	}
	if rec.Resource != nil {
		if dict, ok := got["resource"].(map[string]any); !ok || rec.Resource.Service != "" && dict["service.name"] != clean(rec.Resource.Service) {
			t.Fatalf("resource %v of %+v", got["resource"], rec.Resource)
		}
	}
}

func FuzzPickle(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		rec := (&gen{data: data}).record()
		p, err := encode.Pickle{}.AppendRecord(nil, rec)
		if err != nil {
			t.Fatal(err)
		}
		checkPickle(t, p, rec)
	})
}

// S1, S5 and S6: what was logged comes back as values, and none of Python's own
// names is any of them.
func TestS1_Pickle(t *testing.T) {
	hostile(t, s1Share(), func(rec *encode.Record) {
		p, _ := encode.Pickle{}.AppendRecord(nil, rec)
		checkPickle(t, p, rec)
	})
}

func TestS6_Pickle(t *testing.T) {
	var rec encode.Record
	before := unpickled(t, encode.Pickle{}, &rec)
	for _, name := range append(pythonNames(), "__dict__", "__class__") {
		rec.Attrs = append(rec.Attrs, slog.String(name, "forged"), slog.String(strings.ToUpper(name), "forged"), slog.String(name, "forged"))
	}
	after := unpickled(t, encode.Pickle{}, &rec)
	for name, value := range before {
		if text(after[name]) != text(value) {
			t.Errorf("%q is %v, was %v", name, after[name], value)
		}
	}
	forged := 0
	for name, value := range after {
		if value == "forged" {
			forged++
			if !strings.Contains(name, "#") {
				t.Errorf("%q is forged", name)
			}
		}
	}
	if forged != len(rec.Attrs) {
		t.Errorf("%d of %d attributes are left", forged, len(rec.Attrs))
	}
}

// The interpreter itself, where SLOGSHIP_PYTHON names one: each record through an
// Unpickler that refuses all classes, makeLogRecord and a Formatter.
func TestPython(t *testing.T) {
	python := os.Getenv("SLOGSHIP_PYTHON")
	if python == "" {
		t.Skip("SLOGSHIP_PYTHON names no interpreter")
	}
	var stream []byte
	add := func(rec *encode.Record) {
		start := len(stream)
		stream, _ = encode.Pickle{}.AppendRecord(append(stream, 0, 0, 0, 0), rec)
		binary.BigEndian.PutUint32(stream[start:], uint32(len(stream)-start-4))
	}
	n := 1
	full := fullRecord()
	add(&full)
	hostile(t, 2000, func(rec *encode.Record) {
		n++
		add(rec)
	})
	cmd := exec.Command(python, "testdata/logrecords.py")
	cmd.Stdin = strings.NewReader(string(stream))
	out, err := cmd.CombinedOutput()
	if want := fmt.Sprintf("%d records\n", n); err != nil || string(out) != want {
		t.Errorf("%v: %s, want %s", err, out, want)
	}
}
