package handler_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/internal/vfs"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/memory"
	"github.com/slogship/slogship/transport/tcp"
)

func TestNewRefuses(t *testing.T) {
	sink := memory.New()
	for name, c := range map[string]struct {
		routes []route.Route
		opts   *handler.Options
		want   error
	}{
		"no dir":         {nil, nil, handler.ErrOptions},
		"dir and memory": {nil, &handler.Options{Dir: "x", InMemory: true}, handler.ErrOptions},
		"crash reports":  {nil, &handler.Options{InMemory: true, CrashReports: true}, handler.ErrOptions},
		"small disk":     {nil, &handler.Options{Dir: "x", MaxDisk: 5}, handler.ErrOptions},
		"bad route":      {[]route.Route{{Name: "X", To: sink}}, &handler.Options{InMemory: true}, route.ErrInvalid},
		"direct tcp":     {[]route.Route{{Name: "x", To: tcp.Destination{Addr: "127.0.0.1:1"}, Direct: true}}, &handler.Options{InMemory: true}, route.ErrInvalid},
	} {
		if _, err := handler.New(c.routes, c.opts); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	// All bad destinations are reported together, each by its route.
	_, err := handler.New([]route.Route{{Name: "a", To: tcp.Destination{}}, {Name: "b", To: tcp.Destination{}}}, &handler.Options{InMemory: true})
	for _, name := range []string{"a", "b"} {
		if !reports(err, name) {
			t.Errorf("no RouteError of %q in %v", name, err)
		}
	}
}

// reports says whether err holds a RouteError of the route.
func reports(err error, name string) bool {
	var at *handler.RouteError
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			if reports(e, name) {
				return true
			}
		}
		return false
	}
	return errors.As(err, &at) && at.Route == name
}

func TestNext(t *testing.T) {
	var text bytes.Buffer
	next := slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug})
	sink := memory.New()
	h, err := handler.New([]route.Route{{Name: "test", To: sink, Direct: true, Levels: route.AtLeast(slog.LevelInfo)}},
		&handler.Options{InMemory: true, Next: next})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close(t.Context())
	l := slog.New(h).With("a", 1).WithGroup("g")
	l.Debug("low", "b", 2)
	l.Info("high", "b", 2)
	if n := strings.Count(text.String(), " a=1 g.b=2\n"); n != 2 {
		t.Errorf("the next handler wrote %q", text.String())
	}
	if recs := sink.Records(); len(recs) != 1 || recs[0].Message != "high" {
		t.Errorf("the route got %v", recs)
	}
}

func TestReplaceAttr(t *testing.T) {
	h, sink := open(t, true, &handler.Options{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		switch {
		case a.Key == "secret":
			return slog.Attr{}
		case len(groups) == 1 && groups[0] == "g":
			return slog.String(a.Key, "in g")
		}
		return a
	}})
	slog.New(h).With("secret", 1).WithGroup("g").Info("m", "x", 1, slog.Group("h", "secret", 2, "y", 3))
	rec := sink.Records()[0]
	if _, has := asMap(&rec)["secret"]; has {
		t.Error("the removed attribute is there")
	}
	if x, y := memory.Attr(rec, "g", "x"), memory.Attr(rec, "g", "h", "y"); x.String() != "in g" || y.Int64() != 3 {
		t.Errorf("g.x=%v g.h.y=%v", x, y)
	}
}

type ctxKey struct{}

func TestContextAndTrace(t *testing.T) {
	trace := encode.Trace{TraceID: [16]byte{1}, SpanID: [8]byte{2}, Flags: 1}
	h, sink := open(t, true, &handler.Options{
		Context: []func(context.Context) []slog.Attr{func(ctx context.Context) []slog.Attr {
			return []slog.Attr{slog.Any("request", ctx.Value(ctxKey{}))}
		}},
		Trace: func(context.Context) encode.Trace { return trace },
	})
	ctx := context.WithValue(t.Context(), ctxKey{}, "r1")
	slog.New(h.WithScope("db.pool")).WithGroup("g").InfoContext(ctx, "m", "x", 1)
	rec := sink.Records()[0]
	if rec.Trace != trace || rec.Scope != "db.pool" || memory.Attr(rec, "request").String() != "r1" {
		t.Errorf("%+v", rec)
	}
}

func TestDynamicLevel(t *testing.T) {
	var level slog.LevelVar
	sink := memory.New()
	h, err := handler.New([]route.Route{{Name: "test", To: sink, Direct: true, Levels: route.AtLeast(&level)}}, &handler.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close(t.Context())
	if h.Enabled(t.Context(), slog.LevelDebug) {
		t.Error("DEBUG is enabled")
	}
	level.Set(slog.LevelDebug)
	slog.New(h).Debug("m")
	if n := len(sink.Records()); n != 1 {
		t.Errorf("%d records after the change", n)
	}
}

func TestDeadLetterRoute(t *testing.T) {
	sink, dead := memory.New(), memory.New()
	for _, direct := range []bool{true, false} {
		sink.Reset()
		dead.Reset()
		h, err := handler.New(patiently(
			route.Route{Name: "dead", To: dead, Levels: route.AtLeast(slog.Level(99)), Direct: direct},
			route.Route{Name: "main", To: refusing{sink, "poison"}, DeadLetter: "dead"},
		), &handler.Options{Dir: t.TempDir(), OnError: func(error) {}})
		if err != nil {
			t.Fatal(err)
		}
		slog.New(h).Info("poison", "x", 1)
		slog.New(h).Info("fine")
		if err := h.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		recs := dead.Records()
		if len(recs) != 1 || memory.Attr(recs[0], "dead_letter", "reason").String() != "refused" || memory.Attr(recs[0], "x").Int64() != 1 {
			t.Errorf("direct %v: dead letters: %v", direct, recs)
		}
		if s := statsOf(t, h, "dead"); s.Logged != 1 || s.Delivered != 1 {
			t.Errorf("direct %v: %+v", direct, s)
		}
	}
}

// loud logs through the handler that it delivers for, as a client library may
// (T41).
type loud struct {
	*memory.Sink
	logger **slog.Logger
}

func (l loud) Open() (transport.Transport, error) {
	inner, err := l.Sink.Open()
	return loudTransport{inner, l.logger}, err
}

type loudTransport struct {
	transport.Transport
	logger **slog.Logger
}

func (l loudTransport) Describe() transport.Description { return transport.Description{} }

func (l loudTransport) Send(ctx context.Context, recs []encode.Record) error {
	(*l.logger).InfoContext(ctx, "sending")
	return l.Transport.Send(ctx, recs)
}

func TestFeedback(t *testing.T) {
	sink, other := memory.New(), memory.New()
	var logger *slog.Logger
	h, err := handler.New([]route.Route{
		{Name: "loud", To: loud{sink, &logger}}, {Name: "other", To: other, Direct: true},
	}, &handler.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	logger = slog.New(h)
	if err := h.Deliver(t.Context(), slog.LevelInfo, "once"); err != nil {
		t.Fatal(err)
	}
	if err := h.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(sink.Records()); n != 1 {
		t.Errorf("the route got %d records, 1 was logged", n)
	}
	if n := len(other.Records()); n != 2 {
		t.Errorf("the other route got %d, want the record and what the transport logged", n)
	}
}

// A Direct transport runs in the log call, where feeding itself would be
// endless recursion (T41).
func TestFeedbackDirect(t *testing.T) {
	sink := memory.New()
	var logger *slog.Logger
	h, err := handler.New([]route.Route{{Name: "loud", To: loudDirect{loud{sink, &logger}}, Direct: true}}, &handler.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	logger = slog.New(h)
	logger.Info("once")
	if n := len(sink.Records()); n != 1 {
		t.Errorf("the route got %d records, 1 was logged", n)
	}
}

type loudDirect struct{ loud }

func (l loudDirect) Open() (transport.Transport, error) {
	inner, err := l.loud.Open()
	return directTransport{inner}, err
}

type directTransport struct{ transport.Transport }

func (directTransport) Describe() transport.Description { return transport.Description{Direct: true} }

func TestLeftover(t *testing.T) {
	sink := memory.New()
	sink.Fail(errors.New("away"))
	var left bytes.Buffer
	h, err := handler.New(patiently(route.Route{Name: "test", To: sink}), &handler.Options{Dir: t.TempDir(), Leftover: &left, OnError: func(error) {}})
	if err != nil {
		t.Fatal(err)
	}
	for range 500 {
		slog.New(h).Info("m")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := h.Close(ctx); err != nil {
		t.Errorf("Close: %v, though everything was written to Leftover", err)
	}
	if n := strings.Count(left.String(), `"msg":"m"`); n != 500 {
		t.Errorf("%d of 500 lines", n)
	}
	sum(t, h)
}

// panicking panics as a Leftover, and as a transport when it is closed.
type panicking struct{ transport.Transport }

func (panicking) Write([]byte) (int, error)            { panic("write") }
func (panicking) Close() error                         { panic("close") }
func (p panicking) Open() (transport.Transport, error) { return p, nil }

// Close calls a Direct transport and Leftover from goroutines that nobody else
// could recover in.
func TestCloseIsContained(t *testing.T) {
	away, inner := memory.New(), memory.New()
	away.Fail(errors.New("away"))
	direct, err := inner.Open()
	if err != nil {
		t.Fatal(err)
	}
	h, err := handler.New(patiently(
		route.Route{Name: "away", To: away}, route.Route{Name: "direct", To: panicking{direct}, Direct: true},
	), &handler.Options{Dir: t.TempDir(), Leftover: panicking{}, OnError: func(error) {}})
	if err != nil {
		t.Fatal(err)
	}
	slog.New(h).Info("m")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var left *handler.UndeliveredError
	if err := h.Close(ctx); !errors.As(err, &left) || left.Routes[0].Records != 1 {
		t.Errorf("Close: %v", err)
	}
}

// TestPlantedCrashReport: where the volume is not ours alone, a crash report may
// be a link to what is not to be read, or a FIFO that would never answer.
func TestPlantedCrashReport(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(secret, filepath.Join(dir, "crash.txt")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	sink := memory.New()
	var heard []error
	h, err := handler.New([]route.Route{{Name: "test", To: sink, Direct: true}}, &handler.Options{
		Dir: dir, CrashReports: true, OnError: func(err error) { heard = append(heard, err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if len(sink.Records()) != 0 || len(heard) != 1 || !errors.Is(heard[0], vfs.ErrUnsafe) {
		t.Errorf("%d records, %v", len(sink.Records()), heard)
	}
	if _, err := os.Stat(secret); err != nil {
		t.Error(err)
	}
}

// A panic of the process is shipped by the next one.
func TestCrashReports(t *testing.T) {
	dir := os.Getenv("SLOGSHIP_TEST_CRASH_IN")
	o := &handler.Options{Dir: dir, CrashReports: true}
	sink := memory.New()
	routes := patiently(route.Route{Name: "test", To: sink})
	if dir != "" {
		if _, err := handler.New(routes, o); err != nil {
			os.Exit(3)
		}
		go panic("the last words")
		select {}
	}
	o.Dir = t.TempDir()
	child := exec.Command(os.Args[0], "-test.run=^TestCrashReports$")
	child.Env = append(os.Environ(), "SLOGSHIP_TEST_CRASH_IN="+o.Dir)
	if err := child.Run(); err == nil {
		t.Fatal("the child did not crash")
	}
	h, err := handler.New(routes, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	recs := sink.Records()
	if len(recs) != 1 || recs[0].Level != route.LevelFatal || !strings.Contains(memory.Attr(recs[0], "crash").String(), "the last words") {
		t.Errorf("%v", recs)
	}
	if _, err := os.Stat(filepath.Join(o.Dir, "crash.txt")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the report is still there: %v", err)
	}
}

// Of two processes in one Dir the one that started last leaves a report, also if
// the other ends in order after that.
func TestCrashReportsOfTwo(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a file that is open there is not removed")
	}
	dir := filepath.Join(t.TempDir(), "state") // which these Direct routes do not make
	o := &handler.Options{Dir: dir, CrashReports: true, OnError: func(err error) { t.Error(err) }}
	var both []*handler.Handler
	for range 2 {
		h, err := handler.New([]route.Route{{Name: "test", To: memory.New(), Direct: true}}, o)
		if err != nil {
			t.Fatal(err)
		}
		both = append(both, h)
	}
	for i, want := range []error{nil, os.ErrNotExist} {
		mustClose(t, both[i])
		if _, err := os.Stat(filepath.Join(o.Dir, "crash.txt")); !errors.Is(err, want) {
			t.Errorf("%d closed: %v", i+1, err)
		}
	}
}

// plan is a value that a Resource may hold and no encoder knows.
type plan struct{ name string }

func (p *plan) LogValue() slog.Value { return slog.StringValue(p.name) }

// What a resource holds is resolved once, by New: encoders behind a Direct route
// see the same values of the closed set as those behind a buffer, and what the
// caller changes afterwards is not seen at all.
func TestResourceIsResolved(t *testing.T) {
	direct, buffered := memory.New(), memory.New()
	level := &plan{"gold"}
	attrs := []slog.Attr{slog.Any("plan", level), slog.Any("cause", errors.New("why")), slog.Any("zones", []string{"a", "b"})}
	h, err := handler.New([]route.Route{
		{Name: "direct", To: direct, Direct: true}, {Name: "buffered", To: buffered},
	}, &handler.Options{InMemory: true, Resource: encode.Resource{Service: "shop", Attrs: attrs}})
	if err != nil {
		t.Fatal(err)
	}
	level.name, attrs[1] = "changed", slog.Int("cause", 1)
	slog.New(h).Info("m")
	if err := h.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, sink := range map[string]*memory.Sink{"direct": direct, "buffered": buffered} {
		recs := sink.Records()
		if len(recs) != 1 {
			t.Fatalf("%s: %d records", name, len(recs))
		}
		got := recs[0].Resource
		if got.Service != "shop" || got.PID != os.Getpid() || len(got.Attrs) != len(attrs) {
			t.Fatalf("%s: %+v", name, got)
		}
		if v := got.Attrs[0].Value; v.Kind() != slog.KindString || v.String() != "gold" {
			t.Errorf("%s: the LogValuer is %v %v", name, v.Kind(), v)
		}
		if e, ok := got.Attrs[1].Value.Any().(*encode.Error); !ok || e.Message != "why" {
			t.Errorf("%s: the error is %#v", name, got.Attrs[1].Value.Any())
		}
		if _, ok := got.Attrs[2].Value.Any().([]string); ok {
			t.Errorf("%s: the slice came as it was", name)
		}
	}
}
