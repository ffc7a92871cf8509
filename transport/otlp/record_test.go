package otlp_test

import (
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	common "go.opentelemetry.io/proto/otlp/common/v1"
	logs "go.opentelemetry.io/proto/otlp/logs/v1"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/otlp"
)

// delivered sends recs in one request and returns it as the official types read
// it.
func delivered(t *testing.T, recs ...encode.Record) *logs.ResourceLogs {
	t.Helper()
	s := &server{}
	if err := open(t, plainly(t, s)).Send(t.Context(), recs); err != nil {
		t.Fatalf("Send: %v", err)
	}
	if n := len(s.requests()); n != 1 {
		t.Fatalf("%d requests, want 1", n)
	}
	return s.requests()[0].ResourceLogs[0]
}

func TestRecord(t *testing.T) {
	rec := batch(0, 1)[0]
	rec.Scope, rec.Level = "db.pool", slog.LevelWarn
	rec.Source = slog.Source{Function: "main.main", File: "/src/main.go", Line: 42}
	rec.Stack = []encode.Frame{{Function: "main.main", File: "/src/main.go", Line: 42}}
	rec.Trace = encode.Trace{TraceID: [16]byte{1, 15: 2}, SpanID: [8]byte{3, 7: 4}, Flags: 1}
	r := delivered(t, rec)
	if got := r.ScopeLogs[0].Scope.GetName(); got != "db.pool" {
		t.Errorf("scope %q", got)
	}
	l := r.ScopeLogs[0].LogRecords[0]
	switch {
	case l.TimeUnixNano != uint64(rec.Time.UnixNano()):
		t.Errorf("time %d", l.TimeUnixNano)
	case l.ObservedTimeUnixNano != uint64(rec.Observed.UnixNano()):
		t.Errorf("observed %d", l.ObservedTimeUnixNano)
	case l.SeverityNumber != logs.SeverityNumber_SEVERITY_NUMBER_WARN || l.SeverityText != "WARN":
		t.Errorf("severity %v %q", l.SeverityNumber, l.SeverityText)
	case l.Body.GetStringValue() != "record 0":
		t.Errorf("body %v", l.Body)
	case string(l.TraceId) != string(rec.Trace.TraceID[:]) || string(l.SpanId) != string(rec.Trace.SpanID[:]) || l.Flags != 1:
		t.Errorf("trace %x span %x flags %d", l.TraceId, l.SpanId, l.Flags)
	}
	all := attributes(t, l.Attributes)
	for name, want := range map[string]string{
		"log.record.uid": rec.ID.String(), "code.function.name": "main.main", "code.file.path": "/src/main.go",
		"code.stacktrace": "main.main\n\t/src/main.go:42", "path": "/v1/items",
	} {
		if got := all[name].GetStringValue(); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	if got := all["code.line.number"].GetIntValue(); got != 42 {
		t.Errorf("line %d", got)
	}
	who := attributes(t, r.Resource.Attributes)
	if who["service.name"].GetStringValue() != "checkout" || who["process.pid"].GetIntValue() != 7 ||
		who["deployment.environment.name"].GetStringValue() != "test" || who["host.name"].GetStringValue() != "a1" {
		t.Errorf("resource %v", who)
	}
}

func TestSeverity(t *testing.T) {
	for level, want := range map[slog.Level]logs.SeverityNumber{
		-100: 1, encode.LevelTrace: 1, slog.LevelDebug: 5, slog.LevelInfo: 9, slog.LevelInfo + 1: 10, slog.LevelWarn: 13,
		slog.LevelError: 17, slog.LevelError + 3: 20, encode.LevelFatal: 21, 15: 24, math.MaxInt: 24,
	} {
		rec := batch(0, 1)[0]
		rec.Level = level
		if got := delivered(t, rec).ScopeLogs[0].LogRecords[0].SeverityNumber; got != want {
			t.Errorf("level %v: severity %v, want %v", level, got, want)
		}
	}
}

func TestValues(t *testing.T) {
	rec := batch(0, 1)[0]
	long := strings.Repeat("x", 40_000)
	rec.Attrs = []slog.Attr{
		slog.Int64("int", -5), slog.Uint64("uint", 7), slog.Uint64("huge", math.MaxUint64), slog.Float64("float", 1.5),
		slog.Bool("yes", true), slog.Bool("no", false), slog.Duration("took", 1500*time.Millisecond), slog.Time("at", day),
		slog.Any("nil", nil), slog.Any("bytes", []byte{0, 255}),
		slog.Any("list", []slog.Value{slog.IntValue(1), slog.StringValue("two"), slog.AnyValue(nil)}),
		slog.String("", "no name"), slog.String("bad", "a\xffb"), slog.String("int", "again"), slog.String("long", long),
		slog.Group("g", slog.String("a", "1"), slog.String("a", "2"), slog.Group("h", slog.Int("deep", 3)), slog.String("long", long)),
	}
	all := attributes(t, delivered(t, rec).ScopeLogs[0].LogRecords[0].Attributes)
	for name, want := range map[string]any{
		"int": int64(-5), "uint": int64(7), "huge": "18446744073709551615", "float": 1.5, "yes": true, "no": false,
		"took": int64(1500 * time.Millisecond), "at": "2026-03-01T23:59:59.123456789Z", "nil": nil, "bytes": "\x00\xff",
		"_": "no name", "bad": "a\uFFFDb", "int_2": "again", "long": long,
	} {
		if got := plain(all[name]); got != want {
			t.Errorf("%s = %.40v, want %.40v", name, got, want)
		}
	}
	list := all["list"].GetArrayValue().GetValues()
	if len(list) != 3 || list[0].GetIntValue() != 1 || list[1].GetStringValue() != "two" || list[2].GetValue() != nil {
		t.Errorf("list %v", list)
	}
	group := attributes(t, all["g"].GetKvlistValue().GetValues())
	deep := attributes(t, group["h"].GetKvlistValue().GetValues())
	if group["a"].GetStringValue() != "1" || group["a_2"].GetStringValue() != "2" || deep["deep"].GetIntValue() != 3 || group["long"].GetStringValue() != long {
		t.Errorf("group %.200v", group)
	}
}

// plain is what an AnyValue holds; the whole AnyValue for what has parts.
func plain(v *common.AnyValue) any {
	switch x := v.GetValue().(type) {
	case nil:
		return nil
	case *common.AnyValue_StringValue:
		return x.StringValue
	case *common.AnyValue_IntValue:
		return x.IntValue
	case *common.AnyValue_DoubleValue:
		return x.DoubleValue
	case *common.AnyValue_BoolValue:
		return x.BoolValue
	case *common.AnyValue_BytesValue:
		return string(x.BytesValue)
	default:
		return v
	}
}

// TestException: the first error, here inside a group, is the exception; it and
// others are still under their own names, and a record cannot pass for one that
// had an error.
func TestException(t *testing.T) {
	cause := &encode.Error{Type: "*fs.PathError", Message: "open x: denied"}
	first := &encode.Error{
		Type: "*app.Error", Message: "no order", Causes: []*encode.Error{cause},
		Frames: []encode.Frame{{Function: "app.Do", File: "/app.go", Line: 3}},
	}
	rec := batch(0, 1)[0]
	rec.Attrs = []slog.Attr{
		slog.String("exception.type", "mine"),
		slog.Group("request", slog.Group("inner", slog.Any("err", first))),
		slog.Any("other", &encode.Error{Type: "t", Message: "second"}),
	}
	all := attributes(t, delivered(t, rec).ScopeLogs[0].LogRecords[0].Attributes)
	for name, want := range map[string]string{
		"exception.type": "*app.Error", "exception.message": "no order", "exception.type_2": "mine", "other": "second",
		"exception.stacktrace": "app.Do\n\t/app.go:3\ncaused by *fs.PathError: open x: denied",
	} {
		if got := all[name].GetStringValue(); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	inner := all["request"].GetKvlistValue().GetValues()[0].Value.GetKvlistValue().GetValues()[0]
	if inner.Key != "err" || inner.Value.GetStringValue() != "no order" {
		t.Errorf("the error itself is %v", inner)
	}
}

// TestDeepGroups: what is nested too deep for receivers is cut and marked, and
// more names than the list of a few holds stay unique.
func TestDeepGroups(t *testing.T) {
	rec := batch(0, 1)[0]
	a := slog.Int("bottom", 1)
	for range 100 {
		a = slog.Attr{Key: "g", Value: slog.GroupValue(a)}
	}
	rec.Attrs = []slog.Attr{a}
	for range 3 {
		for i := range 40 {
			rec.Attrs = append(rec.Attrs, slog.Int("many"+string(rune('A'+i)), i))
		}
	}
	all := attributes(t, delivered(t, rec).ScopeLogs[0].LogRecords[0].Attributes)
	if len(all) != 1+1+3*40 {
		t.Errorf("%d attributes", len(all))
	}
	v, depth := all["g"], 0
	for ; v.GetKvlistValue() != nil; depth++ {
		v = v.GetKvlistValue().Values[0].Value
	}
	if depth < 20 || depth > 40 || v.GetStringValue() != "…truncated" {
		t.Errorf("%d groups deep, then %v", depth, v)
	}
}

// TestEnvelopes: records keep their order over resources and scopes that come and
// go, and each is in its own.
func TestEnvelopes(t *testing.T) {
	recs := batch(0, 6)
	other := &encode.Resource{Service: "other"}
	recs[1].Scope, recs[2].Scope = "a", "a"
	recs[3].Resource, recs[4].Resource, recs[4].Scope = other, other, "a"
	s := &server{}
	if err := open(t, plainly(t, s)).Send(t.Context(), recs); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range s.requests()[0].ResourceLogs {
		service := attributes(t, r.Resource.Attributes)["service.name"].GetStringValue()
		for _, sc := range r.ScopeLogs {
			for _, l := range sc.LogRecords {
				got = append(got, service+"/"+sc.Scope.GetName()+"/"+l.Body.GetStringValue())
			}
		}
	}
	want := "checkout//record 0 checkout/a/record 1 checkout/a/record 2 other//record 3 other/a/record 4 checkout//record 5"
	if strings.Join(got, " ") != want {
		t.Errorf("got  %q\nwant %q", strings.Join(got, " "), want)
	}
}

// TestSplit: what is beyond MaxMessage takes several requests, none of them above
// it, all records once and in order; what is larger alone is refused by itself.
func TestSplit(t *testing.T) {
	recs := batch(0, 60)
	for i := range recs {
		recs[i].Attrs = append(recs[i].Attrs, slog.String("pad", strings.Repeat("p", 5000)))
		recs[i].Scope = []string{"", "a"}[i/7%2]
	}
	recs[20].Message = strings.Repeat("m", 70<<10)
	s := &server{}
	d := plainly(t, s)
	d.MaxMessage, d.Compression = 64<<10, otlp.Uncompressed
	err := open(t, d).Send(t.Context(), recs)
	out := transport.Classify(err, len(recs))
	if out.Batch == nil {
		t.Fatalf("Send: %v", err)
	}
	for i, e := range out.Batch.Errs {
		if refused := transport.Classify(e, 1); (i == 20) != (e != nil) || i == 20 && !refused.TooLarge && !refused.Permanent {
			t.Errorf("record %d: %v", i, e)
		}
	}
	var got []string
	for i, r := range s.requests() {
		if n := s.heads[i].Get("Content-Length"); len(n) > 5 || len(n) == 5 && n > "65536" {
			t.Errorf("a request of %s bytes", n)
		}
		for _, l := range r.ResourceLogs {
			for _, sc := range l.ScopeLogs {
				if len(sc.LogRecords) == 0 {
					t.Error("an empty envelope")
				}
			}
		}
		got = append(got, messages(r)...)
	}
	if len(s.requests()) < 5 || len(got) != 59 {
		t.Fatalf("%d requests with %d records", len(s.requests()), len(got))
	}
	for i, m := range got {
		if i >= 20 {
			i++
		}
		if m != recs[i].Message {
			t.Fatalf("record %d is %.40q", i, m)
		}
	}
}

// TestJSON: a struct or map that was logged is a map, with each number as it was;
// what is nested too deep stays the text that it is.
func TestJSON(t *testing.T) {
	deep := strings.Repeat(`{"a":[`, 20) + "1" + strings.Repeat("]}", 20)
	rec := batch(0, 1)[0]
	rec.Attrs = []slog.Attr{
		slog.Any("user", encode.JSON(`{"name":"a","id":7,"big":18446744073709551615,"huge":123456789012345678901234567890,"f":1e3,"ok":true,"none":null,"":{},"list":[1,"x",{"k":2}]}`)),
		slog.Any("text", encode.JSON(`"plain"`)), slog.Any("deep", encode.JSON(deep)), slog.Any("broken", encode.JSON(`{"a":`)),
	}
	all := attributes(t, delivered(t, rec).ScopeLogs[0].LogRecords[0].Attributes)
	user := attributes(t, all["user"].GetKvlistValue().GetValues())
	for name, want := range map[string]any{
		"name": "a", "id": int64(7), "big": "18446744073709551615", "huge": "123456789012345678901234567890", "f": 1000.0, "ok": true, "none": nil,
	} {
		if got := plain(user[name]); got != want || user[name] == nil {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}
	if list := user["list"].GetArrayValue().GetValues(); len(list) != 3 || list[2].GetKvlistValue().GetValues()[0].Value.GetIntValue() != 2 {
		t.Errorf("list %v", list)
	}
	if plain(user["_"]) != "{}" || plain(all["text"]) != "plain" || plain(all["deep"]) != deep || plain(all["broken"]) != `{"a":` {
		t.Errorf("%v", all)
	}
}
