package httppost

import (
	"context"
	"net"
	"net/http"
	"sync"

	"github.com/slogship/slogship/transport"
)

// links is an http.Transport with the connections that it made. net/http has no
// way to end a transport: CloseIdleConnections passes over an HTTP/2 connection
// whose last stream is still being wound up, a moment after Send has returned,
// and dials go on when nobody wants them any more. Both would live until
// IdleTimeout. So the connections are counted here, and closed when the links
// are retired and their last user has gone.
type links struct {
	http    *http.Transport
	version uint64 // of the TLS files that http was made with
	names   *names // the wire's: it outlives links that failed

	ended context.Context // done when the links have ended
	end   context.CancelFunc

	mu      sync.Mutex
	users   int            // guarded by mu; Sends under way
	retired bool           // guarded by mu; no new users
	conns   map[*conn]bool // guarded by mu
	served  bool           // guarded by mu; a Send got an answer
	latest  origin         // guarded by mu; of the newest connection, which may have ended in its handshake
}

// enter notes a Send. It must not be called on retired links; wire sees to that.
func (l *links) enter() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.users++
}

// answered notes that a request got an answer, whatever it says: a 500 is of a
// server that lives. The address is told once, as nothing else can come of it.
func (l *links) answered() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.served {
		l.served = true
		l.latest.worked()
	}
}

// leave is the end of a Send. failed means that it got no answer. The address
// that was connected to last is then tried behind the others, unless there have
// been answers before: a connection that has served and breaks is made anew to
// its old place first, before addresses that are known not to work. (net/http
// does not say which connection a request was on; those of one links nearly
// always lead to one address.)
func (l *links) leave(failed bool) {
	l.mu.Lock()
	l.users--
	if failed && !l.served {
		l.latest.failed()
	}
	l.unlockAndEnd()
}

// retire lets the users finish, and ends the links with the last of them.
func (l *links) retire() {
	l.http.CloseIdleConnections() // says good-bye properly where it can
	l.mu.Lock()
	l.retired = true
	l.unlockAndEnd()
}

// unlockAndEnd closes what is left when the time has come. It unlocks first,
// since each Close takes the connection out of l.conns.
func (l *links) unlockAndEnd() {
	var left []*conn
	if l.retired && l.users == 0 {
		l.end()
		for c := range l.conns {
			left = append(left, c)
		}
	}
	l.mu.Unlock()
	if left != nil {
		l.http.CloseIdleConnections()
	}
	for _, c := range left {
		_ = c.Close() // nothing is under way on it
	}
}

// dial is http.Transport.DialContext. net/http finishes a dial for later use
// when its request has gone; with the links' end that is over.
func (l *links) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(l.ended, cancel)()
	// Not under the lock: it takes up to ConnectTimeout, and Sends come and go
	// meanwhile.
	raw, at, err := l.names.dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: raw, links: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended.Err() != nil {
		_ = raw.Close() // it came a moment too late
		return nil, transport.ErrClosed
	}
	l.conns[c], l.latest = true, at
	return c, nil
}

// conn tells its links when it is closed, by whomever: net/http closes one that
// breaks or was idle for too long, and it must not be kept alive by the map.
type conn struct {
	net.Conn
	links *links
}

func (c *conn) Close() error {
	c.links.mu.Lock()
	delete(c.links.conns, c)
	c.links.mu.Unlock()
	return c.Conn.Close()
}
