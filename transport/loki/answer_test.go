package loki_test

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport"
)

// replies answers each request with a status.
func replies(code int, header ...string) func(http.ResponseWriter, []string) bool {
	return func(w http.ResponseWriter, _ []string) bool {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		io.WriteString(w, "what the server\nsays")
		return true
	}
}

// TestAnswers is the table of the package's doc, for a batch of one stream.
func TestAnswers(t *testing.T) {
	for _, test := range []struct {
		status int
		header []string
		want   transport.Outcome
	}{
		{400, nil, transport.Outcome{Permanent: true}},
		{422, nil, transport.Outcome{Permanent: true}},
		{413, nil, transport.Outcome{TooLarge: true}},
		{429, []string{"Retry-After", "7"}, transport.Outcome{After: 7 * time.Second}},
		{429, nil, transport.Outcome{}},
		{503, []string{"Retry-After", "9"}, transport.Outcome{After: 9 * time.Second}},
		{500, nil, transport.Outcome{}},
		{401, nil, transport.Outcome{}},
		{404, nil, transport.Outcome{}},
		{260, nil, transport.Outcome{}}, // ingestion is blocked: 2xx, and nothing is stored
		{202, nil, transport.Outcome{}},
	} {
		s := &server{before: replies(test.status, test.header...)}
		err := testkit.Open(t, plainly(t, s)).Send(t.Context(), batch(0, 3))
		if err == nil {
			t.Errorf("%d: it was taken for an acknowledgement", test.status)
			continue
		}
		if got := transport.Classify(err, 3); got != test.want {
			t.Errorf("%d: %+v, want %+v", test.status, got, test.want)
		}
		if e := status(t, err); e.Status != test.status || e.Body != "what the server says" {
			t.Errorf("%d: the error has %d, %q", test.status, e.Status, e.Body)
		}
	}
}

// levels returns one record of each level; each is a stream if LevelLabel is set.
func levels(all ...slog.Level) []encode.Record {
	recs := batch(0, len(all))
	for i, l := range all {
		recs[i].Level = l
	}
	return recs
}

// TestStreamsAreAnsweredAlone: the answer to one stream is nothing to another.
func TestStreamsAreAnsweredAlone(t *testing.T) {
	s := &server{judge: func(e stored) string {
		if strings.Contains(e.labels, `level="warn"`) {
			return "entry too far behind"
		}
		return ""
	}}
	d := plainly(t, s)
	d.LevelLabel = true
	tr := testkit.Open(t, d)
	recs := levels(slog.LevelInfo, slog.LevelWarn, slog.LevelError)
	errs := testkit.Children(t, tr.Send(t.Context(), recs), len(recs))
	if errs[0] != nil || errs[2] != nil || !transport.Classify(errs[1], 1).Permanent {
		t.Errorf("answers %v: the record of the stream that was refused is Permanent, the others are taken", errs)
	}
	if len(s.all()) != 2 || len(s.requests()) != 3 {
		t.Errorf("%d entries by %d requests, want 2 by 3", len(s.all()), len(s.requests()))
	}
}

// TestGuiltyEntry: a stream that is refused for one entry goes again alone, and
// then the answer is for the worker to divide. Nothing is stored twice.
func TestGuiltyEntry(t *testing.T) {
	s := &server{judge: func(e stored) string {
		if e.line == "record 2" {
			return "entry for stream has timestamp too old"
		}
		return ""
	}}
	d := plainly(t, s)
	d.LevelLabel = true
	tr := testkit.Open(t, d)
	recs := levels(slog.LevelInfo, slog.LevelError, slog.LevelInfo, slog.LevelInfo)
	errs := testkit.Children(t, tr.Send(t.Context(), recs), len(recs))
	if errs[1] != nil {
		t.Errorf("the other stream: %v", errs[1])
	}
	var left []encode.Record
	for _, i := range []int{0, 2, 3} {
		if out := transport.Classify(errs[i], 1); errs[i] == nil || out != (transport.Outcome{}) {
			t.Errorf("record %d: %v, want a plain error", i, errs[i])
		}
		left = append(left, recs[i])
	}
	if out := transport.Classify(tr.Send(t.Context(), left), 3); !out.Permanent {
		t.Errorf("the stream alone: %+v, want Permanent", out)
	}
	testkit.Deliver(t, tr, left[2:])
	testkit.Deliver(t, tr, left[:1])
	err := tr.Send(t.Context(), left[1:2])
	if !transport.Classify(err, 1).Permanent || status(t, err).Body != "entry for stream has timestamp too old" {
		t.Errorf("the guilty record alone: %v", err)
	}
	if n := len(s.all()); n != 3 {
		t.Errorf("%d entries, want 3", n)
	}
	if s.twice == 0 {
		t.Errorf("nothing was dropped as a duplicate: the records that go again differ from what was stored")
	}
}

// TestFailureStopsTheSend: where a stream gets no answer about its entries, the
// server is not asked for the others; what was stored before stays accepted.
func TestFailureStopsTheSend(t *testing.T) {
	s := &server{before: func(w http.ResponseWriter, labels []string) bool {
		if !strings.Contains(labels[0], `level="warn"`) {
			return false
		}
		return replies(http.StatusTooManyRequests, "Retry-After", "3")(w, labels)
	}}
	d := plainly(t, s)
	d.LevelLabel = true
	recs := levels(slog.LevelInfo, slog.LevelWarn, slog.LevelError)
	err := testkit.Open(t, d).Send(t.Context(), recs)
	errs := testkit.Children(t, err, 3)
	if errs[0] != nil || errs[1] == nil || errs[2] == nil {
		t.Errorf("answers %v", errs)
	}
	if out := transport.Classify(errs[1], 1); out.After != 3*time.Second || out.Permanent {
		t.Errorf("the throttled record: %+v", out)
	}
	if n := len(s.requests()); n != 2 {
		t.Errorf("%d requests, want 2", n)
	}

	// Nothing was stored: one answer for all.
	if out := transport.Classify(testkit.Open(t, d).Send(t.Context(), recs[1:]), 2); out.Batch != nil || out.After != 3*time.Second {
		t.Errorf("nothing stored: %+v", out)
	}
}

// A stream of many that is too large is divided, not condemned.
func TestTooLargeBesideOthers(t *testing.T) {
	s := &server{before: func(w http.ResponseWriter, labels []string) bool {
		return strings.Contains(labels[0], `level="info"`) && replies(http.StatusRequestEntityTooLarge)(w, labels)
	}}
	d := plainly(t, s)
	d.LevelLabel = true
	recs := levels(slog.LevelInfo, slog.LevelError, slog.LevelInfo)
	tr := testkit.Open(t, d)
	errs := testkit.Children(t, tr.Send(t.Context(), recs), 3)
	for _, i := range []int{0, 2} {
		if out := transport.Classify(errs[i], 1); errs[i] == nil || out.TooLarge || out.Permanent {
			t.Errorf("record %d: %v, want a plain error", i, errs[i])
		}
	}
	if out := transport.Classify(tr.Send(t.Context(), []encode.Record{recs[0], recs[2]}), 2); !out.TooLarge {
		t.Errorf("alone: %+v, want TooLarge", out)
	}
}

var errEncoder = errors.New("cannot be encoded")

// picky refuses a message.
type picky struct{ encode.JSONLines }

func (p picky) AppendRecord(dst []byte, rec *encode.Record) ([]byte, error) {
	if rec.Message == "record 1" {
		return dst, errEncoder
	}
	return p.JSONLines.AppendRecord(dst, rec)
}

func TestEncoderRefuses(t *testing.T) {
	s := &server{}
	d := plainly(t, s)
	d.Encoder = picky{}
	tr := testkit.Open(t, d)
	errs := testkit.Children(t, tr.Send(t.Context(), batch(0, 3)), 3)
	if errs[0] != nil || errs[2] != nil || !transport.Classify(errs[1], 1).Permanent || !errors.Is(errs[1], errEncoder) {
		t.Errorf("answers %v", errs)
	}
	errs = testkit.Children(t, tr.Send(t.Context(), batch(1, 1)), 1)
	if !transport.Classify(errs[0], 1).Permanent || len(s.requests()) != 1 {
		t.Errorf("alone: %v after %d requests, want no request for nothing", errs, len(s.requests()))
	}
}
