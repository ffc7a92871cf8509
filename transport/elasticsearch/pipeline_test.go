package elasticsearch_test

import (
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/elasticsearch"
)

// logged sends n numbered records through a handler with a route to d, its buffer
// in dir or in memory, and returns the route's numbers once each has its answer.
func logged(t *testing.T, d transport.Destination, n int, dir string) handler.RouteStats {
	t.Helper()
	routes := []route.Route{{
		Name: "elastic", To: d, Batch: route.Batch{Linger: -1}, Buffer: route.Buffer{StallTimeout: time.Minute},
		Backoff: route.Backoff{InitialInterval: time.Millisecond, MaxInterval: 10 * time.Millisecond},
	}}
	h, err := handler.New(routes, &handler.Options{Dir: dir, InMemory: dir == "", OnError: func(error) {}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for i := range n {
		if err := h.Log(ctx, slog.LevelInfo, "record "+strconv.Itoa(i), slog.Int("number", i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.Flush(ctx); err != nil {
		t.Errorf("Flush: %v", err)
	}
	stats := h.Stats().Routes[0]
	if err := h.Close(ctx); err != nil {
		t.Errorf("Close: %v", err)
	}
	return stats
}

// TestWorkerRetriesItemsAlone is T32 with the real worker: of a batch, those that
// the server has no room for go again, by themselves, until it has; what it took
// is not sent a second time.
func TestWorkerRetriesItemsAlone(t *testing.T) {
	const n = 500
	var mu sync.Mutex
	tries := map[int]int{} // guarded by mu; by record
	s := &server{}
	s.judge = func(_ string, doc map[string]any) (int, string) {
		mu.Lock()
		defer mu.Unlock()
		i := number(doc)
		if tries[i]++; tries[i] <= i%4 {
			return []int{429, 503, 500}[i%3], `{"type":"es_rejected_execution_exception","reason":"full"}`
		}
		return 0, ""
	}
	_, d := serve(t, s)
	stats := logged(t, d, n, "")
	if stats.Delivered != n || stats.Dead != 0 || s.count(elasticsearch.DefaultIndex) != n {
		t.Errorf("%d delivered, %d dead, %d stored; want %d, 0, %d", stats.Delivered, stats.Dead, s.count(elasticsearch.DefaultIndex), n, n)
	}
	for i, got := range tries {
		if want := i%4 + 1; got != want {
			t.Errorf("record %d was sent %d times, want %d", i, got, want)
		}
	}
}

// TestWorkerPoison: a document that is refused goes to the dead letter with the
// server's reason, at once and alone, and the others do not wait for it.
func TestWorkerPoison(t *testing.T) {
	const n = 300
	s := &server{}
	s.judge = func(_ string, doc map[string]any) (int, string) {
		if number(doc)%100 == 7 {
			return 400, `{"type":"document_parsing_exception","reason":"failed to parse field [number] of type [ip]"}`
		}
		return 0, ""
	}
	_, d := serve(t, s)
	dir := t.TempDir()
	stats := logged(t, d, n, dir)
	if stats.Delivered != n-3 || stats.Dead != 3 || s.count(elasticsearch.DefaultIndex) != n-3 {
		t.Errorf("%d delivered, %d dead, want %d, 3", stats.Delivered, stats.Dead, n-3)
	}
	files, err := filepath.Glob(filepath.Join(dir, "elastic", "dead.ndjson"))
	if err != nil || len(files) != 1 {
		t.Fatalf("dead letter files %q, %v", files, err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil || strings.Count(string(text), "failed to parse field [number] of type [ip]") != 3 || strings.Count(string(text), "\n") != 3 {
		t.Errorf("%s, %v", text, err)
	}
}

// TestWorkerSplits: a request that is too large is split until it fits.
func TestWorkerSplits(t *testing.T) {
	const n = 200
	s := &server{}
	_, d := serve(t, s)
	d.Compression = elasticsearch.Uncompressed
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.ContentLength <= 8<<10 {
			return false
		}
		refuse(w, 413, "content_too_long_exception", "entity content is too long")
		return true
	}
	if stats := logged(t, d, n, ""); stats.Delivered != n || s.count(elasticsearch.DefaultIndex) != n {
		t.Errorf("%d delivered, %d stored, want %d", stats.Delivered, s.count(elasticsearch.DefaultIndex), n)
	}
}

// TestAnswersLost is T27 in the small: the server stores what it gets, and then
// the connection breaks before, in or after the answer. Nothing is lost, and
// nothing is there twice.
func TestAnswersLost(t *testing.T) {
	seed := rand.Uint64()
	if v, err := strconv.ParseUint(os.Getenv("SLOGSHIP_SEED"), 10, 64); err == nil {
		seed = v
	}
	t.Logf("seed %d (SLOGSHIP_SEED)", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	var mu sync.Mutex // of rng
	s := &server{knows: true}
	inner := &server{knows: true}
	s.before = func(w http.ResponseWriter, r *http.Request) bool {
		answer := &recorder{}
		inner.ServeHTTP(answer, r)
		mu.Lock()
		part := rng.IntN(4)
		cut := rng.IntN(len(answer.body))
		mu.Unlock()
		if part == 0 {
			panic(http.ErrAbortHandler)
		}
		if part == 1 {
			w.Header().Set("Content-Length", strconv.Itoa(len(answer.body)))
			io.WriteString(w, answer.body[:cut])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}
		io.WriteString(w, answer.body)
		return true
	}
	_, d := serve(t, s)
	d.MaxRecords = 10
	const n = 1000
	if stats := logged(t, d, n, ""); stats.Delivered != n || inner.count(elasticsearch.DefaultIndex) != n || stats.Retries == 0 {
		t.Errorf("%d delivered, %d stored, %d retries, want %d", stats.Delivered, inner.count(elasticsearch.DefaultIndex), stats.Retries, n)
	}
}

// recorder keeps an answer.
type recorder struct{ body string }

func (r *recorder) Header() http.Header { return http.Header{} }
func (r *recorder) WriteHeader(int)     {}
func (r *recorder) Write(p []byte) (int, error) {
	r.body += string(p)
	return len(p), nil
}
