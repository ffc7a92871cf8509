package https_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport"
)

// bomb is 64 MiB of zeros as gzip, 64 KiB.
func bomb(t *testing.T) []byte {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	zeros := make([]byte, 1<<20)
	for range 64 {
		if _, err := w.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

// TestHostileAnswers is T34: whatever the size of an answer, the heap grows by 8
// MiB at most (all that is allocated in the process meanwhile is counted, the
// server's share too), and its status counts as ever.
func TestHostileAnswers(t *testing.T) {
	packed, chunk := bomb(t), bytes.Repeat([]byte("large "), 32<<10/6)
	answers := map[string]func(w http.ResponseWriter){
		"1 GiB": func(w http.ResponseWriter) {
			for range 1 << 30 / len(chunk) {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		},
		"gzip bomb": func(w http.ResponseWriter) { w.Write(packed) },
		"header of 1 MiB": func(w http.ResponseWriter) {
			w.Header().Set("X-Large", strings.Repeat("a", 1<<20))
		},
	}
	for name, answer := range answers {
		for _, http1 := range []bool{true, false} {
			for _, status := range []int{200, 500} {
				what := fmt.Sprint(name, " HTTP1 ", http1, " ", status)
				server := serveRaw(t, func(w http.ResponseWriter, r *http.Request) {
					io.Copy(io.Discard, r.Body)
					if name == "gzip bomb" {
						w.Header().Set("Content-Encoding", "gzip")
					}
					if name != "header of 1 MiB" {
						w.WriteHeader(status)
					}
					answer(w)
				})
				d := server.destination()
				d.HTTP1 = http1
				tr := testkit.Open(t, d)
				tr.Send(t.Context(), batch(0, 3)) // connections and their buffers
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				err := tr.Send(t.Context(), batch(0, 3))
				runtime.ReadMemStats(&after)
				if grown := after.TotalAlloc - before.TotalAlloc; grown > 8<<20 {
					t.Errorf("%s: %d bytes were allocated", what, grown)
				}
				refused := status != 200 || name == "header of 1 MiB"
				if (err != nil) != refused || transport.Classify(err, 3) != (transport.Outcome{}) {
					t.Errorf("%s: %v", what, err)
				}
			}
		}
	}
}

// TestTricklingAnswer: a body that never ends, and is too slow for its size to
// matter, holds Send for half a second. What the status says counts.
func TestTricklingAnswer(t *testing.T) {
	for _, http1 := range []bool{true, false} {
		for _, status := range []int{200, 500} {
			t.Run(fmt.Sprint("HTTP1 ", http1, " ", status), func(t *testing.T) {
				t.Parallel()
				server := serveRaw(t, func(w http.ResponseWriter, r *http.Request) {
					io.Copy(io.Discard, r.Body)
					w.WriteHeader(status)
					for r.Context().Err() == nil {
						if _, err := io.WriteString(w, "drop "); err != nil {
							return
						}
						w.(http.Flusher).Flush()
						select {
						case <-r.Context().Done():
						case <-time.After(10 * time.Millisecond): // the trickle
						}
					}
				})
				d := server.destination()
				d.HTTP1 = http1
				start := time.Now()
				err := testkit.Open(t, d).Send(t.Context(), batch(0, 3))
				if took := time.Since(start); took > 20*time.Second { // to read all that is read of an answer takes two minutes
					t.Errorf("Send took %v", took)
				}
				if (err != nil) != (status != 200) || transport.Classify(err, 3) != (transport.Outcome{}) {
					t.Errorf("Send = %v", err)
				}
			})
		}
	}
}
