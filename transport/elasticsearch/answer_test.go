package elasticsearch_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/elasticsearch"
	"github.com/slogship/slogship/transport/httpstatus"
)

// TestItems is T32 and the table of verdict: what each status and type of an item
// makes of its record. What has been taken is never sent again.
func TestItems(t *testing.T) {
	type verdict int
	const accepted, plain, permanent verdict = 0, 1, 2
	rows := []struct {
		status int
		kind   string
		want   verdict
	}{
		{200, "", accepted}, {201, "", accepted}, {202, "", accepted},
		{409, "version_conflict_engine_exception", accepted}, {409, "", accepted}, {409, "resource_already_exists_exception", plain},
		{400, "document_parsing_exception", permanent}, {400, "mapper_parsing_exception", permanent},
		{400, "strict_dynamic_mapping_exception", permanent}, {400, "illegal_argument_exception", permanent},
		{422, "anything", permanent}, {413, "anything", permanent},
		{500, "not_x_content_exception", permanent}, {400, "index_closed_exception", plain}, {400, "validation_exception", plain}, {400, "invalid_index_name_exception", plain},
		{401, "security_exception", plain}, {403, "cluster_block_exception", plain}, {403, "security_exception", plain},
		{404, "index_not_found_exception", plain}, {429, "es_rejected_execution_exception", plain}, {429, "cluster_block_exception", plain},
		{500, "exception", plain}, {502, "", plain}, {503, "unavailable_shards_exception", plain}, {504, "", plain}, {302, "", plain},
	}
	s := &server{knows: true}
	s.judge = func(_ string, doc map[string]any) (int, string) {
		row := rows[number(doc)]
		return row.status, fmt.Sprintf(`{"type":%q,"reason":"the reason","caused_by":{"type":"deeper","reason":"unread"}}`, row.kind)
	}
	_, d := serve(t, s)
	errs := testkit.Children(t, testkit.Open(t, d).Send(t.Context(), batch(0, len(rows))), len(rows))
	for i, row := range rows {
		got := plain
		if out := transport.Classify(errs[i], 1); errs[i] == nil {
			got = accepted
		} else if out == (transport.Outcome{Permanent: true}) {
			got = permanent
		} else if out != (transport.Outcome{}) {
			t.Errorf("%d %s: the worker sees %+v", row.status, row.kind, out)
		}
		if got != row.want {
			t.Errorf("%d %s: %v, want %v", row.status, row.kind, got, row.want)
		}
		if errs[i] == nil {
			continue
		}
		if e := item(t, errs[i]); *e != (elasticsearch.ItemError{Status: row.status, Type: row.kind, Reason: "the reason", Cause: "deeper"}) {
			t.Errorf("%d %s: %+v", row.status, row.kind, e)
		}
	}
}

// TestSentTwice: the same batch again is accepted and stores nothing, also if
// only part of it got there the first time.
func TestSentTwice(t *testing.T) {
	s := &server{knows: true}
	_, d := serve(t, s)
	tr := testkit.Open(t, d)
	testkit.Deliver(t, tr, batch(10, 20))
	testkit.Deliver(t, tr, batch(10, 20))
	testkit.Deliver(t, tr, batch(0, 50))
	if n := s.count(elasticsearch.DefaultIndex); n != 50 {
		t.Errorf("%d documents, want 50", n)
	}
}

// TestS10_ReasonQuotesNothing: what the server quotes of a document is not in the
// error (S10), nor what would move a terminal's cursor.
func TestS10_ReasonQuotesNothing(t *testing.T) {
	const canary = "s3cr3tCANARYv4lue"
	reasons := []string{
		"failed to parse field [n] of type [long] in document with id 'x'. Preview of field's value: '" + canary + "'",
		"[1:20] Current token (VALUE_STRING) not numeric\\n at [Source: (byte[])\\\"{\\\"a\\\":\\\"" + canary + "\\\"}\\\"; line: 1]",
		"Document contains at least one immense term in field=\\\"m\\\", original message: " + canary,
		"\\u001b[31mfailed" + strings.Repeat(" very", 1000) + canary,
	}
	s := &server{knows: true}
	s.judge = func(_ string, doc map[string]any) (int, string) {
		return 400, `{"type":"document_parsing_exception","reason":"` + reasons[number(doc)] + `"}`
	}
	_, d := serve(t, s)
	for i, err := range testkit.Children(t, testkit.Open(t, d).Send(t.Context(), batch(0, len(reasons))), len(reasons)) {
		if text := err.Error(); strings.Contains(text, canary) || strings.Contains(text, "\x1b") || len(text) > 1000 {
			t.Errorf("the error says %q", text)
		}
		if item(t, err).Reason == "" {
			t.Errorf("reason %d is gone as a whole", i)
		}
	}
}

// refuser is an Encoder that refuses every third record.
type refuser struct{ encode.ECS }

var errRefused = errors.New("not this one")

func (r refuser) AppendRecord(dst []byte, rec *encode.Record) ([]byte, error) {
	if rec.ID[15]%3 == 0 {
		return dst, errRefused
	}
	return r.ECS.AppendRecord(dst, rec)
}

// TestEncoderRefuses: the answers are about the records that were sent, also if
// others of the batch were not.
func TestEncoderRefuses(t *testing.T) {
	s := &server{knows: true}
	s.judge = func(_ string, doc map[string]any) (int, string) {
		if number(doc)%2 == 0 {
			return 429, `{"type":"es_rejected_execution_exception"}`
		}
		return 0, ""
	}
	_, d := serve(t, s)
	d.Encoder = refuser{}
	tr := testkit.Open(t, d)
	for i, err := range testkit.Children(t, tr.Send(t.Context(), batch(0, 30)), 30) {
		switch out := transport.Classify(err, 1); {
		case (i+1)%3 == 0: // the ID is one more
			if !errors.Is(err, errRefused) || !out.Permanent {
				t.Errorf("record %d, which was not sent: %v", i, err)
			}
		case i%2 == 0 && (out != (transport.Outcome{}) || item(t, err).Status != 429):
			t.Errorf("record %d: %v, want 429", i, err)
		case i%2 == 1 && err != nil:
			t.Errorf("record %d: %v", i, err)
		}
	}
	if err := testkit.Children(t, tr.Send(t.Context(), batch(2, 1)), 1)[0]; !errors.Is(err, errRefused) || len(s.requests()) != 1 {
		t.Errorf("nothing to send: %v, %d requests", err, len(s.requests()))
	}
}

// answers writes text whatever comes, once the request is read.
func answers(text string) *server {
	return &server{before: func(w http.ResponseWriter, r *http.Request) bool {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, text)
		return true
	}}
}

// TestStrangeAnswers: a 2xx that is no answer to this request acknowledges
// nothing and condemns nobody.
func TestStrangeAnswers(t *testing.T) {
	created := `{"create":{"status":201}}`
	three := strings.Repeat(created+",", 2) + created
	for name, text := range map[string]string{
		"nothing": "", "a page": "<html>login</html>", "null": "null", "a list": "[" + three + "]", "no items": `{"took":1}`,
		"items are null": `{"items":null}`, "too few": `{"items":[` + created + `]}`, "too many": `{"items":[` + three + "," + three + `]}`,
		"no status": `{"items":[{"create":{}},` + created + "," + created + `]}`, "a status of text": `{"items":[{"create":{"status":"201"}}]}`,
		"of index": `{"items":[{"index":{"status":201}}]}`, "cut off at once": `{"took":1,"items":[{"cre`, "not closed, no items": `{"took":1`,
		"a string": `{"items":["` + strings.Repeat("a", 1<<20) + `"]}`,
	} {
		_, d := serve(t, answers(text))
		err := testkit.Open(t, d).Send(t.Context(), batch(0, 3))
		if out := transport.Classify(err, 3); !errors.Is(err, elasticsearch.ErrAnswer) || out != (transport.Outcome{}) {
			t.Errorf("%s: %v, want ErrAnswer and nothing else", name, err)
		}
	}
}

// TestCutOff: an answer counts as far as it goes, wherever it breaks off.
func TestCutOff(t *testing.T) {
	whole := `{"took":3,"errors":true,"items":[{"create":{"status":201}},{"create":{"status":400,"error":{"type":"x","reason":"y"}}},{"create":{"status":201}}]}`
	first := strings.Index(whole, "}},") + 2
	second := first + strings.Index(whole[first:], "}}},") + 3
	for at := first; at < len(whole); at++ {
		_, d := serve(t, answers(whole[:at]))
		errs := testkit.Children(t, testkit.Open(t, d).Send(t.Context(), batch(0, 3)), 3)
		if errs[0] != nil {
			t.Fatalf("%d bytes: the first record: %v", at, errs[0])
		}
		if got := transport.Classify(errs[1], 1).Permanent; got != (at >= second) {
			t.Errorf("%d bytes: the second record: %v", at, errs[1])
		}
		if errs[2] != nil && !errors.Is(errs[2], elasticsearch.ErrAnswer) {
			t.Errorf("%d bytes: the third record: %v", at, errs[2])
		}
	}
}

// TestStatuses: a refusal of the whole request is what httpstatus says.
func TestStatuses(t *testing.T) {
	plain := transport.Outcome{}
	status := make(chan int, 1)
	s := &server{before: func(w http.ResponseWriter, r *http.Request) bool {
		io.Copy(io.Discard, r.Body)
		refuse(w, <-status, "some_exception", "the reason")
		return true
	}}
	_, d := serve(t, s)
	tr := testkit.Open(t, d)
	for code, want := range map[int]transport.Outcome{
		400: {Permanent: true}, 422: {Permanent: true}, 413: {TooLarge: true},
		301: plain, 401: plain, 403: plain, 404: plain, 406: plain, 409: plain, 415: plain, 429: plain, 500: plain, 502: plain, 503: plain, 504: plain,
	} {
		status <- code
		err := tr.Send(t.Context(), batch(0, 3))
		if out := transport.Classify(err, 3); out != want {
			t.Errorf("%d: the worker sees %+v, want %+v", code, out, want)
		}
		if e, ok := errors.AsType[*httpstatus.Error](err); !ok || e.Status != code || !strings.Contains(e.Body, "the reason") {
			t.Errorf("%d: the answer is not in %v", code, err)
		}
	}
}

// TestRetryAfter is T33's wire half.
func TestRetryAfter(t *testing.T) {
	_, d := serve(t, &server{before: func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(429)
		return true
	}})
	if got := transport.Classify(testkit.Open(t, d).Send(t.Context(), batch(0, 1)), 1).After; got != 2*time.Minute {
		t.Errorf("the worker waits %v", got)
	}
}

// TestAboutIndex: refusals without a type of their own that somebody can repair,
// in the words of Elasticsearch 8.19 and OpenSearch 2.19.
func TestAboutIndex(t *testing.T) {
	reasons := []string{
		"pipeline with id [geo] does not exist",
		"no write index is defined for alias [al]. The write index may be explicitly disabled using is_write_index=false or the alias points to …",
		"Validation Failed: 1: this action would add [2] total shards, but this cluster currently has [1000]/[1000] maximum shards open;",
		// The document's: others fit, whatever a field is called.
		"Limit of total fields [1000] has been exceeded",
		"can't merge a non object mapping [pipeline with id [geo] this action would add [2] no write index is defined for alias [al]",
	}
	s := &server{knows: true}
	s.judge = func(_ string, doc map[string]any) (int, string) {
		return 400, fmt.Sprintf(`{"type":"illegal_argument_exception","reason":%q}`, reasons[number(doc)])
	}
	_, d := serve(t, s)
	for i, err := range testkit.Children(t, testkit.Open(t, d).Send(t.Context(), batch(0, len(reasons))), len(reasons)) {
		if got := transport.Classify(err, 1).Permanent; got != (i >= len(reasons)-2) {
			t.Errorf("%q: permanent %v", reasons[i], got)
		}
	}
}

// TestRepeatedValue: a server that repeats all of a value that it refuses still
// gets its verdict heard, for this record and those behind it; the error is short.
func TestRepeatedValue(t *testing.T) {
	s := &server{knows: true}
	s.judge = func(_ string, doc map[string]any) (int, string) {
		value, _ := doc["value"].(string)
		if value == "" {
			return 0, ""
		}
		quoted, _ := json.Marshal("failed to parse field [value], " + value)
		return 400, `{"type":"document_parsing_exception","reason":` + string(quoted) + `}`
	}
	_, d := serve(t, s)
	recs := batch(0, 3)
	recs[1].Attrs = append(recs[1].Attrs, slog.String("value", strings.Repeat("a\n\"\\\x01é", 100_000)))
	for _, recs := range [][]encode.Record{recs, recs[1:2]} {
		err := testkit.Open(t, d).Send(t.Context(), recs)
		for i, err := range testkit.Children(t, err, len(recs)) {
			switch refused := recs[i].ID == recs[len(recs)/2].ID; {
			case !refused && err != nil:
				t.Errorf("record %d of %d: %v", i, len(recs), err)
			case refused && !transport.Classify(err, 1).Permanent:
				t.Errorf("record %d of %d: %v, want permanent", i, len(recs), err)
			case refused && len(err.Error()) > 1000:
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
		}
	}
}

// TestEndlessAnswers is T34: an answer without an end is given up, whatever it is
// made of, and little of it is held.
func TestEndlessAnswers(t *testing.T) {
	for name, part := range map[string]string{
		"items": `{"create":{"status":201}},`, "spaces": strings.Repeat(" ", 1<<10), "a string": strings.Repeat("a", 1<<10), "lists": "[",
	} {
		var sent atomic.Int64
		_, d := serve(t, &server{before: func(w http.ResponseWriter, r *http.Request) bool {
			io.Copy(io.Discard, r.Body)
			io.WriteString(w, `{"items":[`)
			if name == "a string" {
				io.WriteString(w, `"`)
			}
			for block := strings.Repeat(part, 1<<16/len(part)); sent.Add(1<<16) < 1<<30; {
				if _, err := io.WriteString(w, block); err != nil {
					break
				}
			}
			return true
		}})
		tr := testkit.Open(t, d)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := tr.Send(t.Context(), batch(0, 2))
		runtime.ReadMemStats(&after)
		if !errors.Is(err, elasticsearch.ErrAnswer) {
			t.Errorf("%s: %v", name, err)
		}
		if grown := int64(after.TotalAlloc - before.TotalAlloc); grown > 8<<20 || sent.Load() >= 1<<30 {
			t.Errorf("%s: %d MiB were allocated, %d bytes sent", name, grown>>20, sent.Load())
		}
	}
}
