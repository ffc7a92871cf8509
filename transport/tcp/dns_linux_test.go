package tcp_test

import (
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/slogship/slogship/internal/netfault"
	"github.com/slogship/slogship/transport/tcp"
)

// Linux only: it has all of 127.0.0.0/8, and an accept queue that can be full.

// TestOneOfThreeAddressesDead is T29: whichever of the three it is, and however
// it is dead, and although it is the first in the answer each time.
func TestOneOfThreeAddressesDead(t *testing.T) {
	t.Parallel() // it mostly waits
	for _, c := range []struct {
		name string
		dead func(t testing.TB, addr string)
	}{
		{"refuses", func(testing.TB, string) {}},
		{"does not answer", netfault.ListenFull},
		{"accepts and breaks", netfault.ListenBroken},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := listenAt(t, &receiver{}, "127.0.0.3:0")
			port := r.listener.Addr().(*net.TCPAddr).Port
			c.dead(t, net.JoinHostPort("127.0.0.2", strconv.Itoa(port)))
			dns := netfault.NewDNS(t, "127.0.0.2", "127.0.0.3", "127.0.0.4")
			w := open(t, tcp.Destination{
				Addr: net.JoinHostPort("logs.example", strconv.Itoa(port)), Resolver: dns.Resolver(),
				ConnectTimeout: 9 * time.Second, // 3 s for each
			})
			began := time.Now()
			for w.next < 100 {
				w.step(t.Context(), 10)
			}
			eventually(t, "the connection is sound", func() bool { return w.probe() == nil && r.count() > 0 })
			w.until(100, 10)
			r.complete(100)
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
			// The dead one has lost its place: the next connection is quick.
			tcp.Age(w.tr, time.Minute)
			r.conn(0).Close()
			w.told()
			began = time.Now()
			w.until(w.next+10, 10)
			r.complete(w.next)
			if took := time.Since(began); took > 2800*time.Millisecond {
				t.Errorf("the next connection took %v", took)
			}
		})
	}
}

// TestAddressChanges is T29: the name is resolved for each connection, a name
// that does not resolve for a while loses nothing, and no failure condemns
// records.
func TestAddressChanges(t *testing.T) {
	first := listenAt(t, &receiver{}, "127.0.0.2:0")
	_, port, _ := net.SplitHostPort(first.addr())
	second := listenAt(t, &receiver{}, "127.0.0.3:"+port)
	dns := netfault.NewDNS(t, "127.0.0.2")
	w := open(t, tcp.Destination{
		Addr: net.JoinHostPort("logs.example", port), Resolver: dns.Resolver(), ConnectTimeout: time.Second,
	})
	w.until(10, 5)
	first.complete(10)
	dns.Set()
	first.conn(0).Close()
	w.told()
	// The first failure asks for what was held; then the name does not resolve.
	for range 3 {
		if err := w.step(t.Context(), 5); err == nil {
			t.Fatal("a Send with no connection and no address succeeded")
		}
	}
	if w.next != 0 {
		t.Errorf("the ten held records were not asked for: next is %d", w.next)
	}
	dns.Set("127.0.0.3")
	w.until(20, 5)
	second.complete(20)
}
