package netfault

import (
	"net"
	"sync"
	"testing"
	"time"
)

// Fault is what a Proxy does to the bytes of each connection. The zero Fault
// passes them on.
type Fault struct {
	// BlackHole takes connections and bytes no further: nothing is read, so a
	// sender's buffers fill up and stay full. Ends of file are not passed on
	// either. Connections live, and go on when it is lifted.
	BlackHole bool

	// HalfOpen reads what the client sends and throws it away, as a host does
	// that has forgotten the connection without saying so. What it ate is
	// gone, so such a connection is reset when HalfOpen is lifted.
	HalfOpen bool

	// Slice passes on at most so many bytes in one write; 1 is one byte at a
	// time. 0: as they come.
	Slice int

	// Latency waits before each write.
	Latency time.Duration

	// Rate is the bytes per second in each direction. 0: no limit.
	Rate int

	// ResetAfter resets a connection (RST both ways) when it has carried that
	// many bytes from the client: in the middle of a batch. The byte that is
	// one too many is not passed on. 0: never.
	ResetAfter int

	// SlowClose waits before an end of file is passed on.
	SlowClose time.Duration
}

// Proxy passes TCP connections on to an upstream address. It is safe for
// concurrent use.
type Proxy struct {
	t        testing.TB
	upstream string
	addr     string // never changed after New

	mu       sync.Mutex
	listener net.Listener   // guarded by mu; nil while killed
	links    map[*link]bool // guarded by mu
	fault    Fault          // guarded by mu
	changed  chan struct{}  // guarded by mu; closed and replaced by Set
	accepted int            // guarded by mu
	running  sync.WaitGroup // every goroutine of the proxy
}

// New starts a proxy on a free loopback port. It ends with the test.
func New(t testing.TB, upstream string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("netfault: listen: %v", err)
	}
	p := &Proxy{t: t, upstream: upstream, addr: l.Addr().String(), links: map[*link]bool{}, changed: make(chan struct{})}
	p.serve(l)
	t.Cleanup(func() {
		p.Kill()
		p.running.Wait()
	})
	return p
}

// Addr returns the address to connect to.
func (p *Proxy) Addr() string { return p.addr }

// Accepted returns how many connections there have been.
func (p *Proxy) Accepted() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.accepted
}

// Set changes the fault, for connections that are open as well. Set(Fault{})
// heals.
func (p *Proxy) Set(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = f
	close(p.changed)
	p.changed = make(chan struct{})
	for l := range p.links {
		if l.ate.Load() && !f.HalfOpen {
			l.reset()
		}
	}
}

// Reset breaks every connection with RST, both ways.
func (p *Proxy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		l.reset()
	}
}

// Kill closes the listener, so that connecting is refused, and resets every
// connection.
func (p *Proxy) Kill() {
	p.mu.Lock()
	if p.listener != nil {
		p.listener.Close()
		p.listener = nil
	}
	p.mu.Unlock()
	p.Reset()
}

// Revive listens again, at the same address, after Kill. Somebody's connection
// may have got the port meanwhile, as it is one that the kernel gives away: Revive
// waits for it up to 20 s.
func (p *Proxy) Revive() {
	p.t.Helper()
	l, err := net.Listen("tcp", p.addr)
	for end := time.Now().Add(20 * time.Second); err != nil && time.Now().Before(end); {
		time.Sleep(20 * time.Millisecond) // there is no signal for a port that is free
		l, err = net.Listen("tcp", p.addr)
	}
	if err != nil {
		p.t.Fatalf("netfault: listen: %v", err)
	}
	p.serve(l)
}

func (p *Proxy) serve(l net.Listener) {
	p.mu.Lock()
	p.listener = l
	p.mu.Unlock()
	p.running.Go(func() { p.accept(l) })
}

func (p *Proxy) accept(l net.Listener) {
	for {
		client, err := l.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.upstream)
		if err != nil {
			abort(client)
			continue
		}
		p.start(&link{proxy: p, client: client, server: server, broken: make(chan struct{})}, l)
	}
}

// start runs a link unless the proxy was killed while it was made.
func (p *Proxy) start(k *link, l net.Listener) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != l {
		k.reset()
		return
	}
	p.accepted++
	p.links[k] = true
	p.running.Go(func() {
		k.run()
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.links, k)
	})
}

// state returns the fault and a channel that is closed when it changes.
func (p *Proxy) state() (Fault, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fault, p.changed
}
