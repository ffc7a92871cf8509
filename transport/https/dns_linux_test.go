package https_test

import (
	"net"
	"testing"
	"time"

	"github.com/slogship/slogship/internal/netfault"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport/https"
)

// Linux only: it has all of 127.0.0.0/8, and an accept queue that can be full.

// serveAt is serve for a name, at an address of its own.
func serveAt(t *testing.T, ca *testpki.CA, addr string) *receiver {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	r := unstarted(t, ca, nil)
	r.Listener.Close()
	r.Listener = l
	r.start(t)
	return r
}

// named is the destination that reaches r by name.
func (r *receiver) named(dns *netfault.DNS) https.Destination {
	d := r.destination()
	_, port, _ := net.SplitHostPort(r.Listener.Addr().String())
	d.URL, d.Resolver = "https://"+net.JoinHostPort("logs.example", port)+"/", dns.Resolver()
	return d
}

// TestOneOfThreeAddressesDead is T29: however one of three addresses is dead,
// and although it is the first in the answer each time, everything arrives, and
// later connections do not try it first.
func TestOneOfThreeAddressesDead(t *testing.T) {
	t.Parallel() // it mostly waits
	for _, c := range []struct {
		name string
		dead func(t testing.TB, addr string)
	}{
		{"refuses", func(testing.TB, string) {}},
		{"does not answer", netfault.ListenFull},
		{"accepts and breaks", netfault.ListenBroken},
		{"accepts and is silent", listenSilent},
	} {
		for _, http1 := range []bool{true, false} {
			t.Run(c.name+map[bool]string{true: " HTTP1", false: " HTTP2"}[http1], func(t *testing.T) {
				t.Parallel()
				r := serveAt(t, testpki.New(t, "authority"), "127.0.0.3:0")
				_, port, _ := net.SplitHostPort(r.Listener.Addr().String())
				c.dead(t, net.JoinHostPort("127.0.0.2", port))
				d := r.named(netfault.NewDNS(t, "127.0.0.2", "127.0.0.3", "127.0.0.4"))
				// To try the dead one costs the whole of this (silent), or an address's
				// share of it: a third.
				d.HTTP1, d.ConnectTimeout = http1, 10*time.Second
				w := &worker{t: t, tr: testkit.Open(t, d), timeout: 40 * time.Second}
				began := time.Now()
				w.deliver(0, 10)
				if took := time.Since(began); took > 3*d.ConnectTimeout {
					t.Errorf("took %v", took)
				}
				// The connection ends, and the next one is made at once.
				r.CloseClientConnections()
				began = time.Now()
				w.deliver(10, 10)
				if took := time.Since(began); took > d.ConnectTimeout*3/10 {
					t.Errorf("the next connection took %v", took)
				}
				complete(t, r, 20)
			})
		}
	}
}

// listenSilent takes connections and says nothing on them.
func listenSilent(t testing.TB, addr string) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() }) // the kernel completes connections that nobody accepts
}

// TestAddressChanges is T29: the name is resolved for each connection, and a
// name that does not resolve for a while loses nothing.
func TestAddressChanges(t *testing.T) {
	ca := testpki.New(t, "authority")
	first := serveAt(t, ca, "127.0.0.2:0")
	_, port, _ := net.SplitHostPort(first.Listener.Addr().String())
	second := serveAt(t, ca, net.JoinHostPort("127.0.0.3", port))
	dns := netfault.NewDNS(t, "127.0.0.2")
	d := first.named(dns)
	d.ConnectTimeout = time.Second
	w := &worker{t: t, tr: testkit.Open(t, d), timeout: 10 * time.Second}
	w.deliver(0, 10)
	complete(t, first, 10)
	dns.Set()
	first.Close()
	for range 3 {
		if err := w.tr.Send(t.Context(), batch(10, 10)); err == nil {
			t.Fatal("a Send with no connection and no address succeeded")
		}
	}
	dns.Set("127.0.0.3")
	w.deliver(10, 10)
	if got, _ := second.taken(); len(got) != 10 {
		t.Errorf("the second address has %d records", len(got))
	}
}
