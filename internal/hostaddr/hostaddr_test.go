package hostaddr

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/internal/netfault"
)

func TestParse(t *testing.T) {
	for _, addr := range []string{"", "host", "host:", ":514", "::1:514", "[::1]"} {
		if _, err := Parse("tcp", addr, nil); !errors.Is(err, ErrInvalid) {
			t.Errorf("Parse(%q): want ErrInvalid, got %v", addr, err)
		}
	}
	n, err := Parse("udp6", "[::1]:514", nil)
	if err != nil || n.Host() != "::1" || n.String() != "[::1]:514" || n.family != "ip6" || n.proto != "udp" {
		t.Errorf("Parse: %+v, %v", n, err)
	}
}

// An IPv4 address is not handed out in its IPv6 form, which a udp4 or tcp4
// socket refuses.
func TestLookupUnmaps(t *testing.T) {
	for _, network := range []string{"tcp", "tcp4"} {
		n, err := Parse(network, "127.0.0.1:514", nil)
		if err != nil {
			t.Fatal(err)
		}
		addrs, err := n.Lookup(t.Context())
		if err != nil || !slices.Equal(addrs, []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:514")}) {
			t.Errorf("%s: got %v, %v", network, addrs, err)
		}
	}
	n, _ := Parse("tcp6", "127.0.0.1:514", nil)
	if addrs, err := n.Lookup(t.Context()); err == nil {
		t.Errorf("tcp6 to an IPv4 address: got %v", addrs)
	}
}

func TestFailedAddressesComeLast(t *testing.T) {
	dns := netfault.NewDNS(t, "127.0.0.1", "127.0.0.2", "127.0.0.3")
	n, err := Parse("tcp4", "three.example:514", dns.Resolver())
	if err != nil {
		t.Fatal(err)
	}
	want := func(hosts ...string) {
		t.Helper()
		addrs, err := n.Lookup(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range addrs {
			got = append(got, a.Addr().String())
		}
		if !slices.Equal(got, hosts) {
			t.Errorf("got %v, want %v", got, hosts)
		}
	}
	at := func(host string) netip.AddrPort { return netip.MustParseAddrPort(net.JoinHostPort(host, "514")) }
	want("127.0.0.1", "127.0.0.2", "127.0.0.3")
	n.Failed(at("127.0.0.1"))
	want("127.0.0.2", "127.0.0.3", "127.0.0.1")
	n.Failed(at("127.0.0.2"))
	want("127.0.0.3", "127.0.0.1", "127.0.0.2")
	n.Failed(at("127.0.0.1")) // again: now the one that failed last
	want("127.0.0.3", "127.0.0.2", "127.0.0.1")
	n.Worked(at("127.0.0.1"))
	want("127.0.0.1", "127.0.0.3", "127.0.0.2")

	// The answer is never older than the question.
	dns.Set("127.0.0.9")
	want("127.0.0.9")
	dns.Set()
	if addrs, err := n.Lookup(t.Context()); err == nil {
		t.Errorf("a name without addresses: got %v", addrs)
	}
	for i := range byte(20) {
		n.Failed(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 1, i}), 514))
	}
	if len(n.failed) > maxFailed {
		t.Errorf("%d failed addresses are remembered", len(n.failed))
	}
}

// Each address gets its share of the time, the ones that fail are remembered,
// and the first that works ends it.
func TestTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		addrs := make([]netip.AddrPort, 4)
		for i := range addrs {
			addrs[i] = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, byte(i + 1)}), 514)
		}
		n, err := Parse("tcp", "127.0.0.1:514", nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 8*time.Second)
		defer cancel()
		began, dead := time.Now(), errors.New("dead")
		var tried []netip.AddrPort
		if err := n.Try(ctx, addrs, func(ctx context.Context, a netip.AddrPort) error {
			switch tried = append(tried, a); len(tried) {
			case 1:
				<-ctx.Done() // never answers
				return ctx.Err()
			case 2:
				return dead
			}
			return nil
		}); err != nil {
			t.Errorf("the third works: %v", err)
		}
		if took := time.Since(began); took != 2*time.Second || !slices.Equal(tried, addrs[:3]) {
			t.Errorf("tried %v in %v", tried, took)
		}
		if !slices.Equal(n.failed, addrs[:2]) {
			t.Errorf("remembered as failed: %v", n.failed)
		}
		err = n.Try(ctx, addrs, func(ctx context.Context, _ netip.AddrPort) error {
			cancel()
			return dead
		})
		if !errors.Is(err, dead) || len(n.failed) != 2 {
			t.Errorf("when ctx is done no further address is tried: %v, %v", err, n.failed)
		}
	})
}

func TestConcurrentUse(t *testing.T) {
	n, err := Parse("tcp", "127.0.0.1:514", nil)
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 100 {
				addrs, err := n.Lookup(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				n.Failed(addrs[0])
				n.Worked(addrs[0])
			}
		})
	}
	group.Wait()
}
