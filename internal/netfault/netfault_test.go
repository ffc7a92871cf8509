package netfault

import (
	"errors"
	"io"
	"net"
	"slices"
	"testing"
	"time"
)

// echo is an upstream that sends back what it gets.
func echo(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				io.Copy(c, c)
				c.Close()
			}()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return l.Addr().String()
}

func dial(t *testing.T, p *Proxy) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// say sends s and returns the answer's time, or why there was none within d.
func say(c net.Conn, s string, d time.Duration) (time.Duration, error) {
	began := time.Now()
	if _, err := c.Write([]byte(s)); err != nil {
		return 0, err
	}
	c.SetReadDeadline(began.Add(d))
	_, err := io.ReadFull(c, make([]byte, len(s)))
	return time.Since(began), err
}

func TestPassesOn(t *testing.T) {
	p := New(t, echo(t))
	for _, f := range []Fault{{}, {Slice: 1}, {Latency: 10 * time.Millisecond}, {Rate: 10_000}} {
		p.Set(f)
		took, err := say(dial(t, p), "hello", 10*time.Second)
		if err != nil || took < 2*f.Latency {
			t.Errorf("%+v: %v after %v", f, err, took)
		}
	}
	if p.Accepted() != 4 {
		t.Errorf("%d connections", p.Accepted())
	}
}

func TestRate(t *testing.T) {
	p := New(t, echo(t))
	p.Set(Fault{Rate: 100_000})
	if took, err := say(dial(t, p), string(make([]byte, 50_000)), 20*time.Second); err != nil || took < 400*time.Millisecond {
		t.Errorf("50 kB at 100 kB/s took %v, %v", took, err)
	}
}

func TestBlackHoleHeals(t *testing.T) {
	p := New(t, echo(t))
	c := dial(t, p)
	if _, err := say(c, "before", 10*time.Second); err != nil {
		t.Fatal(err)
	}
	p.Set(Fault{BlackHole: true})
	if _, err := say(c, "lost?", 50*time.Millisecond); !isTimeout(err) {
		t.Errorf("in the black hole: %v", err)
	}
	p.Set(Fault{})
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	got := make([]byte, 5)
	if _, err := io.ReadFull(c, got); err != nil || string(got) != "lost?" {
		t.Errorf("after it was lifted: %q, %v", got, err)
	}
}

func isTimeout(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout()
}

// What a half-open link ate is gone, and its connection breaks when it heals.
func TestHalfOpenResets(t *testing.T) {
	p := New(t, echo(t))
	c := dial(t, p)
	if _, err := say(c, "before", 10*time.Second); err != nil {
		t.Fatal(err)
	}
	p.Set(Fault{HalfOpen: true})
	if _, err := say(c, "eaten", 100*time.Millisecond); !isTimeout(err) {
		t.Fatalf("while half open: %v", err)
	}
	for !hasEaten(p) { // a busy machine may take longer than that
		time.Sleep(time.Millisecond)
	}
	p.Set(Fault{})
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	if n, err := c.Read(make([]byte, 10)); n != 0 || err == nil || isTimeout(err) {
		t.Errorf("after it was lifted: %d bytes, %v", n, err)
	}
	if _, err := say(dial(t, p), "new", 10*time.Second); err != nil {
		t.Errorf("a new connection: %v", err)
	}
}

func hasEaten(p *Proxy) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		if l.ate.Load() {
			return true
		}
	}
	return false
}

// Exactly so many bytes arrive before the reset.
func TestResetAfter(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := New(t, l.Addr().String())
	p.Set(Fault{ResetAfter: 1000})
	c := dial(t, p)
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	c.Write(make([]byte, 5000))
	server.SetReadDeadline(time.Now().Add(10 * time.Second))
	got, err := io.ReadAll(server)
	if len(got) > 1000 || err == nil || isTimeout(err) {
		t.Errorf("%d bytes arrived, then %v", len(got), err)
	}
}

func TestSlowCloseAndHalfClose(t *testing.T) {
	p := New(t, echo(t))
	p.Set(Fault{SlowClose: 100 * time.Millisecond})
	c := dial(t, p)
	began := time.Now()
	c.Write([]byte("bye"))
	c.(*net.TCPConn).CloseWrite()
	c.SetReadDeadline(began.Add(10 * time.Second))
	got, err := io.ReadAll(c)
	if string(got) != "bye" || err != nil || time.Since(began) < 200*time.Millisecond {
		t.Errorf("%q, %v after %v", got, err, time.Since(began))
	}
}

func TestKillAndRevive(t *testing.T) {
	p := New(t, echo(t))
	c := dial(t, p)
	if _, err := say(c, "x", 10*time.Second); err != nil {
		t.Fatal(err)
	}
	p.Kill()
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.Read(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) || isTimeout(err) {
		t.Errorf("killed: want a reset, got %v", err)
	}
	if c, err := net.Dial("tcp", p.Addr()); err == nil {
		c.Close()
		t.Errorf("killed, and it accepts")
	}
	p.Revive()
	if _, err := say(dial(t, p), "x", 10*time.Second); err != nil {
		t.Errorf("revived: %v", err)
	}
}

// An upstream that is down is passed on as a reset.
func TestUpstreamDown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	c, err := net.Dial("tcp", New(t, l.Addr().String()).Addr())
	if err != nil {
		return // reset before Dial had looked
	}
	defer c.Close()
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.Read(make([]byte, 1)); err == nil || isTimeout(err) {
		t.Errorf("got %v", err)
	}
}

func TestDNS(t *testing.T) {
	d := NewDNS(t, "127.0.0.5", "127.0.0.4")
	addrs, err := d.Resolver().LookupHost(t.Context(), "a.example")
	if err != nil || !slices.Equal(addrs, []string{"127.0.0.5", "127.0.0.4"}) {
		t.Errorf("got %v, %v", addrs, err)
	}
	d.Set()
	if addrs, err := d.Resolver().LookupHost(t.Context(), "a.example"); err == nil {
		t.Errorf("got %v", addrs)
	} else if e, ok := errors.AsType[*net.DNSError](err); !ok || !e.IsNotFound {
		t.Errorf("want not found, got %v", err)
	}
	if d.Questions() == 0 {
		t.Errorf("no questions")
	}
	for _, broken := range [][]byte{nil, make([]byte, 5), make([]byte, 12), append(make([]byte, 12), 200, 1)} {
		if a := d.answer(broken); a != nil {
			t.Errorf("an answer to %v", broken)
		}
	}
}
