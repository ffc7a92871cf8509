package handler_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/memory"
)

// overloaded is a handler with one route in memory, and what it delivers.
type overloaded struct {
	*handler.Handler
	t    *testing.T
	sink *memory.Sink
	log  *slog.Logger
}

// traceKey is where these tests keep a trace in a ctx.
type traceKey struct{}

func withTrace(n byte) context.Context {
	return context.WithValue(context.Background(), traceKey{}, [16]byte{0: 1, 15: n})
}

func newOverloaded(t *testing.T, r route.Route) *overloaded {
	t.Helper()
	sink := memory.New()
	r.Name, r.To = "test", sink
	h, err := handler.New(patiently(r), &handler.Options{
		InMemory: true, OnError: func(err error) { t.Error(err) },
		Trace: func(ctx context.Context) encode.Trace {
			id, _ := ctx.Value(traceKey{}).([16]byte)
			return encode.Trace{TraceID: id}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return &overloaded{h, t, sink, slog.New(h)}
}

// end closes the handler and returns the route's figures, whose sum it checks.
func (o *overloaded) end() handler.RouteStats {
	o.t.Helper()
	if err := o.Close(context.Background()); err != nil {
		o.t.Error(err)
	}
	return sum(o.t, o.Handler)
}

// records returns what was delivered, but for reports of what was not.
func (o *overloaded) records() []encode.Record {
	return slices.DeleteFunc(o.sink.Records(), func(r encode.Record) bool { return strings.HasPrefix(r.Message, "slogship ") })
}

func (o *overloaded) messages() string {
	var list []string
	for _, r := range o.records() {
		list = append(list, r.Message)
	}
	return strings.Join(list, " ")
}

func (o *overloaded) want(messages string) {
	o.t.Helper()
	if got := o.messages(); got != messages {
		o.t.Errorf("delivered %q, want %q", got, messages)
	}
}

func (o *overloaded) wantDropped(s handler.RouteStats, reason, level string, n uint64) {
	o.t.Helper()
	if got := s.Dropped[reason][level]; got != n {
		o.t.Errorf("%s, %s: %d, want %d", reason, level, got, n)
	}
}

// The first three of a message, then every fifth; ERROR and above always.
func TestSampleByCount(t *testing.T) {
	o := newOverloaded(t, route.Route{Sample: route.Sample{First: 3, Every: 5, Interval: time.Hour}})
	for i := range 20 {
		o.log.Info("info", "i", i)
		o.log.Error("error", "i", i)
	}
	s := o.end()
	if n := strings.Count(o.messages(), "info"); n != 3+3 {
		t.Errorf("%d of 20 delivered", n)
	}
	if n := strings.Count(o.messages(), "error"); n != 20 {
		t.Errorf("%d of 20 errors delivered", n)
	}
	o.wantDropped(s, "sampled", "INFO", 14)
	if s.Logged != 40 {
		t.Errorf("logged %d", s.Logged)
	}
}

// Keep is the level from which everything is taken, also one that changes.
func TestSampleKeep(t *testing.T) {
	var keep slog.LevelVar
	keep.Set(slog.LevelWarn)
	o := newOverloaded(t, route.Route{Sample: route.Sample{Share: 1e-15, Keep: &keep}})
	o.log.Info("info")
	o.log.Warn("warn")
	keep.Set(slog.LevelInfo)
	o.log.Info("kept")
	o.wantDropped(o.end(), "sampled", "INFO", 1)
	o.want("warn kept")
}

// A share of the records is taken; the sum says what became of the others.
func TestSampleShare(t *testing.T) {
	o := newOverloaded(t, route.Route{Sample: route.Sample{Share: 0.25}})
	const n = 20_000
	for range n {
		o.log.Info("m")
	}
	s := o.end()
	// The draw cannot be seeded from here; 8 standard deviations are one failure
	// in 10^15.
	if d := math.Abs(float64(s.Delivered) - n/4); d > 8*math.Sqrt(n*0.25*0.75) {
		t.Errorf("%d of %d delivered", s.Delivered, n)
	}
	o.wantDropped(s, "sampled", "INFO", n-s.Delivered)
}

// Two routes, and a third with a larger share, take the same traces whole; what
// has no trace is not all taken or left together.
func TestSampleByTrace(t *testing.T) {
	var routes []route.Route
	var sinks []*memory.Sink
	for i, share := range []float64{0.3, 0.3, 0.6} {
		sinks = append(sinks, memory.New())
		routes = append(routes, route.Route{Name: fmt.Sprint("r", i), To: sinks[i], Sample: route.Sample{Share: share, ByTrace: true}})
	}
	h, err := handler.New(routes, &handler.Options{InMemory: true, Trace: func(ctx context.Context) encode.Trace {
		id, _ := ctx.Value(traceKey{}).([16]byte)
		return encode.Trace{TraceID: id}
	}})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(h)
	for n := range 256 {
		ctx := context.WithValue(t.Context(), traceKey{}, [16]byte{0: 1, 9: byte(n)}) // R = n * 2^48
		for i := range 3 {
			log.InfoContext(ctx, fmt.Sprint(n), "i", i)
		}
	}
	for range 100 {
		log.Info("no trace")
	}
	if err := h.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	count := func(i int) map[string]int {
		m := make(map[string]int)
		for _, r := range sinks[i].Records() {
			m[r.Message]++
		}
		return m
	}
	counts := []map[string]int{count(0), count(1), count(2)}
	for i, from := range []int{180, 180, 103} { // R >= 0.7 and 0.4 of 2^56, in 256ths
		for n := range 256 {
			if got, want := counts[i][fmt.Sprint(n)], 3; n >= from && got != want || n < from && got != 0 {
				t.Errorf("route %d: %d records of trace %d", i, got, n)
			}
		}
		if got := counts[i]["no trace"]; got == 0 || got == 100 {
			t.Errorf("route %d: %d of 100 records without a trace", i, got)
		}
	}
}

// The burst, then the rate; a Deliver is not subject to it.
func TestLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOverloaded(t, route.Route{Limit: route.Limit{PerSecond: 2, Burst: 5}})
		for i := range 3 {
			if i > 0 {
				time.Sleep(time.Second)
			}
			for range 10 {
				o.log.Info("m")
			}
		}
		if err := o.Deliver(context.Background(), slog.LevelInfo, "delivered"); err != nil {
			t.Error(err)
		}
		s := o.end()
		if s.Delivered != 5+2+2+1 {
			t.Errorf("%d delivered", s.Delivered)
		}
		o.wantDropped(s, "rate_limited", "INFO", 30-9)
	})
}

// Each value of an attribute has a bucket of its own, wherever the attribute was
// given; those without it have one together.
func TestLimitByKey(t *testing.T) {
	o := newOverloaded(t, route.Route{Limit: route.Limit{PerSecond: 1.0 / 3600, Burst: 2, Key: "http.tenant"}})
	for range 5 {
		o.log.Info("a", slog.Group("http", "tenant", "a"))
		o.log.WithGroup("http").With("tenant", "b").Info("b")
		o.log.InfoContext(handler.With(t.Context(), slog.Group("http", slog.Int("tenant", 3))), "c")
		o.log.Info("none")
	}
	s := o.end()
	o.want("a b c none a b c none")
	o.wantDropped(s, "rate_limited", "INFO", 12)
}

// The calls are told nothing of it: the route does as it was told.
func TestDiscardIsNoError(t *testing.T) {
	o := newOverloaded(t, route.Route{Limit: route.Limit{PerSecond: 1, Burst: 1}})
	for range 3 {
		if err := o.Log(t.Context(), slog.LevelInfo, "m"); err != nil {
			t.Error(err)
		}
	}
	o.end()
}

// A record that a policy discards was taken: it goes to no later route of a
// Final one and to no Fallback.
func TestDiscardIsTaken(t *testing.T) {
	second, fallback := memory.New(), memory.New()
	never := route.Limit{PerSecond: 1.0 / 3600, Burst: 1}
	h, err := handler.New([]route.Route{
		{Name: "final", To: memory.New(), Match: route.Message("final"), Limit: never, Final: true},
		{Name: "first", To: memory.New(), Match: route.Message("plain"), Limit: never},
		{Name: "second", To: second},
		{Name: "fallback", To: fallback, Fallback: true},
	}, &handler.Options{InMemory: true})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		slog.New(h).Info("final")
		slog.New(h).Info("plain")
	}
	if err := h.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(second.Messages(), fallback.Messages()); got != "[plain plain] []" {
		t.Errorf("second and fallback got %s", got)
	}
}

// Repeats are counted, and told by one record when their window ends; what comes
// later is a first again. All of it is in the sum.
func TestDedupe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOverloaded(t, route.Route{Dedupe: route.Dedupe{Window: 10 * time.Second}})
		db := slog.New(o.WithScope("db")).With("shard", 7).WithGroup("query")
		start := time.Now()
		for i := range 5 {
			// What ctx brings makes no difference.
			db.ErrorContext(handler.With(withTrace(byte(i)), slog.Int("request", i)), "slow", "table", "orders")
			time.Sleep(time.Second)
		}
		o.log.Info("once")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		o.want("slow once slow")
		count := o.records()[2]
		if count.Level != slog.LevelError || count.Scope != "db" || !count.Time.Equal(start.Add(4*time.Second)) ||
			!count.Observed.Equal(start.Add(10*time.Second)) || count.ID == o.records()[0].ID {
			t.Errorf("%+v", count)
		}
		for path, want := range map[string]string{
			"repeated": "4", "repeated_since": start.Add(time.Second).String(), "shard": "7", "request": "<nil>",
		} {
			if got := memory.Attr(count, path); got.String() != want && !(got.Kind() == slog.KindTime && got.Time().Equal(start.Add(time.Second))) {
				t.Errorf("%s: %v, want %s", path, got, want)
			}
		}
		if got := memory.Attr(count, "query", "table").String(); got != "orders" {
			t.Errorf("query.table: %s", got)
		}
		db.Error("slow", "table", "orders")
		db.Error("slow", "table", "orders")
		s := o.end()
		o.want("slow once slow slow slow")
		if got := memory.Attr(o.records()[4], "repeated").Uint64(); got != 1 {
			t.Errorf("at Close: repeated %d", got)
		}
		o.wantDropped(s, "deduplicated", "ERROR", 5)
		if s.Logged != 5+5 {
			t.Errorf("logged %d", s.Logged)
		}
	})
}

// Whatever many goroutines log, and whenever Close comes: firsts, the counts of
// repeats and what came after Close make up all calls.
func TestDedupeByMany(t *testing.T) {
	o := newOverloaded(t, route.Route{Dedupe: route.Dedupe{Window: time.Millisecond, MaxKeys: 4}, Buffer: blocking()})
	var wg sync.WaitGroup
	const calls = 4 * 2000
	for range 4 {
		wg.Go(func() {
			for i := range 2000 {
				o.log.Info(fmt.Sprint(i / 7 % 9))
			}
		})
	}
	wg.Wait()
	s := o.end()
	var firsts, told uint64
	for _, r := range o.records() {
		if n := memory.Attr(r, "repeated"); n.Kind() == slog.KindUint64 {
			told += n.Uint64()
		} else {
			firsts++
		}
	}
	if firsts+told != calls || told != s.Dropped["deduplicated"]["INFO"] {
		t.Errorf("%d firsts, %d told, %d counted, of %d calls", firsts, told, s.Dropped["deduplicated"]["INFO"], calls)
	}
}

// The policies come in the order that package route documents: what is sampled
// out is no repeat, and what is a repeat takes no token.
func TestPolicyOrder(t *testing.T) {
	o := newOverloaded(t, route.Route{
		Sample: route.Sample{First: 4, Interval: time.Hour},
		Dedupe: route.Dedupe{Window: time.Hour},
		Limit:  route.Limit{PerSecond: 1.0 / 3600, Burst: 2},
	})
	for range 6 {
		o.log.Info("a")
	}
	o.log.Info("b")
	o.log.Info("c")
	s := o.end()
	o.want("a b a")
	o.wantDropped(s, "sampled", "INFO", 2)
	o.wantDropped(s, "deduplicated", "INFO", 3)
	o.wantDropped(s, "rate_limited", "INFO", 1)
}

// A Direct route counts what its policies discard, and sends the rest.
func TestPoliciesOfADirectRoute(t *testing.T) {
	o := newOverloaded(t, route.Route{
		Direct: true,
		Levels: route.AtLeast(slog.LevelInfo), DebugOnError: route.DebugOnError{From: slog.LevelDebug},
		Sample: route.Sample{First: 4, Interval: time.Hour},
		Dedupe: route.Dedupe{Window: time.Hour}, Limit: route.Limit{PerSecond: 1.0 / 3600, Burst: 2},
	})
	for range 6 {
		o.log.InfoContext(withTrace(1), "a")
	}
	o.log.InfoContext(withTrace(1), "b")
	o.log.InfoContext(withTrace(1), "c")
	o.log.DebugContext(withTrace(1), "debug")
	o.log.ErrorContext(withTrace(1), "error")
	s := o.end()
	o.want("a b debug a")
	if s.Dropped.Total() != 7 || s.Logged != 11 || s.DebugShipped != 1 {
		t.Errorf("%+v", s)
	}
}

// onceALevel is a bound that can be asked once.
type onceALevel struct{ asked *bool }

func (p onceALevel) Level() slog.Level {
	if *p.asked {
		panic("no level")
	}
	*p.asked = true // by Validate
	return slog.LevelError
}

// A Leveler of the user's that panics costs no record, and OnError hears of it.
func TestPolicyLevelerPanics(t *testing.T) {
	sink := memory.New()
	var mu sync.Mutex
	var heard []error
	h, err := handler.New([]route.Route{{
		Name: "test", To: sink, Sample: route.Sample{Share: 1e-15, Keep: onceALevel{new(bool)}},
	}}, &handler.Options{InMemory: true, OnError: func(err error) {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, err)
	}})
	if err != nil {
		t.Fatal(err)
	}
	slog.New(h).Info("m")
	if err := h.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	var at *handler.RouteError
	if n := len(sink.Messages()); n != 1 || len(heard) == 0 || !errors.As(heard[0], &at) {
		t.Errorf("%d records, heard of %v", n, heard)
	}
}

// Once a minute the destination hears what was discarded, and at the end.
func TestDiscardsAreReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOverloaded(t, route.Route{Limit: route.Limit{PerSecond: 1, Burst: 1}})
		for range 150 {
			o.log.Info("m")
			o.log.Info("m")
			time.Sleep(time.Second)
		}
		o.end()
		var reported uint64
		var levels []slog.Level
		for _, r := range o.sink.Records() {
			if r.Message == "slogship discarded records" {
				reported += memory.Attr(r, "reasons", "rate_limited", "INFO").Uint64()
				levels = append(levels, r.Level)
			}
		}
		if reported != 150 || len(levels) != 3 || slices.Max(levels) != slog.LevelInfo {
			t.Errorf("%d reported, in records of %v", reported, levels)
		}
	})
}

// The policies allocate nothing for what they discard, and keep.
func TestPolicyAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	never := route.Limit{PerSecond: 1.0 / 3600, Burst: 1}
	keyed := never
	keyed.Key = "tenant"
	for name, r := range map[string]route.Route{
		"share":  {Sample: route.Sample{Share: 1e-15}},
		"trace":  {Sample: route.Sample{Share: 1e-15, ByTrace: true}},
		"count":  {Sample: route.Sample{First: 1, Interval: time.Hour}},
		"limit":  {Limit: never},
		"key":    {Limit: keyed},
		"repeat": {Dedupe: route.Dedupe{Window: time.Hour}},
		"keep":   {Levels: route.AtLeast(slog.LevelWarn), DebugOnError: route.DebugOnError{From: slog.LevelInfo, MaxRecords: 8}},
	} {
		o := newOverloaded(t, r)
		ctx := withTrace(1)
		call := func() {
			o.log.LogAttrs(ctx, slog.LevelInfo, "request served", slog.String("tenant", "a"), slog.Int("status", 200))
		}
		for range 20 {
			call()
		}
		if n := testing.AllocsPerRun(1000, call); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
		o.end()
	}
}
