package httppost

import (
	"errors"
	"io"
	"sync"
)

// maxKept is the largest buffer that goes back to the pool. A single batch of
// records of 1 MiB must not cost its memory for ever.
const maxKept = 4 << 20

// buffers is a pool of byte slices. A *[]byte, since a slice put into an
// interface allocates its header each time.
type buffers struct{ pool sync.Pool }

func (p *buffers) get() *[]byte {
	if b, ok := p.pool.Get().(*[]byte); ok {
		return b
	}
	return new([]byte)
}

// put takes b back; the caller must not touch it any more.
func (p *buffers) put(b *[]byte) {
	if cap(*b) <= maxKept {
		*b = (*b)[:0]
		p.pool.Put(b)
	}
}

// payload is the encoded batch of one Send, read by one or more request bodies.
//
// RoundTrip may return while net/http still reads the body: a server can answer
// early, and a cancelled request is wound up in the background. So the buffer
// goes back to the pool when Send and every body have let go of it, whoever is
// last. Waiting in Send for the body's Close was rejected: it may come late, and
// Send must be back when its ctx is done. A body that is never closed, which
// net/http rules out, costs a buffer and nothing else.
type payload struct {
	pool *buffers
	size int

	mu     sync.Mutex
	buf    *[]byte // guarded by mu; nil once it is back in the pool
	refs   int     // guarded by mu; Send's own and one for each open body
	latest *body   // guarded by mu; an earlier one is a connection's that broke
}

// newPayload takes buf over. The caller holds a reference until release.
func newPayload(pool *buffers, buf *[]byte) *payload {
	return &payload{pool: pool, size: len(*buf), buf: buf, refs: 1}
}

// open returns a new body over the whole payload; it is http.Request.GetBody,
// too. It fails when nothing holds the payload any more.
func (p *payload) open() (io.ReadCloser, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.buf == nil {
		return nil, errBodyClosed
	}
	p.refs++
	p.latest = &body{payload: p}
	return p.latest, nil
}

// release is the end of Send.
func (p *payload) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.releaseLocked()
}

func (p *payload) releaseLocked() {
	if p.refs--; p.refs == 0 {
		p.pool.put(p.buf)
		p.buf = nil
	}
}

// wasRead reports whether all of the body opened last has been read. When a
// server answers that did read the request, it has: the bytes went through Read
// before they went to the server.
func (p *payload) wasRead() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.latest != nil && p.latest.off == p.size
}

var errBodyClosed = errors.New("httppost: read of a request body after its Close")

// body is one pass over a payload. Close may come while a Read is under way
// (HTTP/2 closes bodies from another goroutine to interrupt them), so Read
// copies under the lock and hands out no slice of the buffer: it is deliberately
// no io.WriterTo, for that would write from the buffer for as long as the
// connection takes.
type body struct {
	payload *payload
	off     int  // guarded by payload.mu
	closed  bool // guarded by payload.mu
}

func (b *body) Read(p []byte) (int, error) {
	b.payload.mu.Lock()
	defer b.payload.mu.Unlock()
	if b.closed {
		return 0, errBodyClosed
	}
	if b.off == b.payload.size {
		return 0, io.EOF
	}
	n := copy(p, (*b.payload.buf)[b.off:])
	b.off += n
	return n, nil
}

func (b *body) Close() error {
	b.payload.mu.Lock()
	defer b.payload.mu.Unlock()
	if !b.closed {
		b.closed = true
		b.payload.releaseLocked()
	}
	return nil
}
