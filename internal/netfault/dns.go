package netfault

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"sync"
	"testing"
)

// DNS answers every question for an A record with the same addresses, in the
// order in which they were set. It is safe for concurrent use.
type DNS struct {
	conn net.PacketConn

	mu        sync.Mutex
	addrs     []netip.Addr // guarded by mu
	questions int          // guarded by mu
}

// NewDNS starts a server on a free loopback port. It ends with the test. ips
// are IPv4 addresses; none means that the name does not exist.
func NewDNS(t testing.TB, ips ...string) *DNS {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("netfault: listen: %v", err)
	}
	d := &DNS{conn: conn}
	d.Set(ips...)
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.serve()
	}()
	t.Cleanup(func() {
		conn.Close()
		<-done
	})
	return d
}

// Set replaces the addresses.
func (d *DNS) Set(ips ...string) {
	addrs := make([]netip.Addr, 0, len(ips))
	for _, ip := range ips {
		addrs = append(addrs, netip.MustParseAddr(ip))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.addrs = addrs
}

// Questions returns how many questions for A records have come.
func (d *DNS) Questions() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.questions
}

// Resolver returns a resolver that asks this server and no other.
func (d *DNS) Resolver() *net.Resolver {
	return &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "udp", d.conn.LocalAddr().String())
		},
	}
}

func (d *DNS) serve() {
	buf := make([]byte, 1500)
	for {
		n, from, err := d.conn.ReadFrom(buf)
		if err != nil {
			return
		}
		if answer := d.answer(buf[:n]); answer != nil {
			d.conn.WriteTo(answer, from)
		}
	}
}

// answer builds a response (RFC 1035 §4.1) to a question, nil if it is none.
func (d *DNS) answer(q []byte) []byte {
	const header = 12
	end := header
	for end < len(q) && q[end] != 0 {
		end += int(q[end]) + 1
	}
	if end += 5; end > len(q) { // the root label, type and class
		return nil
	}
	const typeA, rcodeNXDomain = 1, 3
	d.mu.Lock()
	defer d.mu.Unlock()
	var found []netip.Addr
	if binary.BigEndian.Uint16(q[end-4:]) == typeA {
		d.questions++
		found = d.addrs
	}
	a := append([]byte(nil), q[:end]...)
	flags := uint16(0x8180) // response, recursion desired and available
	if len(d.addrs) == 0 {
		flags |= rcodeNXDomain
	}
	binary.BigEndian.PutUint16(a[2:], flags)
	binary.BigEndian.PutUint16(a[4:], 1)
	binary.BigEndian.PutUint16(a[6:], uint16(len(found)))
	clear(a[8:header])
	for _, ip := range found {
		a = append(a, 0xc0, header, 0, typeA, 0, 1, 0, 0, 0, 0, 0, 4) // TTL 0
		a = append(a, ip.AsSlice()...)
	}
	return a
}
