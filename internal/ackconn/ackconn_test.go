package ackconn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/slogship/slogship/internal/hostaddr"
	"github.com/slogship/slogship/internal/netfault"
	"github.com/slogship/slogship/internal/testkit"
)

// mute takes everything and says nothing.
func mute(c net.Conn) { io.Copy(io.Discard, c) }

func dialer(t *testing.T, silence time.Duration, addrs ...string) *Dialer {
	t.Helper()
	hosts, err := ParseHosts(addrs, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Dialer{Hosts: hosts, ConnectTimeout: 5 * time.Second, Silence: silence, KeepAlive: 15 * time.Second}
}

func dial(t *testing.T, d *Dialer, greet func(*Conn) error) *Conn {
	t.Helper()
	c, err := d.Dial(t.Context(), greet)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Abort)
	return c
}

func TestParseHosts(t *testing.T) {
	if _, err := ParseHosts([]string{"a:1", "b"}, nil); !errors.Is(err, hostaddr.ErrInvalid) {
		t.Errorf("want ErrInvalid, got %v", err)
	}
}

// A host that does not answer, or whose handshake fails, gives way to the next;
// the one that worked stays the first.
func TestDialTriesTheNextHost(t *testing.T) {
	off := testkit.Listen(t, mute)
	host := func(says string) string {
		return testkit.Listen(t, func(c net.Conn) { io.WriteString(c, says); mute(c) })
	}
	d := dialer(t, time.Minute, "127.0.0.1:1", host("no\n"), host("ok\n"), off)
	d.next = 1
	greet := func(c *Conn) error {
		if line, err := c.In.ReadString('\n'); line != "ok\n" {
			return fmt.Errorf("the host says %q: %w", line, cmpErr(err))
		}
		return nil
	}
	for range 2 {
		dial(t, d, greet)
		if d.next != 3 {
			t.Errorf("host %d is the first to be tried next, want 3", d.next)
		}
	}
	d.Skip()
	if d.next != 4 {
		t.Errorf("after Skip host %d is the first", d.next)
	}
	d.Skip()
	if d.next != 1 {
		t.Errorf("after the last host comes %d", d.next)
	}
}

func cmpErr(err error) error {
	if err == nil {
		return errors.New("not ok")
	}
	return err
}

// All addresses of a name are tried, and one that broke is not the first again.
func TestDialTriesAllAddresses(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Skip("no second loopback address:", err)
	}
	testkit.Serve(t, l, mute)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	dns := netfault.NewDNS(t, "127.0.0.1", "127.0.0.2") // nothing listens at the first
	hosts, err := ParseHosts([]string{"two.example:" + port}, dns.Resolver())
	if err != nil {
		t.Fatal(err)
	}
	d := &Dialer{Hosts: hosts, ConnectTimeout: 5 * time.Second, Silence: time.Second, KeepAlive: -1}
	c := dial(t, d, nil)
	if got := c.addr.Addr().String(); got != "127.0.0.2" {
		t.Errorf("connected to %s", got)
	}
	d.Lost(c)
	if addrs, err := hosts[0].Lookup(t.Context()); err != nil || addrs[1] != c.addr {
		t.Errorf("an address that broke at once is not the last: %v, %v", addrs, err)
	}
}

// Dial ends with ctx, also while the receiver takes its time over the handshake.
func TestDialEndsWithContext(t *testing.T) {
	d := dialer(t, time.Minute, testkit.Listen(t, mute))
	ctx, cancel := context.WithCancel(t.Context())
	_, err := d.Dial(ctx, func(c *Conn) error {
		cancel()
		_, err := c.In.ReadByte()
		return err
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("want Canceled, got %v", err)
	}
}

// The receiver's silence ends a read, and nothing else does: neither the end of
// an earlier ctx nor the time between two Sends.
func TestSilence(t *testing.T) {
	go1 := make(chan string)
	c := dial(t, dialer(t, time.Minute, testkit.Listen(t, func(c net.Conn) {
		for s := range go1 {
			io.WriteString(c, s)
			go1 <- "said"
		}
	})), nil)
	t.Cleanup(func() { close(go1) })
	say := func(s string) {
		go1 <- s
		<-go1
	}

	ctx, cancel := context.WithCancel(t.Context())
	end := c.Begin(ctx)
	cancel()
	if _, err := c.In.ReadByte(); !errors.Is(err, context.Canceled) {
		t.Errorf("want Canceled, got %v", err)
	}
	end()
	// The next Send goes on with what comes now.
	say("a")
	end = c.Resume(t.Context())
	if b, err := c.In.ReadByte(); b != 'a' || err != nil {
		t.Errorf("read %q, %v", b, err)
	}
	c.silence = 200 * time.Millisecond
	c.heard = time.Now()
	if _, err := c.In.ReadByte(); !errors.Is(err, ErrSilent) {
		t.Errorf("want ErrSilent, got %v", err)
	}
	if took := time.Since(c.heard); took < c.silence {
		t.Errorf("given up after %v", took)
	}
	end()
	// However long ago the receiver was last heard, what has come is read. On a
	// machine that stops this goroutine for all of the tenth of a second that there
	// is, it is read the next time; without that tenth it never is.
	say("b")
	var b byte
	var err error
	for range 20 {
		c.heard = time.Now().Add(-time.Hour)
		end = c.Resume(t.Context())
		b, err = c.In.ReadByte()
		end()
		if !errors.Is(err, ErrSilent) {
			break
		}
	}
	if b != 'b' || err != nil {
		t.Errorf("read %q, %v", b, err)
	}
}

// A receiver that takes nothing ends a write, and so does ctx.
func TestWriteEnds(t *testing.T) {
	stop := make(chan struct{})
	addr := testkit.Listen(t, func(net.Conn) { <-stop })
	defer close(stop)
	big := make([]byte, 64<<20)
	c := dial(t, dialer(t, 100*time.Millisecond, addr), nil)
	end := c.Begin(t.Context())
	if _, err := c.Write(big); !errors.Is(err, ErrSilent) {
		t.Errorf("want ErrSilent, got %v", err)
	}
	end()
	c = dial(t, dialer(t, time.Minute, addr), nil)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	defer c.Begin(ctx)()
	if _, err := c.Write(big); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("want DeadlineExceeded, got %v", err)
	}
}

// Look sees a receiver that has gone, or that speaks unasked, and leaves one
// that is quiet as it is. Check asks only after a second of quiet.
func TestLook(t *testing.T) {
	says := make(chan string)
	c := dial(t, dialer(t, time.Second, testkit.Listen(t, func(c net.Conn) {
		for s := range says {
			io.WriteString(c, s)
		}
	})), nil)
	if err := c.Look(); err != nil {
		t.Errorf("a quiet receiver: %v", err)
	}
	says <- "x"
	testkit.Until(t, func() bool { return c.Look() != nil })
	close(says)
	testkit.Until(t, func() bool { return errors.Is(c.Look(), io.EOF) })
	c.ended = time.Now()
	if err := c.Check(); err != nil {
		t.Errorf("a connection that was used a moment ago is asked: %v", err)
	}
	c.ended = time.Now().Add(-time.Minute)
	if err := c.Check(); !errors.Is(err, io.EOF) {
		t.Errorf("want EOF, got %v", err)
	}
}

// Abort ends a read that nothing else would end, and may come twice.
func TestAbort(t *testing.T) {
	c := dial(t, dialer(t, time.Minute, testkit.Listen(t, mute)), nil)
	defer c.Begin(t.Context())()
	failed := make(chan error)
	go func() {
		_, err := c.In.ReadByte()
		failed <- err
	}()
	c.Abort()
	c.Goodbye()
	if err := <-failed; err == nil {
		t.Error("the read goes on")
	}
}

// A connection is replaced when its time is up.
func TestDue(t *testing.T) {
	d := dialer(t, time.Minute, testkit.Listen(t, mute))
	c := dial(t, d, nil)
	c.made = time.Now().Add(-time.Minute)
	if d.Due(c, 0) || d.Due(c, time.Hour) || !d.Due(c, time.Second) {
		t.Error("a new connection is due, or an old one is not")
	}
}
