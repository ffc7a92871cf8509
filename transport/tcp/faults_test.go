package tcp_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/netfault"
	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport/tcp"
	"github.com/slogship/slogship/transport/tlsconfig"
)

func nightly() bool { return os.Getenv("SLOGSHIP_NIGHTLY") != "" }

// each runs a test without and with TLS. d has what the receiver r needs.
func each(t *testing.T, f func(t *testing.T, r *receiver, d tcp.Destination)) {
	t.Run("plain", func(t *testing.T) { f(t, &receiver{}, tcp.Destination{}) })
	t.Run("TLS", func(t *testing.T) {
		ca := testpki.New(t, "ours")
		f(t, &receiver{tls: &tls.Config{Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})}}},
			tcp.Destination{TLS: &tlsconfig.Options{CAFile: testpki.File(t, t.TempDir(), "ca", ca.PEM)}})
	})
}

// TestFaults is T26: while the network is broken, and after it has healed,
// nothing is lost; the sender recovers by itself. Repeats are bounded by a
// window for each break.
func TestFaults(t *testing.T) {
	t.Parallel() // it mostly waits
	for _, c := range []struct {
		name  string
		fault netfault.Fault
	}{
		{"black hole", netfault.Fault{BlackHole: true}},
		{"half open", netfault.Fault{HalfOpen: true}},
		{"one byte at a time", netfault.Fault{Slice: 1}},
		{"slow", netfault.Fault{Rate: 100 << 10}},
		{"latency", netfault.Fault{Latency: 20 * time.Millisecond}},
		{"reset in mid-batch", netfault.Fault{ResetAfter: 300 << 10}},
		{"slow close", netfault.Fault{SlowClose: 100 * time.Millisecond}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, r *receiver, d tcp.Destination) {
				listen(t, r)
				proxy := netfault.New(t, r.addr())
				d.Addr, d.Encoder = proxy.Addr(), padded{1023}
				d.WriteTimeout, d.ConnectTimeout = 300*time.Millisecond, 500*time.Millisecond
				d.CloseTimeout = 100 * time.Millisecond
				w := open(t, d)
				w.until(100, 50)
				proxy.Set(c.fault)
				// Less than a window: what a half-open link eats beyond that is lost.
				for end := time.Now().Add(400 * time.Millisecond); time.Now().Before(end) && w.next < 6000; {
					ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
					if w.step(ctx, 200) != nil {
						<-ctx.Done() // the backoff
					}
					cancel()
				}
				proxy.Set(netfault.Fault{})
				healed, until := time.Now(), w.next+100
				w.until(until, 50)
				if took := time.Since(healed); took > 20*time.Second {
					t.Errorf("recovered after %v", took)
				}
				// A worker at rest polls, and so finds what is broken.
				eventually(t, "the connection is sound", func() bool { return w.probe() == nil })
				w.until(until, 50)
				r.complete(until)
			})
		})
	}
}

// A slow link makes progress although no Send can finish its batch in time:
// without a new connection, and with at most one repeat for each Send that was
// interrupted. The interrupted remainder stays bounded.
func TestSlowLinkMakesProgress(t *testing.T) {
	t.Parallel() // it mostly waits
	each(t, func(t *testing.T, r *receiver, d tcp.Destination) {
		var read atomic.Int64
		r.pace = func() { read.Add(1) }
		listen(t, r)
		proxy := netfault.New(t, r.addr())
		d.Addr, d.Encoder, d.SendBuffer = proxy.Addr(), padded{1023}, 64<<10
		w := open(t, d)
		w.until(10, 10)
		proxy.Set(netfault.Fault{Rate: 4 << 20})
		interrupted, most := 0, 0
		// More than loopback's buffers hold, so that the link sets the pace.
		for w.next < 6<<10 {
			ctx, cancel := context.WithTimeout(t.Context(), 40*time.Millisecond)
			if w.step(ctx, 2<<10) != nil {
				interrupted++
				most = max(most, tcp.Kept(w.tr))
			}
			cancel()
			if interrupted > 5000 {
				t.Fatalf("no progress: record %d", w.next)
			}
		}
		proxy.Set(netfault.Fault{})
		w.until(w.next+1, 1)
		r.complete(w.next)
		if interrupted == 0 {
			t.Errorf("no Send was interrupted: the test is too fast")
		}
		if n := r.count(); n != 1 {
			t.Errorf("%d connections, want 1", n)
		}
		if n := r.repeats(); n > interrupted {
			t.Errorf("%d repeats of %d interrupted Sends", n, interrupted)
		}
		if most > 320<<10 {
			t.Errorf("%d bytes were kept; a chunk has 256 KiB", most)
		}
		t.Logf("%d records, %d Sends interrupted, at most %d bytes kept, %d repeats", w.next, interrupted, most, r.repeats())
	})
}

// A receiver that takes nothing at all is given up after WriteTimeout, counted
// over several Sends.
func TestStalledReceiverIsGivenUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	w := open(t, tcp.Destination{Addr: l.Addr().String(), Encoder: padded{1023}, WriteTimeout: 300 * time.Millisecond})
	began := time.Now()
	for w.dups == 0 {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		w.step(ctx, 1000)
		cancel()
		if time.Since(began) > 25*time.Second {
			t.Fatalf("still waiting after %v", time.Since(began))
		}
	}
}

// Cancelling is not a break: the next Send goes on where the first one was.
func TestCancelledSendKeepsTheConnection(t *testing.T) {
	each(t, func(t *testing.T, r *receiver, d tcp.Destination) {
		gate := make(chan struct{})
		r.pace = func() { <-gate }
		listen(t, r)
		d.Addr, d.Encoder, d.SendBuffer, d.WindowBytes = r.addr(), padded{1023}, 64<<10, 64<<20
		w := open(t, d)
		w.until(1, 1) // a connection: it is not connecting that is cancelled
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		time.AfterFunc(300*time.Millisecond, cancel)
		for w.step(ctx, 1000) == nil {
		}
		close(gate)
		w.until(w.next+1000, 1000)
		r.complete(w.next)
		if r.count() != 1 || w.dups != 0 {
			t.Errorf("%d connections, %d to go again", r.count(), w.dups)
		}
	})
}

// Close cuts off a Send that does not return.
func TestCloseDuringSend(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	w := open(t, tcp.Destination{Addr: l.Addr().String(), Encoder: padded{1023}})
	returned := make(chan struct{})
	go func() {
		defer close(returned)
		for range 100 {
			if w.step(t.Context(), 1000) != nil {
				return
			}
		}
	}()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	tr := w.tr
	for {
		tr.Close()
		select {
		case <-returned:
			w.tr = nil
			return
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// What the receiver sends is thrown away, however much it is.
func TestTalkativeReceiver(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	talked := make(chan int)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		total, buf := 0, make([]byte, 256<<10)
		for {
			n, err := conn.Write(buf)
			if total += n; err != nil || total >= 64<<20 {
				talked <- total
				return
			}
		}
	}()
	w := open(t, tcp.Destination{Addr: l.Addr().String()})
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); {
		w.step(t.Context(), 1)
		select {
		case n := <-talked:
			if n < 64<<20 {
				t.Errorf("the receiver could say %d bytes", n)
			}
			return
		default:
		}
	}
	t.Errorf("the receiver is stuck: nobody reads what it says")
}

// huge writes a record that no kernel's buffers hold.
type huge struct{}

func (huge) AppendRecord(dst []byte, _ *encode.Record) ([]byte, error) {
	return append(dst, make([]byte, 32<<20)...), nil
}
func (huge) ContentType() string { return "text/plain" }

// A frame of which the receiver took a part before it stalled ends with a reset:
// after an end of file the part would pass for a record.
func TestHalfAFrameIsReset(t *testing.T) {
	each(t, func(t *testing.T, r *receiver, d tcp.Destination) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		stalled, ended := make(chan struct{}), make(chan error, 1)
		go func() {
			c, err := l.Accept()
			if err != nil {
				ended <- err
				return
			}
			defer c.Close()
			if r.tls != nil {
				c = tls.Server(c, r.tls)
				if err := c.(*tls.Conn).Handshake(); err != nil {
					ended <- err
					return
				}
			}
			<-stalled
			_, err = io.Copy(io.Discard, c)
			ended <- err
		}()
		d.Addr, d.Encoder, d.WriteTimeout = l.Addr().String(), huge{}, 200*time.Millisecond
		w := open(t, d)
		err = w.step(t.Context(), 1)
		close(stalled)
		if err == nil {
			t.Fatal("32 MiB went to a receiver that reads nothing")
		}
		if err := <-ended; err == nil || errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("the receiver's stream ended with %v, want a reset", err)
		}
	})
}
