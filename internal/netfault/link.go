package netfault

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// link is one connection through a proxy: two pumps.
type link struct {
	proxy          *Proxy
	client, server net.Conn
	broken         chan struct{} // closed by reset
	once           sync.Once
	ate            atomic.Bool // bytes were thrown away: HalfOpen
}

// abort closes with RST instead of FIN.
func abort(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	c.Close()
}

func (l *link) reset() {
	l.once.Do(func() {
		close(l.broken)
		abort(l.client)
		abort(l.server)
	})
}

// run pumps both ways until both have ended.
func (l *link) run() {
	var pumps sync.WaitGroup
	pumps.Go(func() { l.pump(l.client, l.server, true) })
	pumps.Go(func() { l.pump(l.server, l.client, false) })
	pumps.Wait()
	l.client.Close()
	l.server.Close()
}

// pump passes bytes on until the end of file, and then that.
func (l *link) pump(from, to net.Conn, fromClient bool) {
	buf, carried := make([]byte, 64<<10), 0
	for {
		f, ok := l.passable()
		if !ok {
			return
		}
		size := len(buf)
		if f.Slice > 0 {
			size = min(size, f.Slice)
		}
		if f.Rate > 0 {
			size = min(size, max(f.Rate/20, 1))
		}
		n, err := from.Read(buf[:size])
		f, ok = l.passable() // it may have changed while Read waited
		if !ok {
			return
		}
		if f.HalfOpen && fromClient {
			l.ate.Store(l.ate.Load() || n > 0)
			n = 0
		}
		if carried += n; fromClient && f.ResetAfter > 0 && carried > f.ResetAfter {
			to.Write(buf[:max(n-(carried-f.ResetAfter), 0)]) // 0: the fault was set late
			l.reset()
			return
		}
		if n > 0 && !l.deliver(to, buf[:n], f) {
			return
		}
		if err != nil {
			l.end(to, f, err)
			return
		}
	}
}

// passable waits while nothing passes and reports whether the link still
// stands. One that ate bytes does not, once that fault is lifted: Set resets
// it, but for one that ate while Set ran.
func (l *link) passable() (Fault, bool) {
	for {
		f, changed := l.proxy.state()
		if l.ate.Load() && !f.HalfOpen {
			l.reset()
			return f, false
		}
		if !f.BlackHole {
			return f, true
		}
		select {
		case <-changed:
		case <-l.broken:
			return f, false
		}
	}
}

// deliver writes p in the fault's time.
func (l *link) deliver(to net.Conn, p []byte, f Fault) bool {
	wait := f.Latency
	if f.Rate > 0 {
		wait += time.Duration(len(p)) * time.Second / time.Duration(f.Rate)
	}
	if !l.pause(wait) {
		return false
	}
	if _, err := to.Write(p); err != nil {
		l.reset() // the sender has to hear of it
		return false
	}
	return true
}

// pause is part of the fault: a network that takes its time.
func (l *link) pause(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-l.broken:
		return false
	}
}

// end passes an end of file on as such, and a reset as a reset. A half-open
// link keeps either to itself.
func (l *link) end(to net.Conn, f Fault, err error) {
	switch {
	case f.HalfOpen:
	case !errors.Is(err, io.EOF):
		l.reset()
	case l.pause(f.SlowClose):
		if tcp, ok := to.(*net.TCPConn); ok {
			tcp.CloseWrite()
		}
	}
}
