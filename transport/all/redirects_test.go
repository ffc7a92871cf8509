package all_test

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// S18: no adapter follows a redirect, to the same or another host, with any of
// the statuses that could mean one; so that credentials go nowhere else, and a
// login page is no acknowledgement. The record is sent again later.
func TestS18_NoRedirectIsFollowed(t *testing.T) {
	var followed, asked atomic.Int64
	elsewhere, _ := serveHTTPS(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { followed.Add(1) }))
	var status atomic.Int64
	var target atomic.Value
	url, o := serveHTTPS(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.URL.Path == "/followed" {
			followed.Add(1)
		}
		w.Header().Set("Location", target.Load().(string))
		w.WriteHeader(int(status.Load()))
	}))
	headers := map[string]string{"Authorization": "Bearer " + planted}
	scenes := 0
	for adapter, to := range overHTTP(url, headers, o) {
		for _, to3xx := range []int64{300, 301, 302, 303, 305, 307, 308} {
			for _, where := range []string{elsewhere + "/followed", "/followed", "http://127.0.0.1:1/followed", "//" + elsewhere[len("https://"):] + "/followed"} {
				scenes++
				status.Store(to3xx)
				target.Store(where)
				tr, err := to.Open()
				if err != nil {
					t.Fatalf("%s: %v", adapter, err)
				}
				err = send(t, tr)
				if out := transport.Classify(err, 1); err == nil || out.Permanent || out.TooLarge || out.Batch != nil {
					t.Errorf("%s, %d to %s: Send returned %v, want to be asked again", adapter, to3xx, where, err)
				}
				if err := tr.Close(); err != nil {
					t.Errorf("%s: %v", adapter, err)
				}
			}
		}
	}
	if asked.Load() < int64(scenes) {
		t.Errorf("%d requests in %d scenes: the test has lost its subject", asked.Load(), scenes)
	}
	if n := followed.Load(); n != 0 {
		t.Errorf("%d redirects were followed", n)
	}
	t.Logf("S18: %d redirects, followed %d", scenes, followed.Load())
}

const (
	// offered is what a hostile server would send, if it were let.
	offered = 64 << 20

	// bodyCap is S18's, and underWay what the two ends' sockets may hold besides: on
	// loopback Linux gives each up to 6 MiB.
	bodyCap, underWay = 4 << 20, 12 << 20
)

// S18: an answer without end is read up to 4 MiB, whatever its status, and ends
// the Send.
func TestS18_BodiesAreCapped(t *testing.T) {
	piece := make([]byte, 64<<10)
	for i := range piece {
		piece[i] = ' ' // which no parser of JSON minds
	}
	var most atomic.Int64
	var status atomic.Int64
	url, o := serveHTTPS(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(int(status.Load()))
		written := int64(0)
		for written < offered {
			n, err := w.Write(piece)
			written += int64(n)
			if err != nil {
				break
			}
		}
		for old := most.Load(); written > old && !most.CompareAndSwap(old, written); old = most.Load() {
		}
	}))
	scenes := 0
	for adapter, to := range overHTTP(url, nil, o) {
		tr, err := to.Open()
		if err != nil {
			t.Fatalf("%s: %v", adapter, err)
		}
		for _, s := range []int64{200, 400, 401, 429, 500} {
			scenes++
			status.Store(s)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			start := time.Now()
			rec := outsider(fmt.Sprint("status ", s))
			err := tr.Send(ctx, []encode.Record{rec})
			if ctx.Err() != nil {
				t.Errorf("%s, %d: Send took %v and ended with %v", adapter, s, time.Since(start), err)
			}
			cancel()
		}
		if err := tr.Close(); err != nil {
			t.Errorf("%s: %v", adapter, err)
		}
	}
	if n := most.Load(); n == 0 || n > bodyCap+underWay {
		t.Errorf("%d bytes of a body left the server, want at most %d", n, bodyCap+underWay)
	}
	t.Logf("S18: %d bodies of %d MiB offered, at most %.1f MiB of one left the server", scenes, offered>>20, float64(most.Load())/(1<<20))
}
