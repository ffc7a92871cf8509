package httppost

// This file is inside the package: it looks at a buffer's way back to the pool,
// which is nobody else's business.

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"testing"
)

func newTestPayload(pool *buffers, text string) *payload {
	buf := pool.get()
	*buf = append(*buf, text...)
	return newPayload(pool, buf)
}

func (p *payload) pooled() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.buf == nil
}

// TestBodyReturnsBufferLast: the buffer is free when Send and each body have let
// go, in whatever order, and a Close twice counts once.
func TestBodyReturnsBufferLast(t *testing.T) {
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		p := newTestPayload(&buffers{}, "text")
		first, _ := p.open()
		second, _ := p.open()
		steps := []func(){p.release, func() { first.Close() }, func() { second.Close(); second.Close() }}
		for i, step := range order {
			if p.pooled() {
				t.Fatalf("order %v: the buffer is in the pool before step %d", order, i)
			}
			steps[step]()
		}
		if !p.pooled() {
			t.Errorf("order %v: the buffer is not back in the pool", order)
		}
		if _, err := p.open(); !errors.Is(err, errBodyClosed) {
			t.Errorf("order %v: a body of a free payload: %v", order, err)
		}
	}
}

func TestBodyReads(t *testing.T) {
	p := newTestPayload(&buffers{}, "a text of some length")
	if p.wasRead() {
		t.Errorf("wasRead before there is a body")
	}
	for range 2 { // the second is GetBody's
		b, err := p.open()
		if err != nil {
			t.Fatal(err)
		}
		if p.wasRead() {
			t.Errorf("wasRead before the body was read")
		}
		if got, err := io.ReadAll(b); string(got) != "a text of some length" || err != nil {
			t.Errorf("read %q, %v", got, err)
		}
		if !p.wasRead() {
			t.Errorf("not wasRead after the body was read")
		}
		b.Close()
		if n, err := b.Read(make([]byte, 1)); n != 0 || !errors.Is(err, errBodyClosed) {
			t.Errorf("Read after Close: %d, %v", n, err)
		}
	}
	p.release()
}

// TestBodyCloseDuringRead closes bodies while they are read, over a pool whose
// buffers are overwritten as soon as they come back: no reader may see that.
// With -race it is also the proof of the lock.
func TestBodyCloseDuringRead(t *testing.T) {
	pool := &buffers{}
	text := bytes.Repeat([]byte("a"), 64<<10)
	var wg sync.WaitGroup
	for range 200 {
		p := newTestPayload(pool, string(text))
		b, _ := p.open()
		wg.Go(func() {
			chunk := make([]byte, 1000)
			for {
				n, err := b.Read(chunk)
				if bytes.Count(chunk[:n], []byte("a")) != n {
					t.Error("a reader has seen another batch's bytes")
				}
				if err != nil {
					return
				}
			}
		})
		wg.Go(func() {
			p.release()
			b.Close()
			again := pool.get()
			*again = append(*again, bytes.Repeat([]byte("b"), 64<<10)...)
			pool.put(again)
		})
	}
	wg.Wait()
}

// TestBuffersAreBounded: an outsized batch's buffer is not kept.
func TestBuffersAreBounded(t *testing.T) {
	pool := &buffers{}
	for range 100 {
		large := make([]byte, 0, maxKept+1)
		pool.put(&large)
		if got := pool.get(); cap(*got) > maxKept {
			t.Fatalf("the pool has kept %d bytes", cap(*got))
		}
	}
}
