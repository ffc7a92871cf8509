package https_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/https"
)

// TestBodyReuse has a server that answers before it reads, reads a little, hangs
// up, or takes the batch, while batches of different sizes follow each other
// through the same pool. Each batch that the server does read must be whole and
// of one piece: a buffer that went back to the pool too early would carry another
// batch's bytes. -race sees the access itself.
func TestBodyReuse(t *testing.T) {
	for _, http1 := range []bool{true, false} {
		t.Run(fmt.Sprint("HTTP1 ", http1), func(t *testing.T) {
			var calls, stored atomic.Int64
			server := serveRaw(t, func(w http.ResponseWriter, r *http.Request) {
				switch calls.Add(1) % 4 {
				case 0:
					w.WriteHeader(503)
				case 1:
					_, _ = r.Body.Read(make([]byte, 100))
					w.WriteHeader(429)
				case 2:
					panic(http.ErrAbortHandler)
				default:
					if err := whole(r); err != nil {
						t.Error(err)
					}
					stored.Add(1)
				}
			})
			d := server.destination()
			d.HTTP1, d.Compression, d.MaxInFlight = http1, https.Uncompressed, 4
			tr := testkit.Open(t, d)
			var wg sync.WaitGroup
			var accepted atomic.Int64
			for sender := range d.MaxInFlight {
				wg.Go(func() {
					for i := range 25 {
						first := (sender*100 + i) * 10_000
						if tr.Send(t.Context(), batch(first, 1+(i%5)*200)) == nil {
							accepted.Add(1)
						}
					}
				})
			}
			wg.Wait()
			if accepted.Load() == 0 || accepted.Load() > stored.Load() {
				t.Errorf("%d batches were acknowledged, %d stored", accepted.Load(), stored.Load())
			}
		})
	}
}

// whole checks that the request holds consecutive records.
func whole(r *http.Request) error {
	entries, err := unpack(r)
	if err != nil {
		return nil // the client has given up; nothing is acknowledged
	}
	first := ""
	var start int
	for i, e := range entries {
		m, err := message(e)
		if err != nil {
			return fmt.Errorf("line %d of %d does not parse: %w", i, len(entries), err)
		}
		if i == 0 {
			first = m
			if _, err := fmt.Sscanf(m, "record %d", &start); err != nil {
				return err
			}
		}
		if want := fmt.Sprintf("record %d", start+i); m != want {
			return fmt.Errorf("a batch that begins with %q has %q where %q should be", first, m, want)
		}
	}
	return nil
}

// TestClosedBetweenRequests is T28 for requests: a connection that the server has
// closed meanwhile costs one plain error at most, and no record.
func TestClosedBetweenRequests(t *testing.T) {
	rounds := 100
	if os.Getenv("SLOGSHIP_NIGHTLY") != "" {
		rounds = 1000
	}
	for _, http1 := range []bool{true, false} {
		server := serve(t, nil)
		d := server.destination()
		d.HTTP1 = http1
		tr := testkit.Open(t, d)
		for i := range rounds {
			recs := batch(i, 1)
			if err := tr.Send(t.Context(), recs); err != nil {
				if out := transport.Classify(err, 1); out != (transport.Outcome{}) {
					t.Fatalf("a closed connection: %+v, want plain", out)
				}
				testkit.Deliver(t, tr, recs)
			}
			server.CloseClientConnections()
		}
		got, _ := server.taken()
		slices.Sort(got)
		if got = slices.Compact(got); len(got) != rounds {
			t.Errorf("%d of %d records arrived", len(got), rounds)
		}
	}
}

// TestSendAfterCancel: a Send that was cancelled leaves nothing behind that the
// next would stumble over.
func TestSendAfterCancel(t *testing.T) {
	for _, http1 := range []bool{true, false} {
		arrived, release := make(chan bool, 1), make(chan bool)
		hang := atomic.Bool{}
		hang.Store(true)
		server := serve(t, func(http.ResponseWriter, *http.Request) {
			if hang.Load() {
				arrived <- true
				<-release
			}
		})
		d := server.destination()
		d.HTTP1 = http1
		tr := testkit.Open(t, d)
		ctx, cancel := context.WithCancel(t.Context())
		answer := make(chan error, 1)
		go func() { answer <- tr.Send(ctx, batch(0, 10)) }()
		<-arrived
		cancel()
		select {
		case err := <-answer:
			if out := transport.Classify(err, 10); err == nil || out != (transport.Outcome{}) {
				t.Errorf("a cancelled Send: %v, want plain", err)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("a cancelled Send does not return")
		}
		hang.Store(false)
		close(release)
		testkit.Deliver(t, tr, batch(10, 10))
	}
}
