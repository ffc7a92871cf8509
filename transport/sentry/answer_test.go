package sentry_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/getsentry/sentry-go"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/httpstatus"
	"github.com/slogship/slogship/transport/sentry"
)

// TestAnswers is the error table: what each status makes of a Send of one record.
func TestAnswers(t *testing.T) {
	for _, test := range []struct {
		status  int
		body    string
		header  string // Retry-After
		want    transport.Outcome
		arrives bool // Send returns nil
	}{
		{200, `{"id":"x"}`, "", transport.Outcome{}, true},
		{400, "bad envelope", "", transport.Outcome{Permanent: true}, false},
		{401, "who", "", transport.Outcome{}, false},
		{403, "ProjectId", "", transport.Outcome{}, false},
		{404, "", "", transport.Outcome{}, false},
		{413, "", "", transport.Outcome{TooLarge: true}, false},
		{429, "", "", transport.Outcome{}, true}, // discarded
		{500, "", "", transport.Outcome{}, false},
		{503, "", "7", transport.Outcome{After: 7 * time.Second}, false},
		{302, "", "", transport.Outcome{}, false},
	} {
		t.Run(fmt.Sprint(test.status, test.body), func(t *testing.T) {
			_, d := newServer(t, func(_ int, w http.ResponseWriter, _ []got) bool {
				if test.header != "" {
					w.Header().Set("Retry-After", test.header)
				}
				w.WriteHeader(test.status)
				io.WriteString(w, test.body)
				return true
			})
			err := open(t, d).Send(t.Context(), batch(1))
			if (err == nil) != test.arrives {
				t.Fatalf("Send = %v", err)
			}
			out := transport.Classify(err, 1)
			if out.Batch != nil { // the record's own answer
				out = transport.Classify(out.Batch.Errs[0], 1)
			}
			if out != test.want {
				t.Errorf("Send = %v, which asks for %+v; want %+v", err, out, test.want)
			}
			if e, ok := errors.AsType[*httpstatus.Error](err); ok && strings.Contains(fmt.Sprintf("%v %+v", e, err), testKey) {
				t.Errorf("the key is in %v", err)
			}
		})
	}
}

// TestStopsAtFailure: what is before the failure is accepted, and what is behind
// it is not tried.
func TestStopsAtFailure(t *testing.T) {
	s, d := newServer(t, func(n int, w http.ResponseWriter, _ []got) bool {
		switch n {
		case 2:
			w.WriteHeader(http.StatusBadRequest)
		case 4:
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return n == 2 || n == 4
	})
	err := open(t, d).Send(t.Context(), batch(6))
	out := transport.Classify(err, 6)
	if out.Batch == nil {
		t.Fatalf("Send = %v", err)
	}
	var kinds []string
	for _, child := range out.Batch.Errs {
		switch {
		case child == nil:
			kinds = append(kinds, "taken")
		case transport.Classify(child, 1).Permanent:
			kinds = append(kinds, "refused")
		default:
			kinds = append(kinds, "again")
		}
	}
	if want := []string{"taken", "refused", "taken", "again", "again", "again"}; !slices.Equal(kinds, want) || s.asked() != 4 {
		t.Errorf("%v after %d requests, want %v", kinds, s.asked(), want)
	}
}

// TestLimits: a limit for errors discards events without a request, those of other
// categories do not, and the next envelope says how many.
func TestLimits(t *testing.T) {
	for _, test := range []struct {
		header  string
		status  int
		limited bool
	}{
		{"60:error:key", 200, true},
		{"60:transaction;error;security:organization", 200, true},
		{"60::organization", 200, true},
		{"60", 200, true},
		{"2700:default:x, 60:error:x", 200, true},
		{"60:transaction:key", 200, false},
		{"60:log_item:key", 200, false},
		{"0:error:key", 200, false},
		{"never:error", 200, false},
		{"", 429, true},
		{"", 503, false},
	} {
		t.Run(fmt.Sprint(test.header, test.status), func(t *testing.T) {
			s, d := newServer(t, func(n int, w http.ResponseWriter, _ []got) bool {
				if n > 1 {
					return false
				}
				if test.header != "" {
					w.Header().Set("X-Sentry-Rate-Limits", test.header)
				}
				w.WriteHeader(test.status)
				return true
			})
			lost := 0
			d.OnDiscard = func(reason, category string, n int) {
				if reason != "ratelimit_backoff" || category != "error" {
					t.Errorf("discarded %q %q", reason, category)
				}
				lost += n
			}
			tr := open(t, d)
			_ = tr.Send(t.Context(), batch(1)) // 503: it is not what is looked at
			lost = 0
			if err := tr.Send(t.Context(), batch(3)); err != nil {
				t.Fatalf("Send = %v", err)
			}
			if limited := s.asked() == 1; limited != test.limited || limited != (lost == 3) {
				t.Errorf("%d requests, %d discarded", s.asked(), lost)
			}
		})
	}
}

// TestKeepLimited keeps what the server does not want, for as long as it says.
func TestKeepLimited(t *testing.T) {
	s, d := newServer(t, func(_ int, w http.ResponseWriter, _ []got) bool {
		w.Header().Set("X-Sentry-Rate-Limits", "90:error:key")
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	})
	d.KeepLimited = true
	tr := open(t, d)
	for range 2 {
		err := tr.Send(t.Context(), batch(2))
		out := transport.Classify(err, 2)
		if !errors.Is(err, sentry.ErrLimited) || out.After < 80*time.Second || out.After > 90*time.Second || out.Permanent {
			t.Errorf("Send = %v, which asks for %+v", err, out)
		}
	}
	if s.asked() != 1 {
		t.Errorf("%d requests during a limit", s.asked())
	}
}

// TestClientReport: what BeforeSend discards is in a report with the next event,
// and again with the one after that when the first did not arrive.
func TestClientReport(t *testing.T) {
	s, d := newServer(t, func(n int, w http.ResponseWriter, _ []got) bool {
		if n == 1 {
			w.WriteHeader(http.StatusBadGateway)
		}
		return n == 1
	})
	d.BeforeSend = func(e *sdk.Event, rec *encode.Record) *sdk.Event {
		if rec.Message != "record 3" {
			return nil
		}
		e.EventID = "of no use"
		e.Tags["seen"] = "yes"
		return e
	}
	tr := open(t, d)
	recs := batch(4)
	err := tr.Send(t.Context(), recs)
	out := transport.Classify(err, 4)
	if out.Batch == nil || out.Batch.Errs[0] != nil || out.Batch.Errs[3] == nil {
		t.Fatalf("Send = %v", err)
	}
	if err := tr.Send(t.Context(), recs[3:]); err != nil {
		t.Fatal(err)
	}
	events, reports := s.events(), s.of("client_report")
	if len(events) != 1 || len(reports) != 1 || events[0].Tags["seen"] != "yes" || events[0].EventID == "of no use" {
		t.Fatalf("%d events, %d reports", len(events), len(reports))
	}
	var report struct {
		Timestamp time.Time
		Discarded []struct {
			Reason, Category string
			Quantity         int
		} `json:"discarded_events"`
	}
	if err := json.Unmarshal(reports[0].payload, &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Discarded) != 1 || report.Discarded[0].Reason != "before_send" || report.Discarded[0].Category != "error" || report.Discarded[0].Quantity != 3 {
		t.Errorf("report %s", reports[0].payload)
	}
}

// TestBeforeSendPanics: of it and of Template, the record is the dead letter's, and the worker lives.
func TestBeforeSendPanics(t *testing.T) {
	for name, hook := range map[string]func(*sdk.Event, *encode.Record) *sdk.Event{
		"panic":    func(*sdk.Event, *encode.Record) *sdk.Event { panic("hook") },
		"Template": nil,
		"no JSON": func(e *sdk.Event, _ *encode.Record) *sdk.Event {
			e.Contexts["x"] = sdk.Context{"f": func() {}}
			return e
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, d := newServer(t, nil)
			if d.BeforeSend = hook; hook == nil {
				d.Template = func(string) string { panic("template") }
			}
			out := transport.Classify(open(t, d).Send(t.Context(), batch(1)), 1)
			if out.Batch == nil || !errors.Is(out.Batch.Errs[0], sentry.ErrEvent) || !transport.Classify(out.Batch.Errs[0], 1).Permanent {
				t.Errorf("%+v", out)
			}
		})
	}
}
