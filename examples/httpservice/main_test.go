package main

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport/memory"
)

// What the command says of itself is so.
func TestRun(t *testing.T) {
	sink, out := memory.New(), new(strings.Builder)
	const orders = 60
	if err := run(out, sink, orders); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "60 orders, 1 failed") {
		t.Errorf("it says %q", out)
	}
	recs := sink.Records()
	failed := failedTrace(t, recs)
	good := map[encode.Trace]bool{}
	var story []string
	for i := range recs {
		rec := &recs[i]
		trace := encode.Trace{TraceID: rec.Trace.TraceID}
		switch {
		case rec.Message == "slogship discarded records": // what sampling left out, told at the end
		case rec.Trace.IsZero():
			t.Errorf("%q has no trace", rec.Message)
		case strings.Contains(memory.Attr(*rec, "url.path").String(), "health"):
			t.Errorf("a health check is logged")
		case trace == failed:
			story = append(story, rec.Scope+": "+rec.Message)
		case rec.Level < slog.LevelInfo:
			t.Errorf("%q of a request that went well", rec.Message)
		default:
			good[trace] = true
		}
		if id := memory.Attr(*rec, "http.request.id"); id.Kind() != slog.KindString && !rec.Trace.IsZero() {
			t.Errorf("%q has no request id", rec.Message)
		}
	}
	// A quarter of 59: 15 on average. Below 1 or above 45 is a matter of 1 in 10^7.
	if n := len(good); n < 1 || n > 45 {
		t.Errorf("%d of %d good orders were taken", n, orders-1)
	}
	told := strings.Join(story, "\n")
	for _, want := range []string{"shop: asking the stock", "stock: counting", "stock: panic: runtime error: index out of range [0] with length 0", "stock: GET /stock/{thing}", "shop: order failed", "shop: POST /orders/{thing}"} {
		if !strings.Contains(told, want) {
			t.Errorf("of the order that failed there is no %q:\n%s", want, told)
		}
	}
}

// failedTrace is the trace of the one order that failed, which both services
// have, with one request id.
func failedTrace(t *testing.T, recs []encode.Record) encode.Trace {
	t.Helper()
	var failed encode.Trace
	ids := map[string]bool{}
	for i := range recs {
		rec := &recs[i]
		if rec.Level < slog.LevelError {
			continue
		}
		trace := encode.Trace{TraceID: rec.Trace.TraceID}
		if failed.IsZero() {
			failed = trace
		}
		if trace != failed {
			t.Errorf("%q is of another trace", rec.Message)
		}
		ids[memory.Attr(*rec, "http.request.id").String()] = true
		if strings.HasPrefix(rec.Message, "panic") && (len(rec.Stack) == 0 || !strings.Contains(rec.Stack[0].Function, "stock.func")) {
			t.Errorf("the panic's stack is %v", rec.Stack)
		}
	}
	if failed.IsZero() || len(ids) != 1 {
		t.Fatalf("trace %v, ids %v", failed, ids)
	}
	return failed
}
