package syslog_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport"
)

var errFraming = errors.New("not RFC 6587")

// readCounted reads octet-counted messages by RFC 6587 §3.4.1.
func readCounted(r io.Reader, take func(string)) error {
	b := bufio.NewReader(r)
	for {
		digits, err := b.ReadString(' ')
		if err != nil {
			return err
		}
		size, err := strconv.Atoi(digits[:len(digits)-1])
		if err != nil || size <= 0 || digits[0] == '0' {
			return errFraming
		}
		message := make([]byte, size)
		if _, err := io.ReadFull(b, message); err != nil {
			return err
		}
		take(string(message))
	}
}

// readLines reads messages that end with a line feed, §3.4.2, as harshly as a
// daemon that takes a zero byte or a carriage return for the end as well.
func readLines(r io.Reader, take func(string)) error {
	b := bufio.NewReader(r)
	for {
		line, err := b.ReadString('\n')
		if err != nil {
			return err
		}
		for _, part := range strings.FieldsFunc(line, func(c rune) bool { return c == '\n' || c == '\r' || c == 0 }) {
			take(part)
		}
	}
}

// daemon is a syslog daemon of this process, on any kind of socket.
type daemon struct {
	addr string
	stop func()

	mu   sync.Mutex
	all  []string      // guarded by mu
	more chan struct{} // has room for one
}

func (d *daemon) take(s string) {
	d.mu.Lock()
	d.all = append(d.all, s)
	d.mu.Unlock()
	select {
	case d.more <- struct{}{}:
	default:
	}
}

// wait returns the first n messages.
func (d *daemon) wait(t testing.TB, n int) []string {
	t.Helper()
	late := time.After(time.Minute)
	for {
		d.mu.Lock()
		all := d.all
		d.mu.Unlock()
		if len(all) >= n {
			return all
		}
		select {
		case <-d.more:
		case <-late:
			t.Fatalf("%d messages, want %d", len(all), n)
		}
	}
}

// listenDatagrams receives a message a datagram.
func listenDatagrams(t testing.TB, network, addr string) *daemon {
	t.Helper()
	conn, err := net.ListenPacket(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{addr: conn.LocalAddr().String(), more: make(chan struct{}, 1)}
	d.stop = testkit.Datagrams(t, conn, d.take)
	return d
}

// listenStream receives by the given framing; pair, if any, makes it TLS.
func listenStream(t testing.TB, network, addr string, read func(io.Reader, func(string)) error, config *tls.Config) *daemon {
	t.Helper()
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{addr: l.Addr().String(), more: make(chan struct{}, 1)}
	var all sync.WaitGroup
	var mu sync.Mutex
	var conns []net.Conn // guarded by mu
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if config != nil {
				c = tls.Server(c, config)
			}
			mu.Lock()
			conns = append(conns, c)
			mu.Unlock()
			all.Go(func() {
				defer c.Close()
				read(c, d.take)
			})
		}
	})
	d.stop = sync.OnceFunc(func() {
		l.Close()
		mu.Lock()
		for _, c := range conns {
			c.Close()
		}
		mu.Unlock()
		all.Wait()
	})
	t.Cleanup(d.stop)
	return d
}

func send(t testing.TB, tr transport.Transport, recs ...encode.Record) {
	t.Helper()
	testkit.Deliver(t, tr, recs)
}
