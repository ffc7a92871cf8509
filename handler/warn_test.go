package handler_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"

	"github.com/slogship/slogship/crypto"
	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/memory"
)

// warner warns in its first Send, as one does that has just connected.
type warner struct {
	transport.Transport
	warned *atomic.Bool
}

func (w warner) Send(ctx context.Context, recs []encode.Record) error {
	if w.warned.CompareAndSwap(false, true) {
		transport.Warn(ctx, "not verified", slog.String("server", "h"))
	}
	return w.Transport.Send(ctx, recs)
}

type warning struct{ sink *memory.Sink }

func (d warning) Open() (transport.Transport, error) {
	t, err := d.sink.Open()
	return warner{t, new(atomic.Bool)}, err
}

// warnsAlways warns in each Send of a record that was logged.
type warnsAlways struct{ transport.Transport }

func (w warnsAlways) Send(ctx context.Context, recs []encode.Record) error {
	if recs[0].Message == "m" {
		transport.Warn(ctx, "not verified", slog.String("server", "h"))
	}
	return w.Transport.Send(ctx, recs)
}

type warningAlways struct{ sink *memory.Sink }

func (d warningAlways) Open() (transport.Transport, error) {
	t, err := d.sink.Open()
	return warnsAlways{t}, err
}

// A warning goes by the policy that a Reload has brought, although nothing else of
// the route, and so nothing of how it delivers, has changed.
func TestWarningsAfterReload(t *testing.T) {
	sink := memory.New()
	r := route.Route{Name: "secured", To: warningAlways{sink}}
	h := opened(t, "memory", []route.Route{r})
	shown := func() slog.Value {
		t.Helper()
		sink.Reset()
		if err := h.Deliver(t.Context(), slog.LevelInfo, "m"); err != nil {
			t.Error(err)
		}
		for range 2 { // the second one waits for what a Send has added
			if err := h.Flush(t.Context()); err != nil {
				t.Error(err)
			}
		}
		recs := sink.Records()
		if len(recs) != 2 || recs[1].Message != "not verified" {
			t.Fatalf("arrived: %v", recs)
		}
		return memory.Attr(recs[1], "server")
	}
	if v := shown(); v.String() != "h" {
		t.Errorf("without a policy: %v", v)
	}
	r.Fields = &crypto.Policy{Rules: []crypto.Rule{{Key: "server", Do: crypto.Drop}}}
	mustReload(t, h, nil, r)
	if v := shown(); !v.Equal(slog.Value{}) {
		t.Errorf("with one that leaves it out: %v", v)
	}
	mustClose(t, h)
}

// S13: what a transport warns of is a record at its destination, and an error
// here; on every kind of buffer, also where an append may wait.
func TestS13_WarningsAreRecords(t *testing.T) {
	for name, r := range map[string]route.Route{
		"process": {}, "power": {Durability: route.Power()}, "block": {Buffer: route.Buffer{WhenFull: route.Block}},
	} {
		t.Run(name, func(t *testing.T) {
			sink := memory.New()
			r.Name, r.To = "secured", warning{sink}
			var heard atomic.Uint64
			h, err := handler.New(patiently(r), &handler.Options{Dir: t.TempDir(), MinFree: -1, OnError: func(error) { heard.Add(1) }})
			if err != nil {
				t.Fatal(err)
			}
			slog.New(h).Info("first")
			for range 2 { // the second one waits for what the first one's Send has added
				if err := h.Flush(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if err := h.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			recs := sink.Records()
			if len(recs) != 2 || recs[1].Message != "not verified" || recs[1].Level != slog.LevelWarn || recs[1].Attrs[0].Value.String() != "h" {
				t.Errorf("arrived: %v", recs)
			}
			if s := h.Stats().Routes[0]; s.Logged != 2 || s.Delivered != 2 || heard.Load() != 1 {
				t.Errorf("logged %d, delivered %d, errors %d", s.Logged, s.Delivered, heard.Load())
			}
		})
	}
}
