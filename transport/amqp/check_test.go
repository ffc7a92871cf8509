package amqp_test

import (
	"strings"
	"testing"

	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport/amqp"
)

// Nothing is declared but passively, and nothing published (S10: no password in
// a finding).
func TestCheck(t *testing.T) {
	const password = "s3cret-pass"
	missing := map[uint32]func(*client) error{exchDeclare: func(c *client) error {
		c.closeChannel(404, "NOT_FOUND - no exchange 'logs'")
		return nil
	}}
	forbidden := map[uint32]func(*client) error{exchDeclare: func(c *client) error {
		c.closeChannel(403, "ACCESS_REFUSED")
		return nil
	}}
	for _, c := range []struct {
		name    string
		refuse  map[uint32]func(*client) error
		declare *amqp.Topology
		want    string
	}{
		{"there", nil, nil, "name ok, connect ok, credentials ok, topic ok"},
		{"missing", missing, nil, "name ok, connect ok, topic failed"},
		{"to be declared", missing, &amqp.Topology{Exchanges: []amqp.Exchange{{Name: "logs"}}}, "name ok, connect ok, topic warning"},
		{"forbidden", forbidden, nil, "name ok, connect ok, credentials failed"},
	} {
		b := broker{refuse: c.refuse, on: func(*client, message) error {
			t.Errorf("%s: something was published", c.name)
			return nil
		}}
		d := amqp.Destination{Addrs: []string{b.listen(t)}, Exchange: "logs", Username: "shop", Password: password, AllowPlaintext: true, Declare: c.declare}
		if found, got := testkit.Check(t, d, password); got != c.want {
			t.Errorf("%s: %s, want %s: %v", c.name, got, c.want, found)
		}
		for _, name := range b.noted(&b.declared) {
			if !strings.HasSuffix(name, "passive true") {
				t.Errorf("%s: declared %s", c.name, name)
			}
		}
	}
	d := amqp.Destination{Addrs: []string{testkit.Closed(t)}, Exchange: "logs"}
	if found, got := testkit.Check(t, d); got != "name ok, connect failed, credentials skipped" {
		t.Errorf("down: %v", found)
	}
}
