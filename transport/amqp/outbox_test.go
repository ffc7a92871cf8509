package amqp

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// Whatever the sizes and pauses, what is written comes out once and in order, and
// Close lets it. Close gives what is left lastWords of time, which is enough for
// any of it on a machine that does nothing else: in a bubble time stands still
// while somebody works.
func TestOutboxOrder(t *testing.T) { synctest.Test(t, testOutboxOrder) }

func testOutboxOrder(t *testing.T) {
	seed := time.Now().UnixNano()
	t.Log("seed", seed)
	rng := rand.New(rand.NewPCG(uint64(seed), 0))
	near, far := net.Pipe()
	o := newOutbox(near, near)
	read := make(chan []byte)
	go func() {
		all, _ := io.ReadAll(far)
		read <- all
	}()
	var want []byte
	for i := range 3000 {
		p := bytes.Repeat([]byte{byte(i)}, 1+rng.IntN(300))
		if i%500 == 0 {
			p = bytes.Repeat(p, 1000) // beyond what is kept
		}
		want = append(want, p...)
		if _, err := o.Write(p); err != nil {
			t.Fatal(err)
		}
		for clear(p); o.full(); {
			<-o.room
		}
	}
	o.Close()
	if got := <-read; !bytes.Equal(got, want) {
		t.Errorf("%d bytes came out of %d", len(got), len(want))
	}
	<-o.done
	if _, err := o.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("want ErrClosed, got %v", err)
	}
}

// A peer that takes nothing holds up nobody: not Write, and not Close for longer
// than its time.
func TestOutboxStuck(t *testing.T) {
	for name, end := range map[string]func(*outbox){"Close": func(o *outbox) { o.Close() }, "Abort": (*outbox).Abort} {
		t.Run(name, func(t *testing.T) {
			near, far := net.Pipe()
			defer far.Close()
			o := newOutbox(near, near)
			for !o.full() {
				if _, err := o.Write(make([]byte, 1000)); err != nil {
					t.Fatal(err)
				}
			}
			began := time.Now()
			end(o)
			<-o.done
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %v", took)
			}
			if o.full() {
				t.Error("who waits for room would wait for ever")
			}
		})
	}
}

// The first failed write is what later ones say.
func TestOutboxBroken(t *testing.T) {
	near, far := net.Pipe()
	o := newOutbox(near, near)
	far.Close()
	o.Write([]byte("x"))
	<-o.done
	if _, err := o.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("want ErrClosedPipe, got %v", err)
	}
	if o.full() {
		t.Error("full")
	}
}
