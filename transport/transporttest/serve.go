package transporttest

import (
	"net"
	"net/http"
	"sync"
	"testing"
	"time"
)

// Listen runs serve with a listener on a free loopback port and returns its
// address. It sets p.Kill, which closes the listener and resets all of its
// connections, and p.Restart, which runs serve again at the same address. serve
// returns once its listener is closed. All of it ends with the test.
func Listen(t testing.TB, p *Peer, serve func(net.Listener)) (addr string) {
	t.Helper()
	s := &server{t: t, serve: serve, addr: "127.0.0.1:0"}
	s.start()
	p.Kill, p.Restart = s.kill, s.start
	t.Cleanup(s.kill)
	return s.addr
}

// ServeTCP is [Listen] for receivers that handle one connection at a time.
// handle is called on a goroutine of its own; the connection is closed when it
// returns.
func ServeTCP(t testing.TB, p *Peer, handle func(net.Conn)) (addr string) {
	t.Helper()
	var handlers sync.WaitGroup
	t.Cleanup(handlers.Wait)
	return Listen(t, p, func(l net.Listener) {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			handlers.Go(func() {
				defer conn.Close()
				handle(conn)
			})
		}
	})
}

// ServeHTTP is [Listen] for receivers that speak HTTP. It returns the URL.
func ServeHTTP(t testing.TB, p *Peer, handle http.HandlerFunc) (url string) {
	t.Helper()
	return "http://" + Listen(t, p, func(l net.Listener) {
		srv := &http.Server{Handler: handle}
		_ = srv.Serve(l) // always an error: the listener was closed
	})
}

// server is a receiver that can be killed and restarted.
type server struct {
	t     testing.TB
	serve func(net.Listener)

	addr     string        // "127.0.0.1:0" until the first start
	listener *listener     // nil while killed
	done     chan struct{} // closed when serve has returned
}

// start listens where it did before. The port is free: Go sets SO_REUSEADDR, so
// that connections of the killed receiver in TIME_WAIT do not hold it. Somebody
// else may, a connection's own end or the receiver of another package's test that
// got this port meanwhile: it is one of those that the system gives out. That
// passes, with the case that it belongs to; so the wait is about as long as one
// may take, and the steps stay short.
func (s *server) start() {
	inner, err := net.Listen("tcp", s.addr)
	begun := time.Now()
	for wait := time.Millisecond; err != nil && time.Since(begun) < 30*time.Second; wait = min(2*wait, 100*time.Millisecond) {
		time.Sleep(wait)
		inner, err = net.Listen("tcp", s.addr)
	}
	if err != nil {
		s.t.Fatalf("transporttest: listening again: %v", err)
	}
	s.addr = inner.Addr().String()
	l, done := &listener{Listener: inner}, make(chan struct{})
	s.listener, s.done = l, done
	go func() {
		defer close(done)
		s.serve(l)
	}()
}

// kill breaks the connections before it waits for serve, which may itself wait
// for their handlers.
func (s *server) kill() {
	if s.listener == nil {
		return
	}
	s.listener.reset()
	<-s.done
	s.listener = nil
}

// listener remembers its connections, to break them. They are not wrapped, so
// that a receiver can use what *net.TCPConn has.
type listener struct {
	net.Listener

	mu     sync.Mutex
	conns  []net.Conn // guarded by mu
	killed bool       // guarded by mu
}

// Accept breaks a connection that came while the receiver was being killed: it
// was taken out of the queue before the listener was closed, and registered by
// nobody that reset could see.
func (l *listener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.killed {
		conn.Close()
		return nil, net.ErrClosed
	}
	l.conns = append(l.conns, conn)
	return conn, nil
}

// reset closes the listener and all connections, with RST instead of FIN, as
// the kernel does for a process that dies with unread data.
func (l *listener) reset() {
	l.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.killed = true
	for _, conn := range l.conns {
		if tcp, ok := conn.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
		conn.Close()
	}
}
