package sentry_test

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport/sentry"
)

// TestEvent looks at all that an event says of a record.
func TestEvent(t *testing.T) {
	rec := record("payment 17 failed",
		slog.String("tenant", "eu"), slog.Group("http", slog.String("method", "PUT"), slog.Int("status", 500)),
		slog.Group("user", slog.String("id", "u1"), slog.String("email", "a@b.example"), slog.String("plan", "gold")),
		slog.Any("err", &encode.Error{Type: "*fmt.wrapError", Message: "charge: EOF", Causes: []*encode.Error{
			{Type: "*net.OpError", Message: "EOF", Frames: []encode.Frame{{Function: "net.read", File: "/go/net.go", Line: 3}}},
		}}),
		slog.Any("second", &encode.Error{Type: "T", Message: "another"}),
	)
	rec.ID = encode.ID{0xab, 15: 0xcd}
	rec.Scope = "billing"
	rec.Trace = encode.Trace{TraceID: [16]byte{1}, SpanID: [8]byte{2}}
	rec.Stack = []encode.Frame{
		{Function: "example.com/shop/pay.(*Card).Charge", File: "/src/pay/card.go", Line: 12}, {Function: "main.main", File: "/src/main.go", Line: 7},
	}
	rec.Resource.Attrs = []slog.Attr{slog.String("sentry.dist", "77"), slog.String("region", "r1")}
	e := sent(t, func(d *sentry.Destination) { d.Tags = []string{"tenant", "http.method"} }, rec)

	if e.EventID != "ab0000000000000000000000000000cd" || e.Message != rec.Message || e.Level != "error" || e.Logger != "billing" ||
		!e.Timestamp.Equal(day) || e.Release != "shop@1.2" || e.Dist != "77" || e.Environment != "test" || e.ServerName != "a1" {
		t.Errorf("%+v", e)
	}
	if e.Tags["tenant"] != "eu" || e.Tags["http.method"] != "PUT" || e.Tags["service"] != "shop" || e.Tags["instance"] != "pod-1" {
		t.Errorf("tags %v", e.Tags)
	}
	attrs := e.Contexts["attributes"]
	if group, _ := attrs["http"].(map[string]any); group["status"] != 500.0 || group["method"] != nil || attrs["tenant"] != nil || attrs["err"] != nil {
		t.Errorf("attributes %v", attrs)
	}
	if second, _ := attrs["second"].(map[string]any); second["message"] != "another" {
		t.Errorf("attributes %v", attrs)
	}
	if e.User["id"] != "u1" || e.User["email"] != "a@b.example" {
		t.Errorf("user %v", e.User)
	}
	if e.Contexts["trace"]["trace_id"] != "01000000000000000000000000000000" || e.Contexts["trace"]["span_id"] != "0200000000000000" {
		t.Errorf("trace %v", e.Contexts["trace"])
	}
	if !slices.Equal(e.Fingerprint, []string{"payment * failed", "billing"}) {
		t.Errorf("fingerprint %q", e.Fingerprint)
	}
	exceptions(t, &e)
}

// exceptions: causes first; a type that says nothing gives way to the message; the
// stacks are the error's own and the record's, innermost call last.
func exceptions(t *testing.T, e *event) {
	t.Helper()
	if len(e.Exception) != 2 {
		t.Fatalf("exceptions %+v", e.Exception)
	}
	inner, outer := e.Exception[0], e.Exception[1]
	if inner.Type != "*net.OpError" || inner.Stacktrace == nil || inner.Stacktrace.Frames[0].Function != "read" {
		t.Errorf("inner %+v", inner)
	}
	if outer.Type != "payment 17 failed" || outer.Value != "charge: EOF" || outer.Stacktrace == nil {
		t.Fatalf("outer %+v", outer)
	}
	last := outer.Stacktrace.Frames[1]
	if last.Module != "example.com/shop/pay" || last.Function != "(*Card).Charge" || last.Lineno != 12 || !last.InApp {
		t.Errorf("frames %+v", outer.Stacktrace.Frames)
	}
}

// TestPanicStack: the frames above a panic are the runtime's and the recovery's.
func TestPanicStack(t *testing.T) {
	rec := record("panic: boom")
	for _, f := range []string{"log", "recover.func1", "runtime.gopanic", "runtime.panicmem", "main.crash", "main.main"} {
		rec.Stack = append(rec.Stack, encode.Frame{Function: f, File: "x.go", Line: 1})
	}
	e := sent(t, nil, rec)
	if len(e.Threads) != 1 || len(e.Threads[0].Stacktrace.Frames) != 2 || e.Threads[0].Stacktrace.Frames[1].Function != "crash" {
		t.Errorf("threads %+v", e.Threads)
	}
	if !slices.Equal(e.Fingerprint, []string{"panic: boom", "main.crash"}) {
		t.Errorf("fingerprint %q", e.Fingerprint)
	}
}

// TestLevels: a level between two names has the one below it.
func TestLevels(t *testing.T) {
	for level, want := range map[slog.Level]string{
		-8: "debug", -1: "debug", 0: "info", 2: "info", 3: "info", 4: "warning", 7: "warning", 8: "error", 11: "error", 12: "fatal", 99: "fatal",
	} {
		rec := record("m")
		rec.Level = level
		if e := sent(t, func(d *sentry.Destination) { d.EventsFrom = slog.Level(-99) }, rec); e.Level != want {
			t.Errorf("level %d is %q, want %q", level, e.Level, want)
		}
	}
}

// TestBelowEventsFrom: nothing is sent, and nothing is left.
func TestBelowEventsFrom(t *testing.T) {
	s, d := newServer(t, nil)
	recs := batch(2)
	recs[0].Level = slog.LevelWarn
	if err := open(t, d).Send(t.Context(), recs); err != nil || len(s.events()) != 1 || s.asked() != 1 {
		t.Errorf("%v, %d events, %d requests", err, len(s.events()), s.asked())
	}
	r := d.Route("errors")
	if r.MaxAge != sentry.DefaultMaxAge || r.Levels.Contains(slog.LevelWarn) || !r.Levels.Contains(slog.LevelError) {
		t.Errorf("route %+v", r)
	}
}

func TestTemplate(t *testing.T) {
	for message, want := range map[string]string{
		"payment failed": "payment failed",
		"user 4711 not found in \"eu-1\" after 1.5s":                "user * not found in * after *",
		"dial tcp 10.0.0.1:443: refused":                            "dial tcp *: refused",
		"order 0190a3f2-1b2c-7def-8abc-1234567890ab: retry 3 of 5.": "order *: retry * of *.",
		"say \"what":  "say \"what",
		"größe ist 3": "größe ist *",
		"":            "",
		"\xff\xfe 1":  "\xff\xfe *",
	} {
		if got := sentry.Template(message); got != want {
			t.Errorf("Template(%q) = %q, want %q", message, got, want)
		}
	}
}

// TestOversize: what is too large loses what helps least, and says so.
func TestOversize(t *testing.T) {
	rec := record("too much", slog.String("small", "kept"), slog.String("large", strings.Repeat("x", 2<<20)))
	e := sent(t, nil, rec)
	if e.Tags["slogship.cut"] != "attributes" || e.Contexts["attributes"]["small"] != "kept" || e.Message != "too much" {
		t.Errorf("cut %q, attributes %.200v", e.Tags["slogship.cut"], e.Contexts["attributes"])
	}
	rec = record(strings.Repeat("m", 2<<20))
	rec.Attrs = []slog.Attr{slog.Any("err", &encode.Error{Type: "T", Message: strings.Repeat("e", 2<<20)})}
	if e := sent(t, nil, rec); e.Tags["slogship.cut"] == "" || len(e.Message) > 9000 {
		t.Errorf("cut %q, a message of %d bytes", e.Tags["slogship.cut"], len(e.Message))
	}
}

// TestOpenErrors name the field and not the key.
func TestOpenErrors(t *testing.T) {
	for name, d := range map[string]sentry.Destination{
		"plaintext":  {DSN: "http://" + testKey + "@sentry.example/1"},
		"no project": {DSN: "https://" + testKey + ":" + testKey + "@sentry.example/"},
		"scheme":     {DSN: "ftp://" + testKey + "@sentry.example/1"},
		"comma":      {DSN: "https://" + testKey + ",a@sentry.example/1"},
		"broken":     {DSN: "https://" + testKey + "@sentry.example:port/1"},
		"two keys":   {DSN: "https://" + testKey + "@sentry.example/1", KeyFile: "/x"},
	} {
		_, err := d.Open()
		if !errors.Is(err, sentry.ErrConfig) && !errors.Is(err, sentry.ErrPlaintext) {
			t.Errorf("%s: Open = %v", name, err)
		}
		if err != nil && strings.Contains(err.Error()+d.String()+d.GoString(), testKey) {
			t.Errorf("%s: the key is in %v or %v", name, err, d)
		}
	}
}
