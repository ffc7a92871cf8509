package handler_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/memory"
)

// Incidents that no other test here is about: see INCIDENTS.md.

// hung is a destination that takes a batch and never answers.
type hung struct{ began chan struct{} }

func (d *hung) Open() (transport.Transport, error) { return d, nil }
func (*hung) Describe() transport.Description      { return transport.Description{} }
func (*hung) Close() error                         { return nil }
func (d *hung) Send(ctx context.Context, _ []encode.Record) error {
	select {
	case d.began <- struct{}{}:
	default:
	}
	<-ctx.Done()
	return ctx.Err()
}

// I61: a client that held its lock while it wrote made its host wait for the
// network, and Close wait for ever. Here a Send hangs until its time is up, and
// neither a call nor Close beyond its deadline notices.
func TestCallsDoNotWaitForTheDestination(t *testing.T) {
	for _, o := range []*handler.Options{{InMemory: true}, {Dir: t.TempDir()}} {
		to := &hung{began: make(chan struct{}, 1)}
		h, err := handler.New([]route.Route{{Name: "test", To: to}}, o)
		if err != nil {
			t.Fatal(err)
		}
		logger := slog.New(h)
		logger.Info("first")
		<-to.began // and from here on it hangs: the default deadline is 30 s
		for range 20_000 {
			logger.Info("while it hangs", "n", 1)
		}
		if s := h.Stats(); s.Routes[0].Logged != 20_001 || s.Routes[0].Delivered != 0 {
			t.Errorf("%+v", s.Routes[0])
		}
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		start := time.Now()
		err = h.Close(ctx)
		cancel()
		if took := time.Since(start); took > 20*time.Second { // 30 s is what it would wait for Send
			t.Errorf("Close took %v", took)
		}
		if _, ok := errors.AsType[*handler.UndeliveredError](err); !ok {
			t.Errorf("Close: %v", err)
		}
	}
}

// I62, T36: calls, children, Flush, Stats and two Closes at a time. Nothing
// panics, and whatever was taken before the end is delivered or said to be late.
func TestFlushRacesClose(t *testing.T) {
	for round := range 20 {
		o := &handler.Options{InMemory: true}
		if round%2 == 0 {
			o = &handler.Options{Dir: t.TempDir()}
		}
		sink := memory.New()
		h, err := handler.New([]route.Route{{Name: "test", To: sink}}, o)
		if err != nil {
			t.Fatal(err)
		}
		ctx := t.Context()
		var took, late atomic.Uint64
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				for i := range 100 {
					clone := h.WithGroup("g").WithAttrs([]slog.Attr{slog.Int("i", i)})
					r := slog.NewRecord(time.Now(), slog.LevelInfo, "m", 0)
					switch err := clone.Handle(ctx, r); {
					case err == nil:
						took.Add(1)
					case errors.Is(err, handler.ErrClosed):
						late.Add(1)
						return // it is on stderr now; one line each is enough
					case errors.Is(err, handler.ErrStalled): // a busy disk is not what is tried
					default:
						t.Error(err)
					}
				}
			})
			group.Go(func() {
				for range 10 {
					_ = h.Flush(ctx) // after Close it may say so
					_ = h.Stats()
				}
			})
		}
		for range 2 {
			group.Go(func() {
				if err := h.Close(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		var got uint64
		for _, rec := range sink.Records() { // and perhaps a report of those that came late
			if rec.Message == "m" {
				got++
			}
		}
		if got != took.Load() {
			t.Fatalf("%d taken, %d late, %d delivered", took.Load(), late.Load(), got)
		}
	}
}

// The same for a Direct route, whose calls and Close meet at the transport: each
// call is delivered, or late and says so.
func TestDirectRacesClose(t *testing.T) {
	quietStderr(t)
	for range share(200, 5000) {
		sink := memory.New()
		h, err := handler.New([]route.Route{{Name: "test", To: sink, Direct: true}}, &handler.Options{InMemory: true, OnError: func(err error) { t.Error(err) }})
		if err != nil {
			t.Fatal(err)
		}
		var took, late atomic.Uint64
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				for late.Load() < 8 {
					switch err := h.Log(t.Context(), slog.LevelInfo, "m"); {
					case err == nil:
						took.Add(1)
					case errors.Is(err, handler.ErrClosed):
						late.Add(1)
					default:
						t.Error(err)
						return
					}
				}
			})
		}
		mustClose(t, h)
		group.Wait()
		if s := sum(t, h); s.Delivered != took.Load() || s.Dropped["closed"]["INFO"] != late.Load() || len(sink.Records()) != int(took.Load()) {
			t.Fatalf("%d taken, %d late, %d delivered: %+v", took.Load(), late.Load(), len(sink.Records()), s)
		}
	}
}
