package httplog_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/handler/httplog"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/memory"
)

// What a request logs below the route's level arrives if the request fails,
// however it is told; of the others nothing is kept when they have ended, though
// all are of one trace.
func TestDebugOnError(t *testing.T) {
	for name, c := range map[string]struct {
		fail func(w http.ResponseWriter, log *slog.Logger, ctx context.Context)
		want []string
	}{
		"well":    {func(http.ResponseWriter, *slog.Logger, context.Context) {}, nil},
		"answer":  {func(w http.ResponseWriter, _ *slog.Logger, _ context.Context) { w.WriteHeader(500) }, []string{"step 1", "GET"}},
		"handler": {func(_ http.ResponseWriter, l *slog.Logger, ctx context.Context) { l.ErrorContext(ctx, "failed") }, []string{"step 1", "failed", "GET"}},
		"panic":   {func(http.ResponseWriter, *slog.Logger, context.Context) { panic("failed") }, []string{"step 1", "panic: failed", "GET"}},
	} {
		sink := memory.New()
		h, err := handler.New([]route.Route{{
			Name: "test", To: sink, Levels: route.AtLeast(slog.LevelError), DebugOnError: route.DebugOnError{From: slog.LevelDebug},
			Buffer: route.Buffer{StallTimeout: time.Minute}, // the machine may be busy
		}}, &handler.Options{InMemory: true, Trace: httplog.Trace})
		if err != nil {
			t.Fatal(err)
		}
		log, fails := slog.New(h), false
		logged := httplog.Middleware(&httplog.Options{Logger: log})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n := 0
			if fails {
				n = 1
			}
			log.DebugContext(r.Context(), fmt.Sprint("step ", n))
			if fails {
				c.fail(w, log, r.Context())
			}
		}))
		for _, fails = range []bool{false, true, false} {
			r := request("GET", "/")
			r.Header.Set("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
			logged.ServeHTTP(httptest.NewRecorder(), r)
		}
		if s := h.Stats().Routes[0]; s.DebugKept != 0 || s.DebugEvicted != 0 {
			t.Errorf("%s: %d kept, %d evicted", name, s.DebugKept, s.DebugEvicted)
		}
		if err := h.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := sink.Messages(); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
