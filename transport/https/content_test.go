package https_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/https"
)

// lines is an encoder of a made-up text format. It refuses messages that begin
// with "bad".
type lines struct{ contentType string }

var errBad = errors.New("a bad record")

func (lines) AppendRecord(dst []byte, rec *encode.Record) ([]byte, error) {
	if strings.HasPrefix(rec.Message, "bad") {
		return dst, errBad
	}
	return fmt.Appendf(dst, `{"msg":%q}`, rec.Message), nil
}
func (l lines) ContentType() string { return l.contentType }

// multiline writes line breaks, as an encoder that indents does.
type multiline struct{}

func (multiline) AppendRecord(dst []byte, rec *encode.Record) ([]byte, error) {
	return append(dst, "{\n\t\"msg\":\r\n\""+rec.Message+"\"\n}"...), nil
}
func (multiline) ContentType() string { return "application/json" }

func messages(from, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("record %d", from+i)
	}
	return all
}

// TestContent sends batches of many sizes, which also takes buffers from the
// pool that held another batch, and compares what the server has decoded.
func TestContent(t *testing.T) {
	formats := map[https.Format]string{https.NDJSON: "application/x-ndjson", https.JSONArray: "application/json"}
	encodings := map[https.Compression]string{https.Gzip: "gzip", https.Zstd: "zstd", https.Uncompressed: ""}
	for format, contentType := range formats {
		for compression, encoding := range encodings {
			t.Run(fmt.Sprint(format, " ", compression), func(t *testing.T) {
				server := serve(t, nil)
				d := server.destination()
				d.Format, d.Compression = format, compression
				tr := testkit.Open(t, d)
				total := 0
				for _, n := range []int{1, 2, 1000, 1, 10, 300, 2} {
					testkit.Deliver(t, tr, batch(total, n))
					total += n
					got, header := server.taken()
					if !slices.Equal(got, messages(0, total)) {
						t.Fatalf("after a batch of %d: %d records arrived, want %d, or they differ", n, len(got), total)
					}
					want := encoding
					if n <= 2 {
						want = "" // too small to be worth it
					}
					if got := header.Get("Content-Encoding"); got != want {
						t.Errorf("a batch of %d came with Content-Encoding %q, want %q", n, got, want)
					}
					if got := header.Get("Content-Type"); got != contentType {
						t.Errorf("Content-Type %q, want %q", got, contentType)
					}
				}
			})
		}
	}
}

func TestContentType(t *testing.T) {
	server := serve(t, nil)
	for contentType, want := range map[string]string{
		"text/x-made-up; charset=utf-8":   "text/x-made-up; charset=utf-8",
		"application/json":                "application/x-ndjson",
		"application/ecs+json":            "application/x-ndjson",
		"application/json; charset=utf-8": "application/x-ndjson",
	} {
		d := server.destination()
		d.Encoder = lines{contentType}
		testkit.Deliver(t, testkit.Open(t, d), batch(0, 1))
		if _, header := server.taken(); header.Get("Content-Type") != want {
			t.Errorf("an encoder of %q: Content-Type %q, want %q", contentType, header.Get("Content-Type"), want)
		}
	}
}

// TestS1_OneLine: a line break in a record forges no second one (S1).
func TestS1_OneLine(t *testing.T) {
	for _, format := range []https.Format{https.NDJSON, https.JSONArray} {
		server := serve(t, nil)
		d := server.destination()
		d.Encoder, d.Format = multiline{}, format
		testkit.Deliver(t, testkit.Open(t, d), batch(0, 50))
		if got, _ := server.taken(); !slices.Equal(got, messages(0, 50)) {
			t.Errorf("%v: %d records arrived, want 50: %q", format, len(got), got)
		}
	}
}

// TestEncoderRefuses is T31 for an encoder's error: the neighbours arrive, and
// the worker learns which record to give up.
func TestEncoderRefuses(t *testing.T) {
	for _, format := range []https.Format{https.NDJSON, https.JSONArray} {
		for _, bad := range [][]int{{0}, {4}, {2}, {0, 1, 3}, {0, 1, 2, 3, 4}} {
			t.Run(fmt.Sprint(format, bad), func(t *testing.T) {
				server := serve(t, nil)
				d := server.destination()
				d.Encoder, d.Format = lines{"application/json"}, format
				recs, want := batch(0, 5), messages(0, 5)
				for _, i := range slices.Backward(bad) {
					recs[i].Message = "bad"
					want = slices.Delete(want, i, i+1)
				}
				err := testkit.Open(t, d).Send(t.Context(), recs)
				out := transport.Classify(err, len(recs))
				if out.Batch == nil {
					t.Fatalf("Send = %v, want an answer for each record", err)
				}
				for i, child := range out.Batch.Errs {
					refused := transport.Classify(child, 1).Permanent && errors.Is(child, errBad)
					if refused != slices.Contains(bad, i) {
						t.Errorf("record %d: %v", i, child)
					}
				}
				got, header := server.taken()
				if !slices.Equal(got, want) {
					t.Errorf("arrived: %q, want %q", got, want)
				}
				if len(want) == 0 && header != nil {
					t.Errorf("an empty batch was sent")
				}
			})
		}
	}
}

// TestEncoderRefusesAndServerFails: while the server fails, nothing of the batch
// is settled, not even what the encoder refused.
func TestEncoderRefusesAndServerFails(t *testing.T) {
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) })
	d := server.destination()
	d.Encoder = lines{"application/json"}
	recs := batch(0, 5)
	recs[2].Message = "bad"
	if out := transport.Classify(testkit.Open(t, d).Send(t.Context(), recs), 5); out != (transport.Outcome{}) {
		t.Errorf("Send = %+v, want plain", out)
	}
}

// TestIdempotencyKey: the same records have the same key, over a new transport
// as after a restart, and any other batch has another.
func TestIdempotencyKey(t *testing.T) {
	server := serve(t, nil)
	key := func(first, n int) string {
		testkit.Deliver(t, testkit.Open(t, server.destination()), batch(first, n))
		_, header := server.taken()
		return header.Get("Idempotency-Key")
	}
	want := key(0, 10)
	if len(want) != 32 {
		t.Errorf("Idempotency-Key %q, want 32 digits", want)
	}
	if again := key(0, 10); again != want {
		t.Errorf("the same batch again: %q, was %q", again, want)
	}
	seen := map[string]bool{want: true}
	for _, other := range []string{key(0, 9), key(1, 10), key(0, 11), key(0, 1)} {
		if seen[other] {
			t.Errorf("two batches with the key %q", other)
		}
		seen[other] = true
	}
}

func TestHeaders(t *testing.T) {
	hosts := make(chan string, 1)
	server := serve(t, func(_ http.ResponseWriter, r *http.Request) { hosts <- r.Host })
	d := server.destination()
	testkit.Deliver(t, testkit.Open(t, d), batch(0, 1))
	if _, h := server.taken(); !strings.HasPrefix(h.Get("User-Agent"), "slogship/") || h.Get("Expect") != "" || h.Get("Authorization") != "" {
		t.Errorf("headers: %v", h)
	}
	<-hosts
	d.Headers = map[string]string{"x-scope-orgid": "team", "user-agent": "mine/1", "Host": "logs.example.com", "content-type": "application/vnd.acme"}
	testkit.Deliver(t, testkit.Open(t, d), batch(0, 1))
	_, h := server.taken()
	for name, want := range map[string]string{"X-Scope-Orgid": "team", "User-Agent": "mine/1", "Content-Type": "application/vnd.acme"} {
		if got := h.Values(name); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if host := <-hosts; host != "logs.example.com" {
		t.Errorf("Host: %q", host)
	}
}
