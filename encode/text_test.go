package encode_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
)

func TestText(t *testing.T) {
	utc := encode.TimeRFC3339Milli
	failed := &encode.Error{Message: "read: reset\nby peer\x1b[31m", Frames: []encode.Frame{{Function: "main.f", File: "/a.go", Line: 7}}}
	joined := &encode.Error{Message: "one\ntwo"}
	simple := &encode.Error{Message: "no route"}
	tests := []struct {
		name string
		enc  encode.Text
		rec  encode.Record
		want string
	}{
		{"message alone is not padded", encode.Text{Time: utc}, encode.Record{Time: at(0), Message: "started"}, "2026-11-23T09:49:44.000Z INFO   started"},
		{"no time", encode.Text{}, encode.Record{Level: 12, Message: "m"}, "FATAL  m"},
		{"observed", encode.Text{Time: utc}, encode.Record{Observed: at(0), Level: 2, Message: "m"}, "2026-11-23T09:49:44.000Z NOTICE m"},
		{"columns", encode.Text{}, encode.Record{Message: "größer", Attrs: []slog.Attr{slog.Int("a", 1), slog.String("b", "x y"), slog.String("c", "")}},
			"INFO   größer" + strings.Repeat(" ", 32-6) + ` a=1 b="x y" c=""`},
		{"long message", encode.Text{}, encode.Record{Message: strings.Repeat("m", 40), Attrs: []slog.Attr{slog.Int("a", 1)}}, "INFO   " + strings.Repeat("m", 40) + " a=1"},
		{"logger and source", encode.Text{}, encode.Record{Scope: "db", Message: "m", Source: slog.Source{File: "/src/shop/pay/charge.go", Line: 88}}, "INFO   [db] m  pay/charge.go:88"},
		{"short source", encode.Text{}, encode.Record{Message: "m", Source: slog.Source{File: "main.go", Line: 1}}, "INFO   m  main.go:1"},
		{"extras", encode.Text{ID: true, Trace: true, Resource: true}, encode.Record{Message: "m", ID: encode.ID{1}, Trace: encode.Trace{TraceID: [16]byte{2}, SpanID: [8]byte{3}}, Resource: &encode.Resource{Service: "s", PID: 4, Attrs: []slog.Attr{slog.Bool("x", true)}}},
			"INFO   m trace_id=02000000000000000000000000000000 span_id=0300000000000000 log_id=01000000-0000-0000-0000-000000000000 resource.service.name=s resource.process.pid=4 resource.x=true"},
		{"escapes", encode.Text{}, encode.Record{Message: "a\tb \"q\" \\ \x1b[2J\u202e"}, `INFO   a\tb "q" \ \u001b[2J\u202e`},
		{"error on one line", encode.Text{}, encode.Record{Message: "m", Attrs: []slog.Attr{slog.Any("err", failed)}},
			"INFO   m" + strings.Repeat(" ", 31) + ` err="read: reset\nby peer\u001b[31m\nmain.f\n\t/a.go:7"`},
		{"stack on one line", encode.Text{}, encode.Record{Message: "m", Stack: failed.Frames}, `INFO   m stack="main.f\n\t/a.go:7"`},
		{"multiline", encode.Text{Multiline: true}, encode.Record{Message: "a\nb", Attrs: []slog.Attr{slog.Any("simple", simple), slog.Group("g", slog.Any("err", failed)), slog.Any("j", joined)}, Stack: []encode.Frame{{Function: "main.main", File: "/b.go", Line: 1}}},
			`INFO   a\nb` + strings.Repeat(" ", 28) + ` simple="no route" g.err="read: reset" j=one
             g.err: read: reset
               by peer\u001b[31m
               main.f
                   /a.go:7
             j: one
               two
               main.main
                   /b.go:1`},
		{"colour", encode.Text{Color: true, Time: utc}, encode.Record{Time: at(0), Level: 8, Scope: "s", Message: "m", Attrs: []slog.Attr{slog.Int("a", 1)}, Source: slog.Source{File: "f", Line: 2}},
			"\x1b[2m2026-11-23T09:49:44.000Z\x1b[0m \x1b[31mERROR\x1b[0m  \x1b[2m[s]\x1b[0m m" + strings.Repeat(" ", 31) + " \x1b[2ma=\x1b[0m1  \x1b[2mf:2\x1b[0m"},
	}
	for _, tt := range tests {
		if got := encodeLine(t, tt.enc, &tt.rec); got != tt.want {
			t.Errorf("%s:\n got %q\nwant %q", tt.name, got, tt.want)
		}
	}
}

func TestTextClockIsLocal(t *testing.T) {
	rec := encode.Record{Time: at(123e6), Message: "m"}
	want := rec.Time.Local().Format("15:04:05.000") + " INFO   m"
	if got := encodeLine(t, encode.Text{}, &rec); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestTextColorsDiffer(t *testing.T) {
	seen := make(map[string]bool)
	for _, level := range []slog.Level{-8, -4, 0, 2, 4, 8, 12} {
		line := encodeLine(t, encode.Text{Color: true}, &encode.Record{Level: level})
		seen[line[:strings.Index(line, encode.LevelName(level))]] = true
	}
	if len(seen) != encode.LevelCount {
		t.Errorf("%d colours for %d levels", len(seen), encode.LevelCount)
	}
}

func TestLogfmt(t *testing.T) {
	attr := func(a ...slog.Attr) encode.Record { return encode.Record{Message: "m", Attrs: a} }
	tests := []struct {
		name string
		enc  encode.Logfmt
		rec  encode.Record
		want string
	}{
		{"empty", encode.Logfmt{}, encode.Record{}, `level=INFO msg=""`},
		{"nothing", encode.Logfmt{Keys: encode.Keys{Level: "-", Message: "-"}}, encode.Record{}, ``},
		{"full", encode.Logfmt{}, encode.Record{
			ID: encode.ID{1}, Time: at(0), Message: "a b", Scope: "db", Source: slog.Source{File: "/a b.go", Line: 3}, Stack: []encode.Frame{{Function: "f", File: "g", Line: 1}},
			Trace: encode.Trace{TraceID: [16]byte{1}, SpanID: [8]byte{2}, Flags: 1}, Resource: &encode.Resource{Service: "s", Version: "1", Environment: "e", Instance: "i", Host: "h", PID: 2},
		}, `time=2026-11-23T09:49:44.000000000Z level=INFO msg="a b" logger=db source="/a b.go:3" stack="f\n\tg:1" trace_id=01000000000000000000000000000000 span_id=0200000000000000 trace_flags=01` +
			` log_id=01000000-0000-0000-0000-000000000000 resource.service.name=s resource.service.version=1 resource.deployment.environment.name=e resource.service.instance.id=i resource.host.name=h resource.process.pid=2`},
		{"values", encode.Logfmt{}, attr(slog.Int("i", -1), slog.Uint64("u", 1), slog.Float64("f", 1e9), slog.Bool("b", true), slog.Duration("d", 1500*time.Millisecond), slog.Any("n", nil), slog.Time("t", at(0)),
			slog.Any("x", []byte("hi")), slog.Any("j", encode.JSON(`{"a":1}`)), slog.Any("l", []slog.Value{slog.IntValue(1), slog.StringValue("a b")}), slog.Any("e", &encode.Error{Message: "no"})),
			`level=INFO msg=m i=-1 u=1 f=1e+09 b=true d=1.5s n=null t=2026-11-23T09:49:44.000000000Z x="aGk=" j="{\"a\":1}" l="[1,\"a b\"]" e=no`},
		{"quotes", encode.Logfmt{}, attr(slog.String("a", `x=y`), slog.String("b", `"`), slog.String("c", `C:\d`), slog.String("d", "é"), slog.String("e", "\n")), `level=INFO msg=m a="x=y" b="\"" c="C:\\d" d="é" e="\n"`},
		{"keys", encode.Logfmt{}, attr(slog.Int("a b", 1), slog.Int(`c="`, 2), slog.Int("", 3), slog.Int("é", 4), slog.Int("\x00", 5)), `level=INFO msg=m a_b=1 c__=2 _=3 é=4 _#2=5`},
		{"groups", encode.Logfmt{}, attr(slog.Group("g", slog.Int("a", 1), slog.Group("h", slog.Int("b", 2))), slog.Int("g.a", 3), slog.Int("g.a", 4)), `level=INFO msg=m g.a=1 g.h.b=2 g.a#2=3 g.a#3=4`},
		{"options", encode.Logfmt{Keys: encode.Keys{Message: "message"}, Level: encode.LevelNumbers, Time: encode.TimeUnixSeconds, Duration: encode.DurationNanos, Bytes: encode.BytesHex},
			encode.Record{Time: at(5e8), Attrs: []slog.Attr{slog.Duration("d", 1), slog.Any("x", []byte{255})}}, `time=1795427384.5 level=0 message="" d=1 x="ff"`},
	}
	for _, tt := range tests {
		if got := encodeLine(t, tt.enc, &tt.rec); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}
