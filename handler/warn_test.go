package handler_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"

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
			h, err := handler.New([]route.Route{r}, &handler.Options{Dir: t.TempDir(), MinFree: -1, OnError: func(error) { heard.Add(1) }})
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
