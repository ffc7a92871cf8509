package syslog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// localPaths are where daemons have their socket: Linux and most BSDs, macOS,
// FreeBSD. Never written to.
var localPaths = [...]string{"/dev/log", "/var/run/syslog", "/var/run/log"}

// ErrNoDaemon: none of the places where a syslog daemon's socket would be has one.
// It is plain: the daemon may start later.
var ErrNoDaemon = errors.New("no syslog daemon's socket")

// local is the transport to a daemon of this machine whose socket is of a kind,
// or in a place, that is not known before it is there.
type local struct {
	dest  Destination // with defaults; never changed
	paths []string    // never changed

	mu     sync.Mutex
	closed bool    // guarded by mu
	inner  carrier // guarded by mu; nil while no socket was found
}

// carrier is what packages tcp and udp return.
type carrier interface {
	transport.Transport
	transport.Holder
	transport.Prober
}

var _ carrier = (*local)(nil)

func newLocal(d Destination) (*local, error) {
	l := &local{dest: d, paths: localPaths[:]}
	if d.Addr != "" {
		l.paths = []string{d.Addr}
	}
	for _, kind := range []string{"unixgram", "unix"} { // what can be wrong is found now
		t, err := d.over(kind, l.paths[0])
		if err != nil {
			return nil, err
		}
		t.Close()
	}
	return l, nil
}

// Describe returns the defaults, as both kinds of socket do.
func (l *local) Describe() transport.Description { return transport.Description{} }

// Send finds the daemon's socket if there is none, and sends to it.
func (l *local) Send(ctx context.Context, recs []encode.Record) error {
	inner, err := l.find(ctx)
	if err != nil {
		return err
	}
	err = inner.Send(ctx, recs)
	l.judge(inner, err)
	return err
}

// Probe finds the daemon's socket if there is none, and asks it.
func (l *local) Probe(ctx context.Context) error {
	inner, err := l.find(ctx)
	if err != nil {
		return err
	}
	err = inner.Probe(ctx)
	l.judge(inner, err)
	return err
}

// judge lets go of a socket that broke, so that the next one is looked for in
// all places. With records held it stays until it has asked for them.
func (l *local) judge(inner carrier, err error) {
	out := transport.Classify(err, 1)
	if err == nil || out.Permanent || out.Batch != nil || inner.Held() > 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.inner == inner {
		inner.Close()
		l.inner = nil
	}
}

// Held returns how many of the newest records the daemon may not have read.
func (l *local) Held() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.inner == nil {
		return 0
	}
	return l.inner.Held()
}

// Close closes the socket.
func (l *local) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if l.inner == nil {
		return nil
	}
	return l.inner.Close()
}

// find returns the socket in use, or the first that takes a connection.
func (l *local) find(ctx context.Context) (carrier, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, transport.ErrClosed
	}
	if l.inner != nil {
		return l.inner, nil
	}
	var failed []error
	for _, path := range l.paths {
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		inner, err := l.connect(ctx, path)
		if err == nil {
			l.inner = inner
			return inner, nil
		}
		failed = append(failed, err)
	}
	if len(failed) == 0 {
		return nil, fmt.Errorf("syslog: look for %q: %w", l.paths, ErrNoDaemon)
	}
	return nil, errors.Join(failed...)
}

// connect tries both kinds: the kernel refuses the wrong one.
func (l *local) connect(ctx context.Context, path string) (carrier, error) {
	var failed []error
	for _, kind := range []string{"unixgram", "unix"} {
		t, err := l.dest.over(kind, path)
		if err != nil {
			return nil, err
		}
		inner := t.(carrier)
		if err = inner.Probe(ctx); err == nil {
			return inner, nil
		}
		inner.Close()
		failed = append(failed, err)
	}
	return nil, errors.Join(failed...)
}
