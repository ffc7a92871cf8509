package sentry_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/sentry"
)

// logEntry is a log as a server reads it.
type logEntry struct {
	TraceID    string `json:"trace_id"`
	SpanID     string `json:"span_id"`
	Level      string
	Severity   int `json:"severity_number"`
	Body       string
	Attributes map[string]struct {
		Value any
		Type  string
	}
}

// logsOf reads the items of a server's log envelopes.
func logsOf(t *testing.T, s *server) (logs []logEntry, sizes []int) {
	t.Helper()
	for _, it := range s.of("log") {
		var items struct{ Items []logEntry }
		if err := json.Unmarshal(it.payload, &items); err != nil || len(items.Items) != it.count {
			t.Fatalf("%d items said, %d there, %v", it.count, len(items.Items), err)
		}
		logs, sizes = append(logs, items.Items...), append(sizes, it.count)
	}
	return logs, sizes
}

// TestLogs: at most 100 in an envelope, no other item beside them, and all of the
// record in each.
func TestLogs(t *testing.T) {
	s, d := newServer(t, nil)
	d.Mode = sentry.Logs
	recs := batch(250)
	recs[0] = record("first", slog.Int("n", 3), slog.Float64("f", 1.5), slog.Bool("b", true), slog.Group("g", slog.String("s", "x")),
		slog.Any("err", &encode.Error{Type: "T", Message: "broken"}), slog.String("sentry.release", "forged"))
	recs[0].Trace = encode.Trace{TraceID: [16]byte{7}, SpanID: [8]byte{8}}
	recs[0].Level = 2
	recs[0].Scope = "db"
	if err := open(t, d).Send(t.Context(), recs); err != nil {
		t.Fatal(err)
	}
	logs, sizes := logsOf(t, s)
	if len(logs) != 250 || len(sizes) != 3 || sizes[0] != 100 || sizes[2] != 50 || len(s.events()) != 0 {
		t.Fatalf("%d logs in envelopes of %v", len(logs), sizes)
	}
	l := logs[0]
	if l.TraceID != "07000000000000000000000000000000" || l.SpanID != "0800000000000000" || l.Level != "info" || l.Severity != 11 || l.Body != "first" {
		t.Errorf("%+v", l)
	}
	for name, want := range map[string]any{
		"n": 3.0, "f": 1.5, "b": true, "g.s": "x", "err": "broken", "sentry.release": "shop@1.2", "sentry.release_2": "forged",
		"sentry.environment": "test", "server.address": "a1", "logger.name": "db", "log.record.uid": recs[0].ID.String(),
	} {
		if got := l.Attributes[name].Value; got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if l.Attributes["n"].Type != "integer" || l.Attributes["f"].Type != "double" || l.Attributes["b"].Type != "boolean" {
		t.Errorf("types %+v", l.Attributes)
	}
	if logs[1].TraceID == "00000000000000000000000000000000" || logs[1].TraceID != logs[2].TraceID || logs[1].SpanID != "" {
		t.Errorf("of a process without traces: %q, %q, span %q", logs[1].TraceID, logs[2].TraceID, logs[1].SpanID)
	}
}

// TestBoth: a log of each record, an event of those that are errors, in envelopes
// of their own.
func TestBoth(t *testing.T) {
	s, d := newServer(t, func(_ int, _ http.ResponseWriter, items []got) bool {
		for _, it := range items {
			if it.kind != items[0].kind {
				t.Errorf("%q and %q in one envelope", items[0].kind, it.kind)
			}
		}
		return false
	})
	d.Mode = sentry.Both
	recs := batch(3)
	recs[1].Level = slog.LevelInfo
	if err := open(t, d).Send(t.Context(), recs); err != nil {
		t.Fatal(err)
	}
	if logs, _ := logsOf(t, s); len(logs) != 3 || len(s.events()) != 2 {
		t.Errorf("%d logs, %d events", len(logs), len(s.events()))
	}
}

// TestBothFails: no record is done with while its log is not sent.
func TestBothFails(t *testing.T) {
	for name, fails := range map[string]string{"at an event": "event", "at the logs": "log"} {
		t.Run(name, func(t *testing.T) {
			_, d := newServer(t, func(n int, w http.ResponseWriter, items []got) bool {
				bad := n > 1 && items[0].kind == fails
				if bad {
					w.WriteHeader(http.StatusServiceUnavailable)
				}
				return bad
			})
			d.Mode = sentry.Both
			out := transport.Classify(open(t, d).Send(t.Context(), batch(3)), 3)
			if out.Batch == nil {
				return // one plain error for all is right as well
			}
			for i, err := range out.Batch.Errs {
				if err == nil {
					t.Errorf("record %d is done with", i)
				}
			}
		})
	}
}

// TestBothRefusesLogs: events that were taken do not keep the worker from finding
// the log that is refused; else the same batch would go again for ever.
func TestBothRefusesLogs(t *testing.T) {
	_, d := newServer(t, func(_ int, w http.ResponseWriter, items []got) bool {
		refused := items[0].kind == "log" && strings.Contains(string(items[0].payload), "poison")
		if refused {
			w.WriteHeader(http.StatusBadRequest)
		}
		return refused
	})
	d.Mode = sentry.Both
	tr, recs := open(t, d), batch(4)
	recs[2].Level, recs[2].Message = slog.LevelInfo, "poison"
	if err := tr.Send(t.Context(), recs); !transport.Classify(err, 4).Permanent {
		t.Errorf("the batch: %v", err)
	}
	if err := tr.Send(t.Context(), recs[:2]); err != nil { // as the worker divides it
		t.Errorf("without it: %v", err)
	}
	if out := transport.Classify(tr.Send(t.Context(), recs[2:3]), 1); out.Batch == nil || !transport.Classify(out.Batch.Errs[0], 1).Permanent {
		t.Errorf("alone: %+v", out)
	}
}

// TestLogLimits: a limit of bytes is one of logs, and not of events.
func TestLogLimits(t *testing.T) {
	s, d := newServer(t, func(n int, w http.ResponseWriter, _ []got) bool {
		w.Header().Set("X-Sentry-Rate-Limits", "60:log_byte:organization")
		return false
	})
	d.Mode = sentry.Both
	lost := map[string]int{}
	d.OnDiscard = func(reason, category string, n int) { lost[category] += n }
	tr := open(t, d)
	for range 2 {
		if err := tr.Send(t.Context(), batch(5)); err != nil {
			t.Fatal(err)
		}
	}
	if logs, _ := logsOf(t, s); len(logs) != 0 || len(s.events()) != 10 || lost["log_item"] != 10 || lost["log_byte"] < 1000 || lost["error"] != 0 {
		t.Errorf("%d logs, %d events, discarded %v", len(logs), len(s.events()), lost)
	}
}

// TestLogsRefused: the worker finds the guilty one of several, and it alone is
// refused.
func TestLogsRefused(t *testing.T) {
	s, d := newServer(t, func(_ int, w http.ResponseWriter, items []got) bool {
		var logs struct{ Items []logEntry }
		_ = json.Unmarshal(items[0].payload, &logs) // no items: nothing is refused
		for _, l := range logs.Items {
			if l.Body == "record 5" {
				w.WriteHeader(http.StatusBadRequest)
				return true
			}
		}
		return false
	})
	d.Mode = sentry.Logs
	tr := open(t, d)
	if out := transport.Classify(tr.Send(t.Context(), batch(8)), 8); !out.Permanent {
		t.Errorf("%+v", out)
	}
	if out := transport.Classify(tr.Send(t.Context(), batch(8)[5:6]), 1); out.Batch == nil || !transport.Classify(out.Batch.Errs[0], 1).Permanent {
		t.Errorf("%+v", out)
	}
	out := transport.Classify(tr.Send(t.Context(), batch(150)), 150)
	if logs, _ := logsOf(t, s); out.Batch == nil || out.Batch.Errs[120] != nil || out.Batch.Errs[5] == nil || len(logs) != 50 {
		t.Errorf("%d logs arrived, %+v", len(logs), out)
	}
}

// TestLogReport: with logs alone, a report has an envelope of its own, once the
// server takes something again.
func TestLogReport(t *testing.T) {
	var discarded atomic.Bool
	s, d := newServer(t, func(_ int, w http.ResponseWriter, items []got) bool {
		if len(items) != 1 {
			t.Errorf("%d items in one envelope", len(items))
		}
		if !discarded.Load() { // again, if a busy machine let the time pass
			w.Header().Set("X-Sentry-Rate-Limits", "0.2:log_item:key")
		}
		return false
	})
	d.Mode, d.OnDiscard = sentry.Logs, func(string, string, int) { discarded.Store(true) }
	tr := open(t, d)
	for deadline := time.Now().Add(30 * time.Second); len(s.of("client_report")) == 0; {
		if time.Now().After(deadline) {
			t.Fatal("no report")
		}
		if err := tr.Send(t.Context(), batch(2)); err != nil {
			t.Fatal(err)
		}
	}
	if report := string(s.of("client_report")[0].payload); !strings.Contains(report, `"ratelimit_backoff"`) || !strings.Contains(report, `"log_byte"`) {
		t.Error(report)
	}
}
