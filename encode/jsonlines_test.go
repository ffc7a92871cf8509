package encode_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
)

func encodeLine(t testing.TB, enc encode.Encoder, rec *encode.Record) string {
	t.Helper()
	const before = "before"
	line, err := enc.AppendRecord([]byte(before), rec)
	if err != nil {
		t.Fatal(err)
	}
	rest, ok := strings.CutPrefix(string(line), before)
	if !ok {
		t.Fatalf("dst was changed: %q", line)
	}
	return rest
}

func at(nanos int) time.Time { return time.Date(2026, 11, 23, 9, 49, 44, nanos, time.UTC) }

func TestJSONLines(t *testing.T) {
	fs := &encode.Error{
		Type: "*fs.PathError", Message: "open x: no such file",
		Causes: []*encode.Error{{Type: "syscall.Errno", Message: "no such file"}},
		Frames: []encode.Frame{{Function: "main.f", File: "/a.go", Line: 1}, {Function: "main.main", File: "/a.go", Line: 9}},
	}
	omit := encode.Keys{Time: "-", Level: "-", Message: "-"}
	full := encode.Record{
		ID: encode.ID{0xab}, Time: at(5), Level: slog.LevelWarn, Message: "m", Scope: "db",
		Source:   slog.Source{Function: "main.f", File: "/a.go", Line: 3},
		Stack:    []encode.Frame{{Function: "main.f", File: "/a.go", Line: 3}},
		Trace:    encode.Trace{TraceID: [16]byte{1}, SpanID: [8]byte{2}, Flags: 1},
		Resource: &encode.Resource{Service: "s", Version: "v", Environment: "e", Instance: "i", Host: "h", PID: 7, Attrs: []slog.Attr{slog.Int("host.name", 1), slog.Int("x", 2)}},
	}
	attr := func(a ...slog.Attr) encode.Record { return encode.Record{Attrs: a} }
	tests := []struct {
		name string
		enc  encode.JSONLines
		rec  encode.Record
		want string
	}{
		{"empty", encode.JSONLines{}, encode.Record{}, `{"level":"INFO","msg":""}`},
		{"nothing at all", encode.JSONLines{Keys: omit}, encode.Record{}, `{}`},
		{"full", encode.JSONLines{}, full, `{"time":"2026-11-23T09:49:44.000000005Z","level":"WARN","msg":"m","logger":"db",` +
			`"source":{"function":"main.f","file":"/a.go","line":3},"stack":"main.f\n\t/a.go:3",` +
			`"trace_id":"01000000000000000000000000000000","span_id":"0200000000000000","trace_flags":"01",` +
			`"log_id":"ab000000-0000-0000-0000-000000000000",` +
			`"resource":{"service.name":"s","service.version":"v","deployment.environment.name":"e","service.instance.id":"i","host.name":"h","process.pid":7,"host.name#2":1,"x":2}}`},
		{"all renamed", encode.JSONLines{Keys: encode.Keys{Time: "a", Level: "b", Message: "c", Source: "d", Scope: "e", Stack: "f", TraceID: "g", SpanID: "h", TraceFlags: "i", ID: "j", Resource: "k"}}, full,
			`{"a":"2026-11-23T09:49:44.000000005Z","b":"WARN","c":"m","e":"db","d":{"function":"main.f","file":"/a.go","line":3},"f":"main.f\n\t/a.go:3",` +
				`"g":"01000000000000000000000000000000","h":"0200000000000000","i":"01","j":"ab000000-0000-0000-0000-000000000000",` +
				`"k":{"service.name":"s","service.version":"v","deployment.environment.name":"e","service.instance.id":"i","host.name":"h","process.pid":7,"host.name#2":1,"x":2}}`},
		{"all omitted but the message", encode.JSONLines{Keys: encode.Keys{Time: "-", Level: "-", Source: "-", Scope: "-", Stack: "-", TraceID: "-", SpanID: "-", TraceFlags: "-", ID: "-", Resource: "-"}}, full, `{"msg":"m"}`},
		{"observed", encode.JSONLines{}, encode.Record{Observed: at(0)}, `{"observed":"2026-11-23T09:49:44.000000000Z","level":"INFO","msg":""}`},
		{"observed omitted", encode.JSONLines{Keys: encode.Keys{Observed: "-"}}, encode.Record{Observed: at(0)}, `{"level":"INFO","msg":""}`},
		{"name that needs escapes", encode.JSONLines{Keys: encode.Keys{Message: "m\"\n"}}, encode.Record{}, `{"level":"INFO","m\"\n":""}`},
		{"level number", encode.JSONLines{Level: encode.LevelNumbers}, encode.Record{Level: 9}, `{"level":9,"msg":""}`},
		{"level offset", encode.JSONLines{Level: encode.LevelOffsets}, encode.Record{Level: 9}, `{"level":"ERROR+1","msg":""}`},
		{"unix time", encode.JSONLines{Time: encode.TimeUnixMilli, Keys: encode.Keys{Level: "-", Message: "-"}}, encode.Record{Time: at(0), Attrs: []slog.Attr{slog.Time("t", at(1e6))}}, `{"time":1795427384000,"t":1795427384001}`},
		{"scalars", encode.JSONLines{Keys: omit}, attr(slog.Int("i", -1), slog.Uint64("u", math.MaxUint64), slog.Float64("f", 1.5), slog.Bool("b", true), slog.Any("n", nil), slog.Time("t", at(0))),
			`{"i":-1,"u":18446744073709551615,"f":1.5,"b":true,"n":null,"t":"2026-11-23T09:49:44.000000000Z"}`},
		{"not numbers", encode.JSONLines{Keys: omit}, attr(slog.Float64("a", math.NaN()), slog.Float64("b", math.Inf(1)), slog.Float64("c", math.Inf(-1))), `{"a":"NaN","b":"+Inf","c":"-Inf"}`},
		{"duration", encode.JSONLines{Keys: omit}, attr(slog.Duration("d", time.Second)), `{"d":1000000000}`},
		{"duration as text", encode.JSONLines{Keys: omit, Duration: encode.DurationText}, attr(slog.Duration("d", time.Second)), `{"d":"1s"}`},
		{"duration in seconds", encode.JSONLines{Keys: omit, Duration: encode.DurationSeconds}, attr(slog.Duration("d", 1500*time.Millisecond)), `{"d":1.5}`},
		{"groups", encode.JSONLines{Keys: omit}, attr(slog.Group("g", slog.Int("level", 1), slog.Group("h", slog.Int("x", 2)), slog.Int("level", 3))), `{"g":{"level":1,"h":{"x":2},"level#2":3}}`},
		{"list", encode.JSONLines{Keys: omit}, attr(slog.Any("l", []slog.Value{slog.IntValue(1), slog.StringValue("a"), slog.AnyValue([]slog.Value{}), slog.GroupValue(slog.Int("x", 1))})), `{"l":[1,"a",[],{"x":1}]}`},
		{"bytes", encode.JSONLines{Keys: omit}, attr(slog.Any("b", []byte("hi!"))), `{"b":"aGkh"}`},
		{"bytes as text", encode.JSONLines{Keys: omit, Bytes: encode.BytesText}, attr(slog.Any("b", []byte("h\n"))), `{"b":"h\n"}`},
		{"error", encode.JSONLines{Keys: omit}, attr(slog.Any("err", fs)), `{"err":{"message":"open x: no such file","type":"*fs.PathError",` +
			`"causes":[{"message":"no such file","type":"syscall.Errno"}],"stack":"main.f\n\t/a.go:1\nmain.main\n\t/a.go:9"}}`},
		{"error message", encode.JSONLines{Keys: omit, Errors: encode.ErrorMessage}, attr(slog.Any("err", fs)), `{"err":"open x: no such file"}`},
		{"nil error", encode.JSONLines{Keys: omit}, attr(slog.Any("err", (*encode.Error)(nil))), `{"err":null}`},
		{"json", encode.JSONLines{Keys: omit}, attr(slog.Any("j", encode.JSON("{ \"a\" :\n[1 , \"\u202e\"] }"))), `{"j":{"a":[1,"\u202e"]}}`},
		{"surrogates", encode.JSONLines{Keys: omit}, attr(slog.Any("j", encode.JSON(`["\ud83d\uDE00","\ud83d","\ude00x","\ud83dx","\ud83d\ud83d\ude00"]`))), `{"j":["\ud83d\ude00","\ufffd","\ufffdx","\ufffdx","\ufffd\ud83d\ude00"]}`},
		{"number too large", encode.JSONLines{Keys: omit}, attr(slog.Any("j", encode.JSON(`[1e400,-1E+400,1e30]`))), `{"j":["1e400","-1E+400",1e30]}`},
		{"not json", encode.JSONLines{Keys: omit}, attr(slog.Any("j", encode.JSON("{\"a\":1}\n{}"))), `{"j":"{\"a\":1}\n{}"}`},
		{"unsupported", encode.JSONLines{Keys: omit}, attr(slog.Any("x", struct{}{})), `{"x":"!UNSUPPORTED struct {}"}`},
		{"empty key", encode.JSONLines{Keys: omit}, attr(slog.Int("", 1), slog.Int("", 2)), `{"":1,"#2":2}`},
		{"duplicates", encode.JSONLines{Keys: omit}, attr(slog.Int("a", 1), slog.Int("a", 2), slog.Int("a#2", 3), slog.Int("a", 4)), `{"a":1,"a#2":2,"a#2#1":3,"a#3":4}`},
		{"equal once written", encode.JSONLines{Keys: omit}, attr(slog.Int("a\xff", 1), slog.Int("a\xfe", 2), slog.Int("a\ufffd", 3)), "{\"a\\ufffd\":1,\"a\\ufffd#2\":2,\"a\ufffd#3\":3}"},
		{"taken whether written or not", encode.JSONLines{}, attr(slog.Int("source", 1), slog.Int("id", 2)), `{"level":"INFO","msg":"","source#2":1,"id":2}`},
		{"free when omitted", encode.JSONLines{Keys: encode.Keys{Source: "-"}}, attr(slog.Int("source", 1)), `{"level":"INFO","msg":"","source":1}`},
	}
	for _, tt := range tests {
		got := encodeLine(t, tt.enc, &tt.rec)
		if got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
		if err := walkJSON([]byte(got), nil); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// Side by side with slog's own handler: whoever parses its lines can parse ours.
func TestJSONLinesAgreesWithSlog(t *testing.T) {
	attrs := []slog.Attr{
		slog.String("s", "a \"b\"\n"), slog.Int("i", 1), slog.Float64("f", 0.1), slog.Bool("b", false), slog.Duration("d", time.Minute),
		slog.Group("g", slog.String("x", "y")), slog.Any("nil", nil),
	}
	var buf strings.Builder
	h := slog.NewJSONHandler(&buf, nil)
	r := slog.NewRecord(at(123), slog.LevelError, "hello <b>", 0)
	r.AddAttrs(attrs...)
	if err := h.Handle(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	rec := encode.Record{Time: at(123), Level: slog.LevelError, Message: "hello <b>", Attrs: attrs}
	var want, got map[string]any
	line := encodeLine(t, encode.JSONLines{}, &rec)
	if err := errors.Join(json.Unmarshal([]byte(buf.String()), &want), json.Unmarshal([]byte(line), &got)); err != nil {
		t.Fatal(err)
	}
	a, _ := json.Marshal(want)
	b, _ := json.Marshal(got)
	if string(a) != string(b) {
		t.Errorf("slog: %s\nours: %s", a, b)
	}
}

func TestKeysValidate(t *testing.T) {
	good := []encode.Keys{{}, {Message: "message"}, {ID: "-", Time: "-"}, {Time: "ts", Observed: "time"}}
	for _, k := range good {
		if err := k.Validate(); err != nil {
			t.Errorf("%+v: %v", k, err)
		}
	}
	bad := []encode.Keys{{Message: "level"}, {ID: "x", Scope: "x"}, {ID: "level#2"}, {ID: "!TRUNCATED"},
		{Time: "\xff", ID: "\xfe"}, {Time: "a\ufffd", ID: "a\x80"}, {ID: strings.Repeat("k", 1025)}, {ID: "x!TRUNCATED"}}
	for _, k := range bad {
		if err := k.Validate(); !errors.Is(err, encode.ErrKeys) {
			t.Errorf("%+v: %v, want ErrKeys", k, err)
		}
		if err := (encode.JSONLines{Keys: k}).Validate(); !errors.Is(err, encode.ErrKeys) {
			t.Errorf("JSONLines %+v: %v, want ErrKeys", k, err)
		}
		if err := (encode.Logfmt{Keys: k}).Validate(); !errors.Is(err, encode.ErrKeys) {
			t.Errorf("Logfmt %+v: %v, want ErrKeys", k, err)
		}
		rec := encode.Record{ID: encode.ID{1}, Scope: "s", Time: at(0), Attrs: []slog.Attr{slog.Int("level", 1), slog.Int("x", 1)}}
		if err := walkJSON([]byte(encodeLine(t, encode.JSONLines{Keys: k}, &rec)), nil); err != nil {
			t.Errorf("%+v: not valid: %v", k, err)
		}
	}
	for _, k := range []encode.Keys{{ID: "my id"}, {ID: "é"}, {ID: "a=b"}} {
		if err := (encode.Logfmt{Keys: k}).Validate(); !errors.Is(err, encode.ErrKeys) {
			t.Errorf("Logfmt %+v: %v, want ErrKeys", k, err)
		}
		if err := k.Validate(); err != nil {
			t.Errorf("%+v: %v", k, err)
		}
		if got := encodeLine(t, encode.Logfmt{Keys: k}, &encode.Record{ID: encode.ID{1}}); got != `level=INFO msg=""` {
			t.Errorf("Logfmt %+v: %s", k, got)
		}
	}
}

func TestContentTypes(t *testing.T) {
	for enc, want := range map[encode.Encoder]string{ // also: they are comparable
		encode.JSONLines{}: "application/json",
		encode.Logfmt{}:    "text/plain; charset=utf-8",
		encode.Text{}:      "text/plain; charset=utf-8",
		encode.ECS{}:       "application/json",
		encode.GELF{}:      "application/json",
		encode.Pickle{}:    "application/octet-stream",
		encode.Protobuf{}:  "application/x-protobuf",
	} {
		if got := enc.ContentType(); got != want {
			t.Errorf("%T: %s", enc, got)
		}
	}
}

// Zero allocations once dst has room, whatever the record holds.
func TestAllocs(t *testing.T) {
	rec := (&gen{data: []byte(strings.Repeat("a-7\x05é\xff", 100))}).record()
	rec.Attrs = append(budgetAttrs(&encode.Error{Message: "x y", Causes: []*encode.Error{{Message: "z"}}, Frames: []encode.Frame{{Function: "f"}}}),
		slog.Any("list", []slog.Value{slog.IntValue(1), slog.StringValue("a b")}),
		slog.Any("json", encode.JSON(`{"a":[1,2,"\u00e9"]}`)),
		slog.Any("bytes", []byte{1, 2, 3}),
		slog.Group("a_group_with_a_long_name", slog.Group("another_group", slog.Group("and_another", slog.String("level", "\x00")))),
		slog.String("level", "x"), slog.Float64("f", 1.25), slog.Time("t", at(1)), slog.String("dup", ""), slog.String("dup", ""),
	)
	withResource(rec).Resource.Attrs = []slog.Attr{slog.String("host.name", "x")}
	rec.Trace = encode.Trace{TraceID: [16]byte{1}}
	rec.Stack = []encode.Frame{{Function: "f", File: "g", Line: 1}}
	for name, enc := range map[string]encode.Encoder{
		"json":      encode.JSONLines{},
		"json keys": encode.JSONLines{Keys: encode.Keys{Message: "message", ID: "-"}, Duration: encode.DurationText, Level: encode.LevelOffsets},
		"logfmt":    encode.Logfmt{},
		"text":      encode.Text{ID: true, Trace: true, Resource: true, Color: true},
		"multiline": encode.Text{Multiline: true},
		"ecs":       encode.ECS{},
		"labels":    encode.ECS{Labels: true},
		"gelf":      encode.GELF{},
		"pickle":    encode.Pickle{Duration: encode.DurationText},
		"protobuf":  encode.Protobuf{},
		"rfc5424":   encode.RFC5424{},
		"cee":       encode.RFC5424{Message: encode.SyslogCEE},
		"rfc3164":   encode.RFC3164{},
		"journal":   encode.Journal{},
	} {
		buf, _ := enc.AppendRecord(nil, rec)
		buf = append(buf, make([]byte, 1000)...)
		if n := testing.AllocsPerRun(100, func() { buf, _ = enc.AppendRecord(buf[:0], rec) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
