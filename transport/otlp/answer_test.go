package otlp_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	"google.golang.org/protobuf/proto"

	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/httpstatus"
	"github.com/slogship/slogship/transport/otlp"
)

// TestStatusHTTP is the table of HTTP's statuses (T28), and Retry-After (T30).
func TestStatusHTTP(t *testing.T) {
	for code, want := range map[int]transport.Outcome{
		400: {Permanent: true}, 422: {Permanent: true}, 413: {TooLarge: true},
		401: {}, 403: {}, 404: {}, 405: {}, 415: {}, 500: {}, 502: {}, 504: {}, 301: {},
		429: {After: 7 * time.Second}, 503: {After: 7 * time.Second},
	} {
		s := &server{answer: func(w http.ResponseWriter, _ int) {
			if want.After > 0 {
				w.Header().Set("Retry-After", "7")
			}
			http.Error(w, "the reason", code)
		}}
		err := open(t, plainly(t, s)).Send(t.Context(), batch(0, 3))
		if out := transport.Classify(err, 3); err == nil || out != want {
			t.Errorf("%d: Send = %v, outcome %+v, want %+v", code, err, out, want)
		}
		if e, ok := errors.AsType[*httpstatus.Error](err); !ok || e.Status != code || e.Body != "the reason" {
			t.Errorf("%d: %v does not say what the receiver said", code, err)
		}
	}
}

// respond answers with a response of the official type.
func respond(w http.ResponseWriter, p *collogs.ExportLogsPartialSuccess) {
	body, _ := proto.Marshal(&collogs.ExportLogsServiceResponse{PartialSuccess: p})
	w.Header().Set("Content-Type", "application/x-protobuf")
	_, _ = w.Write(body)
}

// TestPartial: rejected records are counted and shown with the receiver's words,
// without a secret that these repeat; they do not go again (T32). A message alone
// is a warning.
func TestPartial(t *testing.T) {
	const secret = "t0k3n-t0k3n"
	rejected := []int64{2, 0, 5, 1 << 40, -1}
	s := &server{answer: func(w http.ResponseWriter, n int) {
		respond(w, &collogs.ExportLogsPartialSuccess{RejectedLogRecords: rejected[n], ErrorMessage: "for " + secret + "\x1b\n"})
	}}
	d := plainly(t, s)
	var seen []otlp.Partial
	d.OnPartial = func(p otlp.Partial) { seen = append(seen, p) }
	tr := open(t, d)
	for range 2 {
		if err := tr.Send(t.Context(), batch(0, 5)); err != nil {
			t.Errorf("Send: %v", err)
		}
	}
	for range 3 {
		wantAllRejected(t, tr.Send(t.Context(), batch(0, 5)), 5)
	}
	if len(seen) != 5 || seen[0].Rejected != 2 || seen[1].Rejected != 0 || seen[1].Total != 2 || seen[4].Total != 17 {
		t.Errorf("shown: %+v", seen)
	}
	if m := seen[0].Error(); strings.ContainsAny(m, "\x1b\n") || !strings.Contains(m, "2 of 5") {
		t.Errorf("shown as %q", m)
	}
}

// TestOddAnswers: what receivers say that do not go by the book is taken; a page
// is not, nor a message that breaks off.
func TestOddAnswers(t *testing.T) {
	for _, c := range []struct {
		kind, body string
		taken      bool
	}{
		{"application/x-protobuf", "", true},
		{"application/json", "{}", true},
		{"text/plain", "ok\n", true},
		{"", "", true},
		{"application/x-protobuf", "\x0a\x20\x08\x01", false},
		{"application/x-protobuf", "{}", false},
		{"text/html; charset=utf-8", "<html>please log in</html>", false},
		{"application/x-protobuf", strings.Repeat("\x12\x7f"+strings.Repeat("x", 127), 9000), false},
	} {
		s := &server{answer: func(w http.ResponseWriter, _ int) {
			w.Header().Set("Content-Type", c.kind)
			fmt.Fprint(w, c.body)
		}}
		err := open(t, plainly(t, s)).Send(t.Context(), batch(0, 2))
		if c.taken && err != nil || !c.taken && !errors.Is(err, otlp.ErrAnswer) {
			t.Errorf("%s %.20q: Send = %v", c.kind, c.body, err)
		}
		if out := transport.Classify(err, 2); out != (transport.Outcome{}) {
			t.Errorf("%s %.20q: outcome %+v", c.kind, c.body, out)
		}
	}
}

// TestSplitAnswers: of several requests of one Send each record gets its own
// answer, and a refusal does not condemn a request's other records.
func TestSplitAnswers(t *testing.T) {
	for _, c := range []struct {
		code      int
		requests  int
		permanent bool
	}{{400, 3, false}, {413, 3, false}, {503, 2, false}} {
		s := &server{answer: func(w http.ResponseWriter, n int) {
			if n == 1 {
				w.Header().Set("Retry-After", "9")
				w.WriteHeader(c.code)
			}
		}}
		d := plainly(t, s)
		d.MaxMessage = 64 << 10
		recs := batch(0, 15)
		for i := range recs {
			recs[i].Message = strings.Repeat("m", 12<<10) // five a request
		}
		err := open(t, d).Send(t.Context(), recs)
		out := transport.Classify(err, len(recs))
		if out.Batch == nil || len(s.requests()) != c.requests || c.code != 400 && out.After != 9*time.Second {
			t.Fatalf("%d: %d requests, %v", c.code, len(s.requests()), err)
		}
		for i, e := range out.Batch.Errs {
			failed := i >= 5 && i < 10 || i >= 10 && c.requests == 2
			one := transport.Classify(e, 1)
			if (e != nil) != failed || one.Permanent || one.TooLarge {
				t.Errorf("%d: record %d: %v", c.code, i, e)
			}
		}
	}
}
