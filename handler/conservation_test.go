package handler_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/memory"
)

// sum checks DESIGN §1: logged + recovered = delivered + dropped + dead + buffered.
func sum(t *testing.T, h *handler.Handler) handler.RouteStats {
	t.Helper()
	s := h.Stats().Routes[0]
	if s.Logged+s.Recovered != s.Delivered+s.Dropped.Total()+s.Dead+s.Buffered {
		t.Errorf("the sum does not hold: %+v", s)
	}
	return s
}

// A destination that is away keeps nothing from anyone: what is on disk is
// delivered by the next handler (T35).
func TestCloseWhileAwayKeepsEverything(t *testing.T) {
	dir, sink := t.TempDir(), memory.New()
	sink.Fail(errors.New("away"))
	routes := patiently(route.Route{Name: "test", To: sink, Backoff: route.Backoff{MaxInterval: 10 * time.Millisecond}})
	o := &handler.Options{Dir: dir, OnError: func(error) {}}
	h, err := handler.New(routes, o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		slog.New(h).Info("m", "i", i)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var left *handler.UndeliveredError
	if err := h.Close(ctx); !errors.As(err, &left) || left.Routes[0].Records != 1000 || !left.Routes[0].OnDisk {
		t.Fatalf("Close: %v", err)
	}
	sum(t, h)
	sink.Fail(nil)
	if h, err = handler.New(routes, o); err != nil {
		t.Fatal(err)
	}
	if err := h.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := sum(t, h); s.Recovered != 1000 || s.Delivered != 1000 || s.Recovering {
		t.Errorf("%+v", s)
	}
}

// A record that the destination refuses for good is in dead.ndjson, the others
// arrive (T31).
func TestDeadLetterFile(t *testing.T) {
	dir, sink := t.TempDir(), memory.New()
	h, err := handler.New(patiently(route.Route{Name: "test", To: refusing{sink, "poison"}}), &handler.Options{Dir: dir, OnError: func(error) {}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		msg := "fine"
		if i == 42 {
			msg = "poison"
		}
		slog.New(h).Info(msg, "i", i)
	}
	if err := h.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := sum(t, h); s.Dead != 1 || s.Delivered != 99 {
		t.Errorf("%+v", s)
	}
	text, err := os.ReadFile(dir + "/test/dead.ndjson")
	if err != nil || strings.Count(string(text), "\n") != 1 || !strings.Contains(string(text), `"reason":"refused"`) {
		t.Errorf("dead.ndjson: %v %s", err, text)
	}
}

// refusing refuses batches with one message in them for good.
type refusing struct {
	*memory.Sink
	msg string
}

func (r refusing) Open() (transport.Transport, error) {
	inner, err := r.Sink.Open()
	return refuser{inner, r.msg}, err
}
