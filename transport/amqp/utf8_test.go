package amqp_test

import (
	"log/slog"
	"math/rand/v2"
	"testing"
	"unicode/utf8"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport/amqp"
)

// S5: whatever bytes a record has, its message is published, and all of its
// properties are UTF-8, as clients in other languages want them.
func TestS5_InvalidUTF8(t *testing.T) {
	const n = 1000
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 5))
	var got inbox
	b := &broker{on: func(c *client, m message) error { got.add(m); c.ack(m.tag); return nil }}
	d := open(t, amqp.Destination{Addrs: []string{b.listen(t)}, RoutingKey: "q", Headers: []string{"a", "g.x"}})
	recs := numbered(n)
	for i := range recs {
		bytes := make([]byte, 1+rnd.IntN(30))
		for i := range bytes {
			bytes[i] = byte(rnd.Uint32())
		}
		bad := string(bytes)
		recs[i].Message, recs[i].Scope = bad, bad
		recs[i].Resource = &encode.Resource{Service: bad, Version: bad}
		recs[i].Attrs = []slog.Attr{slog.String("a", bad), slog.Group("g", slog.String("x", bad))}
	}
	if err := send(t, d, recs); err != nil {
		t.Fatal(err)
	}
	messages, failures := got.all(), 0
	for i, m := range messages {
		text := m.app + m.kind + m.id + m.contentType
		for name, value := range m.headers {
			s, _ := value.(string)
			text += name + s
		}
		if m.body != recs[i].Message || !utf8.ValidString(text) {
			failures++
			t.Errorf("%q came as %+v", recs[i].Message, m)
		}
	}
	if len(messages) != n {
		t.Errorf("%d messages of %d", len(messages), n)
	}
	t.Logf("S5: %d records of random bytes, failures %d", n, failures)
}
