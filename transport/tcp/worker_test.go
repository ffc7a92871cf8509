package tcp_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/tcp"
)

// padded writes a record as its number, a space and padding: cheap enough to
// fill any buffer, and known again by its number.
type padded struct{ size int }

func (p padded) AppendRecord(dst []byte, rec *encode.Record) ([]byte, error) {
	start := len(dst)
	dst = append(append(dst, rec.Message...), ' ')
	// At once: byte by byte, under the race detector, the sender would be slower
	// than the receivers that it has to outrun.
	return append(dst, padding[:max(p.size-(len(dst)-start), 0)]...), nil
}

var padding = bytes.Repeat([]byte{'x'}, 4096) // never changed

func (padded) ContentType() string { return "text/plain" }

// worker plays the delivery worker over an endless buffer of records that are
// their numbers. What it has acknowledged it cannot send again, as there.
type worker struct {
	t    *testing.T
	tr   transport.Transport
	next int // the record that goes next
	kept int // records before it are acknowledged: gone from the buffer
	dups int // asked for again
}

func open(t *testing.T, d tcp.Destination) *worker {
	t.Helper()
	if d.Encoder == nil {
		d.Encoder = padded{100}
	}
	tr, err := d.Open()
	if err != nil {
		t.Fatal(err)
	}
	w := &worker{t: t, tr: tr}
	t.Cleanup(func() {
		if w.tr != nil {
			w.tr.Close()
		}
	})
	return w
}

// step sends a batch of n and does what its answer asks.
func (w *worker) step(ctx context.Context, n int) error {
	w.t.Helper()
	recs := make([]encode.Record, n)
	for i := range recs {
		recs[i] = encode.Record{Message: strconv.Itoa(w.next + i)}
	}
	err := w.tr.Send(ctx, recs)
	out := transport.Classify(err, n)
	switch {
	case err == nil:
		w.next += n
	case out.Resend > 0:
		w.back(out.Resend)
	case out.Batch != nil:
		sent := 0
		for sent < n && out.Batch.Errs[sent] == nil {
			sent++
		}
		w.next += sent
	}
	w.held()
	return err
}

// back is Resend.
func (w *worker) back(n int) {
	w.t.Helper()
	w.next -= n
	w.dups += n
	if w.next < w.kept {
		w.t.Errorf("Resend asks for record %d; everything before %d was let go", w.next, w.kept)
		w.next = w.kept
	}
}

// held acknowledges what the transport no longer holds. Nothing that was let go
// may be held again.
func (w *worker) held() int {
	w.t.Helper()
	n := w.tr.(transport.Holder).Held()
	if w.next-n < w.kept {
		w.t.Errorf("%d of %d records are held; %d were let go before", n, w.next, w.kept)
	}
	w.kept = max(w.kept, w.next-n)
	return n
}

// until sends up to the record n, whatever happens on the way, and backs off
// for a moment after errors.
func (w *worker) until(n, batch int) {
	w.t.Helper()
	for end := time.Now().Add(time.Minute); w.next < n; {
		if time.Now().After(end) {
			w.t.Fatalf("stuck at record %d of %d", w.next, n)
		}
		if w.step(w.t.Context(), min(batch, n-w.next)) != nil {
			time.Sleep(5 * time.Millisecond) // the backoff
		}
	}
}

// probe is what an idle worker may ask.
func (w *worker) probe() error {
	w.t.Helper()
	err := w.tr.(transport.Prober).Probe(w.t.Context())
	w.back(transport.Classify(err, 1).Resend)
	return err
}

func (w *worker) close() {
	w.t.Helper()
	if err := w.tr.Close(); err != nil {
		w.t.Error(err)
	}
	w.held()
	w.tr = nil
}

// receiver is a program at the other end: it counts what it has read.
type receiver struct {
	t       *testing.T
	framing tcp.Framing
	tls     *tls.Config // nil: plain
	pace    func()      // called before each record; nil: none

	mu       sync.Mutex
	seen     map[int]int   // guarded by mu; record: how often
	broken   int           // guarded by mu; entries that are no record
	conns    []net.Conn    // guarded by mu
	changed  chan struct{} // guarded by mu; closed and replaced with each record
	listener net.Listener
	done     sync.WaitGroup
}

func listen(t *testing.T, r *receiver) *receiver {
	t.Helper()
	return listenAt(t, r, "127.0.0.1:0")
}

func listenAt(t *testing.T, r *receiver, addr string) *receiver {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	r.t, r.listener, r.seen, r.changed = t, l, map[int]int{}, make(chan struct{})
	r.done.Go(r.accept)
	t.Cleanup(func() {
		l.Close()
		r.mu.Lock()
		for _, c := range r.conns {
			c.Close()
		}
		r.mu.Unlock()
		r.done.Wait()
	})
	return r
}

func (r *receiver) addr() string { return r.listener.Addr().String() }

func (r *receiver) accept() {
	for {
		c, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.mu.Lock()
		r.conns = append(r.conns, c)
		r.mu.Unlock()
		r.done.Go(func() {
			defer c.Close()
			if r.tls != nil {
				c = tls.Server(c, r.tls)
				defer c.Close()
			}
			readFrames(c, r.framing, r.take)
		})
	}
}

func (r *receiver) take(frame []byte) {
	if r.pace != nil {
		r.pace()
	}
	number, _, _ := bytes.Cut(frame, []byte(" "))
	n, err := strconv.Atoi(string(number))
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.broken++
		return
	}
	r.seen[n]++
	close(r.changed)
	r.changed = make(chan struct{})
}

// count returns how many connections there have been.
func (r *receiver) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.conns)
}

// conn returns the connection with that number, from 0.
func (r *receiver) conn(i int) net.Conn {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.conns[i]
}

// wait waits until record n-1 and all before it have arrived, and returns
// those that have not after some time.
func (r *receiver) wait(n int) (missing []int) {
	late := time.NewTimer(time.Minute)
	defer late.Stop()
	for {
		r.mu.Lock()
		missing = missing[:0]
		for i := range n {
			if r.seen[i] == 0 {
				missing = append(missing, i)
			}
		}
		changed := r.changed
		r.mu.Unlock()
		if len(missing) == 0 {
			return nil
		}
		select {
		case <-changed:
		case <-late.C:
			return missing
		}
	}
}

// complete fails the test unless all n records have arrived, whole.
func (r *receiver) complete(n int) {
	r.t.Helper()
	if missing := r.wait(n); len(missing) > 0 {
		r.t.Errorf("lost %d of %d records, the first: %v", len(missing), n, missing[:min(len(missing), 10)])
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.broken > 0 {
		r.t.Errorf("%d entries are no records", r.broken)
	}
}

// repeats counts arrivals beyond the first.
func (r *receiver) repeats() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, times := range r.seen {
		n += times - 1
	}
	return n
}

// told waits until w's kernel knows of an end of file that its receiver has sent:
// on a busy machine loopback's packets may be under way for a while, too.
func (w *worker) told() {
	w.t.Helper()
	eventually(w.t, "the end of file has arrived", func() bool { return tcp.Ended(w.tr) })
}

// eventually waits for a condition of the network, which gives no signal.
func eventually(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain until %s", what)
		}
	}
}
