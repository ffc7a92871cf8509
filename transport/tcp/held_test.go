package tcp_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/tcp"
)

// Held shrinks when a window of further bytes has gone.
func TestHeldIsAWindow(t *testing.T) {
	r := listen(t, &receiver{})
	w := open(t, tcp.Destination{Addr: r.addr(), Encoder: padded{1023}, WindowBytes: 64 << 10})
	for range 20 {
		if err := w.step(t.Context(), 100); err != nil {
			t.Fatal(err)
		}
	}
	r.complete(w.next)
	// What the kernel had not confirmed at the last look is confirmed by now:
	// the receiver has read it. 64 records fill the window; the last Send, which
	// may be let go only as a whole, is 100.
	// Its kernel may say so a little later.
	eventually(t, "64 records and up to one Send more are held", func() bool { return w.held() <= 164 })
	if held := w.held(); held < 64 {
		t.Errorf("%d records are held, want 64 and up to one Send more", held)
	}
}

// Held shrinks after a time of quiet on a connection that is up, and not on one
// that is not.
func TestHeldAfterQuiet(t *testing.T) {
	r := listen(t, &receiver{})
	w := open(t, tcp.Destination{Addr: r.addr(), Encoder: padded{100}})
	if err := w.step(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	r.complete(10)
	if held := w.held(); held != 10 {
		t.Errorf("%d records are held within the time, want 10", held)
	}
	tcp.SetQuiet(w.tr, 0)
	eventually(t, "nothing is held", func() bool { return w.held() == 0 })

	tcp.SetQuiet(w.tr, time.Hour)
	if err := w.step(t.Context(), 5); err != nil {
		t.Fatal(err)
	}
	r.complete(15)
	r.conn(0).Close()
	w.told()
	tcp.SetQuiet(w.tr, 0)
	if held := w.held(); held != 5 {
		t.Errorf("%d records are held on a connection that the receiver has closed, want 5", held)
	}
	// An idle worker learns it from Probe; a Send would say the same.
	err := w.probe()
	if got := transport.Classify(err, 1).Resend; got != 5 || w.held() != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("Probe: %v: resend %d, held %d", err, got, w.held())
	}
	if err := w.probe(); err != nil {
		t.Errorf("Probe of a receiver that is up: %v", err)
	}
	w.until(15, 5)
	r.complete(15)
}

// Data that the receiver's kernel has not taken keeps a connection from being
// called quiet, and from being let go beyond the window.
func TestHeldWhileUnconfirmed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	w := open(t, tcp.Destination{Addr: l.Addr().String(), Encoder: padded{1023}, WindowBytes: 1 << 10, SendBuffer: 1 << 20})
	tcp.SetQuiet(w.tr, 0)
	// Nobody reads. Fill the receiver's kernel until ours keeps some.
	eventually(t, "a Send is interrupted", func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		w.step(ctx, 100)
		return tcp.Kept(w.tr) > 0
	})
	if held := w.held(); held < 100 {
		t.Errorf("%d records are held; the kernel has hundreds unconfirmed", held)
	}
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	// The reset empties the queue, as if all of it had been confirmed.
	before := w.next - w.kept
	c.(*net.TCPConn).SetLinger(0)
	c.Close()
	if held := w.held(); held != before {
		t.Errorf("%d records are held after a reset, %d before", held, before)
	}
}

// What a Send that ran out of time has left is sent by Probe, where no other
// Send comes; a receiver that does not take it would take no Send either.
func TestProbeSendsOn(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	w := open(t, tcp.Destination{Addr: l.Addr().String(), Encoder: padded{1023}, SendBuffer: 64 << 10})
	prober := w.tr.(transport.Prober)
	w.until(1, 1)    // a connection
	for err == nil { // its kernel takes some, and then some more
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		if w.step(ctx, 100) != nil {
			cancel()
			ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
			err = prober.Probe(ctx)
		}
		cancel()
	}
	if !errors.Is(err, context.DeadlineExceeded) || transport.Classify(err, 1).Resend != 0 {
		t.Errorf("Probe of a receiver that takes nothing: %v", err)
	}
	if tcp.Kept(w.tr) == 0 {
		t.Fatal("nothing is kept")
	}
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	go io.Copy(io.Discard, c)
	if err := prober.Probe(t.Context()); err != nil {
		t.Errorf("Probe of a receiver that takes it: %v", err)
	}
	if n := tcp.Kept(w.tr); n != 0 {
		t.Errorf("%d bytes are kept", n)
	}
}

// Close waits for the receiver's end of file and then holds nothing; without
// it, everything.
func TestHeldAfterClose(t *testing.T) {
	for _, reads := range []bool{true, false} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		stop := make(chan struct{})
		go func() {
			defer close(done)
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			c.Write(make([]byte, 100<<10)) // unread input must not turn Close into a reset
			if reads {
				io.Copy(io.Discard, c)
				return
			}
			<-stop
		}()
		timeout := 300 * time.Millisecond // in vain
		if reads {
			timeout = 30 * time.Second
		}
		w := open(t, tcp.Destination{Addr: l.Addr().String(), CloseTimeout: timeout})
		if err := w.step(t.Context(), 10); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		tr := w.tr
		w.close()
		if held := tr.(transport.Holder).Held(); (held == 0) != reads {
			t.Errorf("the receiver reads: %v; held after Close: %d", reads, held)
		}
		if took := time.Since(began); took > 15*time.Second {
			t.Errorf("Close took %v", took)
		}
		close(stop)
		l.Close()
		<-done
	}
}

// A receiver that closes first may have left bytes unread: its end of file,
// which came before ours, lets nothing go.
func TestEndOfFileBeforeOursProvesNothing(t *testing.T) {
	r := listen(t, &receiver{})
	w := open(t, tcp.Destination{Addr: r.addr()})
	if err := w.step(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	eventually(t, "there is a connection", func() bool { return r.count() == 1 })
	r.conn(0).(*net.TCPConn).CloseWrite()
	w.told()
	tr := w.tr
	w.close()
	if held := tr.(transport.Holder).Held(); held != 10 {
		t.Errorf("held %d, want 10", held)
	}
}

// A negative window holds nothing, and says after a break that nothing has to
// go again.
func TestNoWindow(t *testing.T) {
	r := listen(t, &receiver{})
	w := open(t, tcp.Destination{Addr: r.addr(), WindowBytes: -1})
	if err := w.step(t.Context(), 10); err != nil || w.held() != 0 {
		t.Fatalf("held %d, %v", w.held(), err)
	}
	r.complete(10)
	r.conn(0).Close()
	w.told()
	if err := w.step(t.Context(), 1); err != nil {
		t.Errorf("a new connection would do: %v", err)
	}
	r.complete(11)
}

// A connection that has served its time is closed in order: nothing goes twice.
func TestLifetime(t *testing.T) {
	r := listen(t, &receiver{})
	w := open(t, tcp.Destination{Addr: r.addr(), Lifetime: time.Nanosecond, CloseTimeout: 30 * time.Second})
	for range 10 {
		if err := w.step(t.Context(), 3); err != nil {
			t.Fatal(err)
		}
	}
	r.complete(30)
	if r.count() != 10 || r.repeats() != 0 {
		t.Errorf("%d connections, want 10; %d repeats", r.count(), r.repeats())
	}
}
