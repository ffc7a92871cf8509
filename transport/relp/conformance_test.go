package relp_test

import (
	"errors"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/relp"
	"github.com/slogship/slogship/transport/tlsconfig"
	"github.com/slogship/slogship/transport/transporttest"
)

// TestConformance runs the contract with a window smaller than a batch, and with
// the default. T27: kills in the middle of a batch are among its cases.
func TestConformance(t *testing.T) {
	for name, window := range map[string]int{"window of 3": 3, "whole batches": 0} {
		t.Run(name, func(t *testing.T) {
			transporttest.Run(t, transporttest.Harness{
				Start: func(t testing.TB, p *transporttest.Peer) transport.Destination {
					addr := transporttest.ServeTCP(t, p, func(c net.Conn) {
						r := receiver{t: t, received: func(m string) { p.Received(m) }}
						r.serve(c)
					})
					return relp.Destination{Addr: addr, Window: window, Encoder: encode.JSONLines{}, MaxMessage: 4 << 20, CloseTimeout: 200 * time.Millisecond}
				},
				Message: testkit.JSONMessage,
				Invalid: invalid(t),
			})
		})
	}
}

func invalid(t *testing.T) []transport.Destination {
	const addr = "127.0.0.1:1"
	return []transport.Destination{
		relp.Destination{},
		relp.Destination{Addr: "host"},
		relp.Destination{Addr: ":2514"},
		relp.Destination{Addr: addr, Window: -1},
		relp.Destination{Addr: addr, Window: relp.MaxWindow + 1},
		relp.Destination{Addr: addr, MaxMessage: -1},
		relp.Destination{Addr: addr, MaxMessage: 1_000_000_000},
		relp.Destination{Addr: addr, ConnectTimeout: -1},
		relp.Destination{Addr: addr, AnswerTimeout: -1},
		relp.Destination{Addr: addr, CloseTimeout: -1},
		relp.Destination{Addr: addr, Lifetime: -1},
		relp.Destination{Addr: addr, TLS: &tlsconfig.Options{CAFile: filepath.Join(t.TempDir(), "none")}},
		relp.Destination{Addr: addr, Encoder: encode.JSONLines{Keys: encode.Keys{Level: "msg"}}},
	}
}

// Errors about fields can be told from others.
func TestOpenErrors(t *testing.T) {
	for _, d := range []relp.Destination{
		{Addr: "h:1", Window: -1},
		{Addr: "h"},
		{Addr: "h:1", Encoder: encode.JSONLines{Keys: encode.Keys{Level: "msg"}}},
	} {
		if _, err := d.Open(); !errors.Is(err, relp.ErrConfig) {
			t.Errorf("%+v: want ErrConfig, got %v", d, err)
		}
	}
	if _, err := (relp.Destination{Addr: "h:1", TLS: &tlsconfig.Options{KeyFile: "k"}}).Open(); !errors.Is(err, tlsconfig.ErrPair) {
		t.Errorf("want ErrPair, got %v", err)
	}
}
