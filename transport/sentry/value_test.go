package sentry_test

import (
	"encoding/json"
	"log/slog"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport/sentry"
)

// TestValues: every kind of value, as an attribute.
func TestValues(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	e := sent(t, nil, record("m",
		slog.Float64("nan", math.NaN()), slog.Float64("inf", math.Inf(-1)), slog.Float64("f", 0.25),
		slog.Duration("took", 1500*time.Millisecond), slog.Time("at", at), slog.Bool("b", true), slog.Uint64("u", 1<<63),
		slog.Any("nil", nil), slog.Any("bytes", []byte("text")), slog.Any("binary", []byte{0xff, 0}),
		slog.Any("json", encode.JSON(`{"a":[1,null]}`)),
		slog.Any("list", []slog.Value{slog.IntValue(1), slog.StringValue("two"), slog.AnyValue([]slog.Value{slog.BoolValue(false)})}),
		slog.String("same", "one"), slog.String("same", "two"), slog.String("", "no name"),
		slog.Group("g", slog.Int("n", 1), slog.Group("h", slog.String("s", "x"))),
	))
	want := map[string]any{
		"nan": "NaN", "inf": "-Inf", "f": 0.25, "took": "1.5s", "at": at.Format(time.RFC3339Nano), "b": true, "u": 9223372036854775808.0,
		"nil": nil, "bytes": "text", "binary": "/wA=", "json": map[string]any{"a": []any{1.0, nil}},
		"list": []any{1.0, "two", []any{false}}, "same": "one", "same_2": "two", "": "no name",
		"g": map[string]any{"n": 1.0, "h": map[string]any{"s": "x"}},
	}
	if got := e.Contexts["attributes"]; !reflect.DeepEqual(map[string]any(got), want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// TestTags: they are one line of 200 characters, and never empty.
func TestTags(t *testing.T) {
	d := func(d *sentry.Destination) { d.Tags = []string{"long", "lines", "empty", "n", "list", "g", "json"} }
	e := sent(t, d, record("m", slog.String("long", strings.Repeat("ä", 300)), slog.String("lines", "a\r\nb"), slog.String("empty", ""),
		slog.Int("n", 7), slog.Any("list", []slog.Value{slog.IntValue(1)}), slog.Group("g", slog.Int("x", 1)), slog.Any("json", encode.JSON(`[2]`))))
	if got := []rune(e.Tags["long"]); len(got) != 200 || got[199] != '…' {
		t.Errorf("%d characters", len(got))
	}
	if _, there := e.Tags["empty"]; there || e.Tags["lines"] != "a  b" || e.Tags["n"] != "7" || e.Tags["list"] != "[1]" || e.Tags["g"] != `{"x":1}` || e.Tags["json"] != "[2]" {
		t.Errorf("%v", e.Tags)
	}
	if len(e.Contexts["attributes"]) != 0 {
		t.Errorf("what is a tag is no attribute: %v", e.Contexts["attributes"])
	}
}

// TestUser: a group, or an ID; under another name where that is configured.
func TestUser(t *testing.T) {
	e := sent(t, nil, record("m", slog.Group("user", slog.Int("id", 7), slog.String("email", "e"), slog.String("username", "u"),
		slog.String("name", "n"), slog.String("ip", "192.0.2.1"), slog.String("plan", "gold"))))
	data, _ := e.User["data"].(map[string]any)
	if e.User["id"] != "7" || e.User["email"] != "e" || e.User["username"] != "u" || e.User["name"] != "n" || e.User["ip_address"] != "192.0.2.1" || data["plan"] != "gold" {
		t.Errorf("%v", e.User)
	}
	e = sent(t, func(d *sentry.Destination) { d.User = "customer" }, record("m", slog.Int("customer", 8), slog.String("user", "root")))
	if e.User["id"] != "8" || e.Contexts["attributes"]["user"] != "root" {
		t.Errorf("%v, attributes %v", e.User, e.Contexts["attributes"])
	}
}

// TestOthersRequest: a group of the name "request" that is not Middleware's is an
// attribute like any other, and so is what calls itself a scope and is none.
func TestOthersRequest(t *testing.T) {
	for name, a := range map[string]slog.Attr{
		"other fields": slog.Group("request", slog.String("url", "u"), slog.String("method", "m"), slog.Int("bytes", 3)),
		"no method":    slog.Group("request", slog.String("url", "u")),
		"headers":      slog.Group("request", slog.String("url", "u"), slog.String("method", "m"), slog.Int("headers", 3)),
		"text":         slog.String("request", "req-17"),
		"scope":        slog.String("sentry.scope", "text"),
		"broken scope": slog.Any("sentry.scope", encode.JSON(`{"tags":[1]}`)),
	} {
		if e := sent(t, nil, record("m", a)); e.Request != nil || e.Contexts["attributes"][a.Key] == nil {
			t.Errorf("%s: request %v, attributes %v", name, e.Request, e.Contexts["attributes"])
		}
	}
}

// TestLogLevels: by ranges, TRACE included, with OpenTelemetry's numbers.
func TestLogLevels(t *testing.T) {
	s, d := newServer(t, nil)
	d.Mode = sentry.Logs
	recs := batch(9)
	levels := []slog.Level{-100, -8, -4, 0, 3, 4, 8, 12, 100}
	for i := range recs {
		recs[i].Level = levels[i]
	}
	if err := open(t, d).Send(t.Context(), recs); err != nil {
		t.Fatal(err)
	}
	logs, _ := logsOf(t, s)
	names := []string{"trace", "trace", "debug", "info", "info", "warn", "error", "fatal", "fatal"}
	numbers := []int{1, 1, 5, 9, 12, 13, 17, 21, 24}
	for i, l := range logs {
		if l.Level != names[i] || l.Severity != numbers[i] {
			t.Errorf("level %d: %q %d, want %q %d", levels[i], l.Level, l.Severity, names[i], numbers[i])
		}
	}
}

// TestHostileText: what is logged ends no line of an envelope and no item of it;
// the stand-in reads by lengths, and a broken one is an error there.
func TestHostileText(t *testing.T) {
	const forged = "x\n{\"type\":\"event\",\"length\":2}\n{}\n\x00\xff\u2028\x1b[31m"
	rec := record(forged, slog.String(forged, forged), slog.Group(forged, slog.String("k", forged)))
	rec.Scope, rec.Resource.Service, rec.Resource.Version = forged, forged, forged
	s, d := newServer(t, nil)
	d.Mode, d.Tags = sentry.Both, []string{forged}
	if err := open(t, d).Send(t.Context(), []encode.Record{rec}); err != nil {
		t.Fatal(err)
	}
	if len(s.events()) != 1 || len(s.of("log")) != 1 || s.asked() != 2 {
		t.Errorf("%d events, %d log items", len(s.events()), len(s.of("log")))
	}
	for _, it := range append(s.of("event"), s.of("log")...) {
		if !json.Valid(it.payload) || strings.ContainsAny(string(it.payload), "\n\x00\x1b") {
			t.Errorf("%q", it.payload)
		}
	}
}
