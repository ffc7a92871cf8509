package memory_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/memory"
	"github.com/slogship/slogship/transport/transporttest"
)

func TestConformance(t *testing.T) {
	transporttest.Run(t, transporttest.Harness{
		Start: func(t testing.TB, p *transporttest.Peer) transport.Destination {
			sink := memory.New()
			p.Read = func() []string { return entries(sink.Records()) }
			return sink
		},
		Message: func(entry string) (string, error) {
			quoted, err := strconv.QuotedPrefix(entry)
			if err != nil {
				return "", err
			}
			return strconv.Unquote(quoted)
		},
	})
}

// entries writes records down, all that they point to included.
func entries(recs []encode.Record) []string {
	lines := make([]string, len(recs))
	for i, r := range recs {
		lines[i] = fmt.Sprintf("%q %v %+v %+v %q", r.Message, r.Attrs, r.Stack, *r.Resource, r.Scope)
	}
	return lines
}

func record(message string, attrs ...slog.Attr) encode.Record {
	return encode.Record{Message: message, Attrs: attrs, Resource: &encode.Resource{}}
}

func open(t *testing.T, sink *memory.Sink) transport.Transport {
	t.Helper()
	tr, err := sink.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	return tr
}

func send(t *testing.T, tr transport.Transport, messages ...string) {
	t.Helper()
	for _, m := range messages {
		if err := tr.Send(t.Context(), []encode.Record{record(m)}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRecordsAreTheCallers holds that neither the sender nor a test that
// changes what it got can change what the next one gets.
func TestRecordsAreTheCallers(t *testing.T) {
	sink := memory.New()
	attrs := []slog.Attr{slog.Any("b", []byte("sent"))}
	rec := record("m", attrs...)
	if err := open(t, sink).Send(t.Context(), []encode.Record{rec}); err != nil {
		t.Fatal(err)
	}
	attrs[0] = slog.String("b", "changed by the sender")
	sink.Records()[0].Attrs[0].Value.Any().([]byte)[0] = '!'
	sink.Records()[0].Attrs[0].Key = "changed by a reader"
	sink.Records()[0].Resource.Service = "changed by a reader"
	got := sink.Records()[0]
	if b := memory.Attr(got, "b").Any().([]byte); string(b) != "sent" || got.Resource.Service != "" {
		t.Errorf("the record in the sink was changed: %v", got)
	}
}

func TestSeveralTransportsOneSink(t *testing.T) {
	sink := memory.New()
	a, b := open(t, sink), open(t, sink)
	send(t, a, "1")
	send(t, b, "2")
	a.Close()
	send(t, b, "3")
	if got, want := sink.Messages(), []string{"1", "2", "3"}; !slices.Equal(got, want) {
		t.Errorf("messages %q, want %q", got, want)
	}
}

func TestReset(t *testing.T) {
	sink := memory.New()
	tr := open(t, sink)
	send(t, tr, "before")
	sink.Reset()
	if got := sink.Records(); len(got) != 0 {
		t.Errorf("after Reset: %v", got)
	}
	send(t, tr, "after")
	if got := sink.Messages(); !slices.Equal(got, []string{"after"}) {
		t.Errorf("messages %q", got)
	}
}

// TestFail holds that a failed Send takes nothing and that its error reaches
// the worker with its meaning.
func TestFail(t *testing.T) {
	sink := memory.New()
	tr := open(t, sink)
	sink.Fail(transport.Permanent(io.ErrUnexpectedEOF))
	err := tr.Send(t.Context(), []encode.Record{record("refused")})
	if !errors.Is(err, io.ErrUnexpectedEOF) || !transport.Classify(err, 1).Permanent {
		t.Errorf("Send returned %v", err)
	}
	sink.Fail(nil)
	send(t, tr, "taken")
	if got := sink.Messages(); !slices.Equal(got, []string{"taken"}) {
		t.Errorf("messages %q", got)
	}
}

// TestWait lets time stand still: Wait returns with the record that it waits
// for, not after some pause, and several may wait for different numbers.
func TestWait(t *testing.T) {
	sink := memory.New() // outside of the bubble, as a package's helper may make it
	synctest.Test(t, func(t *testing.T) {
		tr := open(t, sink)
		var wg sync.WaitGroup
		var returned [4]time.Duration
		start := time.Now()
		for n := range returned {
			wg.Go(func() {
				if got, err := sink.Wait(t.Context(), n); err != nil || len(got) < n {
					t.Errorf("Wait(%d) = %d records, %v", n, len(got), err)
				}
				returned[n] = time.Since(start)
			})
		}
		for i := range 3 {
			time.Sleep(time.Hour)
			send(t, tr, strconv.Itoa(i))
		}
		wg.Wait()
		if want := [4]time.Duration{0, time.Hour, 2 * time.Hour, 3 * time.Hour}; returned != want {
			t.Errorf("Wait returned after %v, want %v", returned, want)
		}
	})
}

func TestWaitForTooMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := memory.New()
		send(t, open(t, sink), "only")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		got, err := sink.Wait(ctx, 2)
		if !errors.Is(err, context.DeadlineExceeded) || len(got) != 1 {
			t.Errorf("Wait = %d records, %v", len(got), err)
		}
	})
}

// TestConcurrentUse is for the race detector: all methods at once.
func TestConcurrentUse(t *testing.T) {
	sink := memory.New()
	const senders, each = 8, 50
	var wg sync.WaitGroup
	for range senders {
		tr := open(t, sink)
		wg.Go(func() {
			for range each {
				if err := tr.Send(t.Context(), []encode.Record{record("m")}); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() { sink.Records(); sink.Messages() })
		wg.Go(func() { sink.Wait(t.Context(), each) })
	}
	wg.Wait()
	if got := len(sink.Records()); got != senders*each {
		t.Errorf("%d records, want %d", got, senders*each)
	}
}

// TestNoGoroutines counts them around the whole life of a sink.
func TestNoGoroutines(t *testing.T) {
	before := runtime.NumGoroutine()
	sink := memory.New()
	tr := open(t, sink)
	send(t, tr, "m")
	if _, err := sink.Wait(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines, %d before", n, before)
	}
}

func TestAttr(t *testing.T) {
	rec := record("m",
		slog.Int("n", 1), slog.Int("n", 2),
		slog.Group("g", slog.String("a", "x"), slog.Group("h", slog.Bool("deep", true))),
		slog.Group("g", slog.String("b", "y")),
		slog.String("leaf", "no group"),
	)
	tests := []struct {
		path []string
		want slog.Value
	}{
		{[]string{"n"}, slog.IntValue(2)},
		{[]string{"g", "a"}, slog.StringValue("x")},
		{[]string{"g", "b"}, slog.StringValue("y")},
		{[]string{"g", "h", "deep"}, slog.BoolValue(true)},
		{[]string{"g", "none"}, slog.Value{}},
		{[]string{"none"}, slog.Value{}},
		{[]string{"leaf", "n"}, slog.Value{}},
		{nil, slog.Value{}},
	}
	for _, test := range tests {
		if got := memory.Attr(rec, test.path...); !got.Equal(test.want) {
			t.Errorf("Attr(%q) = %v, want %v", test.path, got, test.want)
		}
	}
}
