package amqp_test

import (
	"encoding/json"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/amqp"
	"github.com/slogship/slogship/transport/tlsconfig"
	"github.com/slogship/slogship/transport/transporttest"
)

const password = "p4ssw0rd-of-the-test"

// TestConformance runs the contract with a window smaller than a batch, and with
// the default. T27: kills in the middle of a batch are among its cases.
func TestConformance(t *testing.T) {
	for name, window := range map[string]int{"window of 3": 3, "whole batches": 0} {
		t.Run(name, func(t *testing.T) {
			transporttest.Run(t, transporttest.Harness{
				Start: func(t testing.TB, p *transporttest.Peer) transport.Destination {
					b := &broker{t: t, on: func(c *client, m message) error {
						p.Received(m.body)
						c.ack(m.tag)
						return nil
					}}
					addr := transporttest.ServeTCP(t, p, func(c net.Conn) { b.serve(c) })
					return amqp.Destination{
						Addrs: []string{addr}, RoutingKey: "queue", Window: window,
						Username: "shop", Password: password, AllowPlaintext: true, CloseTimeout: 200 * time.Millisecond,
					}
				},
				Message: body,
				Invalid: invalid(t),
				Secrets: []string{password},
			})
		})
	}
}

// body is the independent parser: encoding/json.
func body(entry string) (string, error) {
	var fields struct{ Msg string }
	err := json.Unmarshal([]byte(entry), &fields)
	return fields.Msg, err
}

func invalid(t *testing.T) []transport.Destination {
	addrs, long := []string{"127.0.0.1:1"}, strings.Repeat("x", 256)
	missing := filepath.Join(t.TempDir(), "none")
	return []transport.Destination{
		amqp.Destination{},
		amqp.Destination{Addrs: addrs},
		amqp.Destination{RoutingKey: "q"},
		amqp.Destination{Addrs: []string{"host"}, RoutingKey: "q"},
		amqp.Destination{Addrs: addrs, RoutingKey: long},
		amqp.Destination{Addrs: addrs, Exchange: long},
		amqp.Destination{Addrs: addrs, RoutingKey: "q", VHost: long},
		amqp.Destination{Addrs: addrs, RoutingKey: "q", MessageType: long},
		amqp.Destination{Addrs: addrs, RoutingKey: "q", ConnectionName: long},
		amqp.Destination{Addrs: addrs, RoutingKey: "q", Window: -1},
		amqp.Destination{Addrs: addrs, RoutingKey: "q", Window: amqp.MaxWindow + 1},
		amqp.Destination{Addrs: addrs, RoutingKey: "q", MaxMessage: -1},
		amqp.Destination{Addrs: addrs, RoutingKey: "q", ConnectTimeout: -1},
		amqp.Destination{Addrs: addrs, RoutingKey: "q", AnswerTimeout: -1},
		amqp.Destination{Addrs: addrs, RoutingKey: "q", CloseTimeout: -1},
		amqp.Destination{Addrs: addrs, RoutingKey: "q", Heartbeat: time.Millisecond},
		amqp.Destination{Addrs: addrs, RoutingKey: "q", Lifetime: -1},
		amqp.Destination{Addrs: addrs, RoutingKey: "q", ExchangeAttr: "tenant"},
		amqp.Destination{Addrs: addrs, RoutingKey: "q", RoutingKeys: map[string]string{"a": "b"}},
		amqp.Destination{Addrs: addrs, RoutingKey: "q", RoutingKeyAttr: "a", RoutingKeys: map[string]string{"a": long}},
		amqp.Destination{Addrs: addrs, RoutingKey: "q", Headers: []string{"BCC"}},
		amqp.Destination{Addrs: addrs, RoutingKey: "q", Headers: []string{"X-Delay"}},
		amqp.Destination{Addrs: addrs, RoutingKey: "q", Headers: []string{"level"}},
		amqp.Destination{Addrs: addrs, RoutingKey: "q", Username: "u"},
		amqp.Destination{Addrs: addrs, RoutingKey: "q", Password: password},
		amqp.Destination{Addrs: addrs, RoutingKey: "q", Username: "u", Password: password},
		amqp.Destination{Addrs: addrs, RoutingKey: "q", Username: "u", Password: password, PasswordFile: "p", AllowPlaintext: true},
		amqp.Destination{Addrs: addrs, RoutingKey: "q", Username: "u", PasswordFile: missing, AllowPlaintext: true},
		amqp.Destination{Addrs: addrs, RoutingKey: "q", External: true},
		amqp.Destination{Addrs: addrs, RoutingKey: "q", TLS: &tlsconfig.Options{CAFile: missing}},
		amqp.Destination{Addrs: addrs, RoutingKey: "q", Encoder: encode.JSONLines{Keys: encode.Keys{Level: "msg"}}},
		amqp.Destination{Addrs: addrs, RoutingKey: "q", Declare: &amqp.Topology{Queues: []amqp.Queue{{}}}},
		amqp.Destination{Addrs: addrs, RoutingKey: "q", Declare: &amqp.Topology{Queues: []amqp.Queue{{Name: "q", Kind: "fast"}}}},
		amqp.Destination{Addrs: addrs, RoutingKey: "q", Declare: &amqp.Topology{Exchanges: []amqp.Exchange{{Name: "x", Arguments: map[string]any{"a": struct{}{}}}}}},
		amqp.Destination{Addrs: addrs, RoutingKey: "q", Declare: &amqp.Topology{Bindings: []amqp.Binding{{Queue: "q"}}}},
	}
}

// Errors about fields can be told from others.
func TestOpenErrors(t *testing.T) {
	addrs := []string{"h:1"}
	for _, c := range []struct {
		d    amqp.Destination
		want error
	}{
		{amqp.Destination{Addrs: addrs}, amqp.ErrConfig},
		{amqp.Destination{Addrs: addrs, RoutingKey: "q", Username: "u", Password: password}, amqp.ErrPlaintext},
		{amqp.Destination{Addrs: addrs, RoutingKey: "q", Username: "u", PasswordFile: t.TempDir(), AllowPlaintext: true}, amqp.ErrCredentials},
		{amqp.Destination{Addrs: addrs, RoutingKey: "q", TLS: &tlsconfig.Options{KeyFile: "k"}}, tlsconfig.ErrPair},
	} {
		if _, err := c.d.Open(); !errors.Is(err, c.want) {
			t.Errorf("%v: want %v, got %v", c.d, c.want, err)
		}
	}
}
