package amqp_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport/amqp"
)

// Whatever a broker says after a record was published, and however it ends:
// nothing panics, Send comes back, and with nil only if there was a confirm
// among it (S21, S22).
func FuzzBroker(f *testing.F) {
	frame := func(kind byte, channel uint16, payload []byte) []byte {
		return cat([]byte{kind}, u16(channel), u32(uint32(len(payload))), payload, []byte{0xCE})
	}
	ack := frame(1, 1, cat(u32(basicAck), u64(1), []byte{0}))
	back := cat(frame(1, 1, cat(u32(basicReturn), u16(312), short("NO_ROUTE"), short(""), short("q"))), frame(2, 1, cat(u16(60), u16(0), u64(1), u16(0))), frame(3, 1, []byte("x")))
	for _, seed := range [][]byte{
		nil, ack, ack[:9], cat(back, ack), back,
		frame(1, 1, cat(u32(basicNack), u64(1), []byte{1})),
		frame(1, 1, cat(u32(basicAck), u64(1<<63), []byte{1})),
		frame(1, 0, cat(u32(connBlocked), short("memory"))),
		frame(1, 0, cat(u32(connClose), u16(320), short("bye"), u16(0), u16(0))),
		frame(1, 1, cat(u32(chanClose), u16(404), short("no"), u16(60), u16(40))),
		frame(8, 0, nil), frame(8, 1, nil), frame(2, 1, nil), frame(3, 1, []byte("body")), frame(1, 1, u32(60<<16|60)),
		{1, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF},
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		b := &broker{on: func(c *client, m message) error {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.w.Write(said)
			c.w.(*net.TCPConn).CloseWrite()
			return errEOF
		}}
		tr, err := amqp.Destination{Addrs: []string{b.listen(t)}, RoutingKey: "q", Encoder: bare{}, CloseTimeout: 50 * time.Millisecond, Heartbeat: time.Second, AnswerTimeout: time.Second}.Open()
		if err != nil {
			t.Fatal(err)
		}
		defer tr.Close()
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		err = tr.Send(ctx, records("x"))
		if err == nil && !bytes.Contains(said, binary.BigEndian.AppendUint32(nil, basicAck)) {
			t.Errorf("%q was taken for a confirm", said)
		}
		if took := time.Since(began); took > 8*time.Second { // three heartbeats at worst, and the fuzzer takes 10 s for a hang
			t.Errorf("Send took %v", took)
		}
	})
}

// Whatever a record says, it is one message that a parser of ours understands,
// with its own ID and body, and every header valid UTF-8.
func FuzzMessage(f *testing.F) {
	f.Add("shop", "1.0", "tenant", "a", int64(1), 1.5, int64(1_700_000_000))
	f.Add("\xff\x00", strings.Repeat("é", 300), "a.b", "\xc3", int64(-1), 0.0, int64(-5))
	f.Fuzz(func(t *testing.T, service, version, key, value string, number int64, float float64, unix int64) {
		var got inbox
		b := &broker{frameMax: 4096, on: func(c *client, m message) error { got.add(m); c.ack(m.tag); return nil }}
		d := amqp.Destination{Addrs: []string{b.listen(t)}, RoutingKey: "q", Encoder: bare{}, Headers: []string{key, "n", "f", "g.x"}, RoutingKeyAttr: "tenant", RoutingKeys: map[string]string{"a": "b"}}
		tr, err := d.Open()
		if err != nil {
			t.Skip("no header can have that name")
		}
		defer tr.Close()
		recs := records("body")
		recs[0].Resource = &encode.Resource{Service: service, Version: version}
		recs[0].Time = time.Unix(unix, 0)
		recs[0].Attrs = []slog.Attr{slog.String(key, value), slog.Int64("n", number), slog.Float64("f", float), slog.Group("g", slog.String("x", value))}
		if err := send(t, tr, recs); err != nil {
			t.Fatal(err)
		}
		m := got.all()[0]
		if len(got.all()) != 1 || m.id != recs[0].ID.String() || m.body != "body" || m.deliveryMode != 2 {
			t.Errorf("%+v", m)
		}
		for name, value := range m.headers {
			if s, ok := value.(string); ok && (!utf8.ValidString(s) || len(s) > 256) {
				t.Errorf("header %q is %q", name, s)
			}
		}
		if !utf8.ValidString(m.app) {
			t.Errorf("app id %q", m.app)
		}
	})
}
