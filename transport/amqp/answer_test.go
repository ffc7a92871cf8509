package amqp_test

import (
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/amqp"
)

// Everything that a message says of its record.
func TestMessage(t *testing.T) {
	var got inbox
	b := &broker{on: func(c *client, m message) error { got.add(m); c.ack(m.tag); return nil }}
	tr := open(t, amqp.Destination{Addrs: []string{b.listen(t)}, Exchange: "logs", RoutingKey: "all", Headers: []string{"tenant", "http.status", "ok", "load", "none", "long"}})
	recs := records("hello")
	recs[0].Level = encode.LevelNotice
	recs[0].Trace = encode.Trace{TraceID: [16]byte{0xab}, SpanID: [8]byte{0xcd}}
	recs[0].Resource = &encode.Resource{Service: "shop\xff", Version: "1.2"}
	recs[0].Attrs = []slog.Attr{
		slog.String("tenant", "a\xffb"), slog.Group("http", slog.Int("status", 503)), slog.Bool("ok", true),
		slog.Float64("load", 0), slog.String("long", strings.Repeat("ä", 200)),
	}
	if err := send(t, tr, recs); err != nil {
		t.Fatal(err)
	}
	m := got.all()[0]
	m.rawHeader = nil
	want := message{
		tag: 1, exchange: "logs", key: "all", mandatory: true, contentType: "text/plain", deliveryMode: 2,
		id: recs[0].ID.String(), kind: "log", app: "shop\uFFFD", timestamp: 1_700_000_000, body: "hello",
		headers: map[string]any{
			"level": "NOTICE", "trace_id": "ab000000000000000000000000000000", "span_id": "cd00000000000000", "service_version": "1.2",
			"tenant": "a\uFFFDb", "http.status": uint64(503), "ok": true, "load": uint64(0), "long": strings.Repeat("ä", 128),
		},
	}
	if !reflect.DeepEqual(m, want) {
		t.Errorf("got  %+v\nwant %+v", m, want)
	}
	// A time that AMQP can't say is left out, and a record without any has the
	// time at which it was taken.
	recs = records("old", "none")
	recs[0].Time = time.Unix(-1, 0)
	recs[1].Time, recs[1].Observed = time.Time{}, time.Unix(7, 0)
	if err := send(t, tr, recs); err != nil {
		t.Fatal(err)
	}
	if all := got.all(); all[1].timestamp != 0 || all[2].timestamp != 7 {
		t.Errorf("timestamps %d and %d", all[1].timestamp, all[2].timestamp)
	}
}

// A broker with the smallest frames: bodies are cut, headers that do not fit are
// left out, and what is always there fits.
func TestSmallFrames(t *testing.T) {
	var got inbox
	b := &broker{frameMax: 4096, on: func(c *client, m message) error { got.add(m); c.ack(m.tag); return nil }}
	d := amqp.Destination{Addrs: []string{b.listen(t)}}
	recs := records(strings.Repeat("0123456789", 2000))
	recs[0].Resource = &encode.Resource{Service: strings.Repeat("s", 500), Version: strings.Repeat("v", 500)}
	for i := range 60 {
		name := fmt.Sprintf("a%d", i)
		d.Headers = append(d.Headers, name)
		recs[0].Attrs = append(recs[0].Attrs, slog.String(name, strings.Repeat("x", 500)))
	}
	if err := send(t, open(t, d), recs); err != nil {
		t.Fatal(err)
	}
	m := got.all()[0]
	if m.body != recs[0].Message || len(m.app) != 255 || len(m.rawHeader) > 4096-8 || m.headers["a0"] == nil || m.headers["a59"] != nil {
		t.Errorf("body of %d bytes, header of %d, app of %d, %d headers", len(m.body), len(m.rawHeader), len(m.app), len(m.headers))
	}
}

// Where a record goes is chosen by what it says, among what is configured.
func TestRoutingByAttribute(t *testing.T) {
	var got inbox
	b := &broker{on: func(c *client, m message) error { got.add(m); c.ack(m.tag); return nil }}
	tr := open(t, amqp.Destination{
		Addrs: []string{b.listen(t)}, Exchange: "logs", RoutingKey: "rest",
		ExchangeAttr: "tenant", Exchanges: map[string]string{"a": "logs-a"},
		RoutingKeyAttr: "http.route", RoutingKeys: map[string]string{"/pay": "payments"},
	})
	recs := numbered(4)
	recs[0].Attrs = []slog.Attr{slog.String("tenant", "a"), slog.Group("http", slog.String("route", "/pay"))}
	recs[1].Attrs = []slog.Attr{slog.String("tenant", "amq.rabbitmq.log"), slog.Group("http", slog.String("route", "other"))}
	recs[2].Attrs = []slog.Attr{slog.Group("tenant", slog.String("a", "a")), slog.String("http", "/pay")}
	if err := send(t, tr, recs); err != nil {
		t.Fatal(err)
	}
	var where []string
	for _, m := range got.all() {
		where = append(where, m.exchange+" "+m.key)
	}
	if want := []string{"logs-a payments", "logs rest", "logs rest", "logs rest"}; !reflect.DeepEqual(where, want) {
		t.Errorf("got %q, want %q", where, want)
	}
	// All exchanges were asked for before anything was sent.
	if declared := b.noted(&b.declared); !reflect.DeepEqual(declared, []string{"exchange logs topic passive true", "exchange logs-a topic passive true"}) {
		t.Errorf("declared: %q", declared)
	}
}

// S7: whatever a record says, it goes to an exchange and with a routing key that
// the configuration names, and brings no header by which a broker would route.
func TestS7_RoutingKeys(t *testing.T) {
	var got inbox
	b := &broker{on: func(c *client, m message) error { got.add(m); c.ack(m.tag); return nil }}
	tr := open(t, amqp.Destination{
		Addrs: []string{b.listen(t)}, Exchange: "logs", RoutingKey: "rest", Headers: []string{"tenant"},
		ExchangeAttr: "tenant", Exchanges: map[string]string{"a": "logs-a"},
		RoutingKeyAttr: "key", RoutingKeys: map[string]string{"/pay": "payments"},
	})
	says := []string{
		"a", "/pay", "logs-b", "amq.direct", "amq.rabbitmq.log", "", "#", "*.error", "rest.other", "A", " a", "a\x00", "../a", "a\r\nb", "CC", "BCC",
		"${key}", "payments", "logs-a", strings.Repeat("k", 300), "\u2028a", "a,/pay",
	}
	recs := numbered(len(says))
	for i, say := range says {
		recs[i].Attrs = []slog.Attr{slog.String("tenant", say), slog.String("key", say), slog.String("CC", say), slog.String("BCC", say)}
	}
	if err := send(t, tr, recs); err != nil {
		t.Fatal(err)
	}
	exchanges, keys, outside := map[string]bool{"logs": true, "logs-a": true}, map[string]bool{"rest": true, "payments": true}, 0
	used := map[string]bool{}
	for i, m := range got.all() {
		used[m.exchange+" "+m.key] = true
		if !exchanges[m.exchange] || !keys[m.key] || m.headers["CC"] != nil || m.headers["BCC"] != nil {
			outside++
			t.Errorf("%q goes to %q with the key %q and the headers %v", says[i], m.exchange, m.key, m.headers)
		}
	}
	if len(used) != 3 || len(got.all()) != len(says) {
		t.Errorf("%d messages, ways %v: the test has lost its subject", len(got.all()), used)
	}
	t.Logf("S7: %d records, outside the configuration %d", len(says), outside)
}

// One answer for each record: confirmed, not taken, returned, or never sent.
func TestAnswers(t *testing.T) {
	b := &broker{on: func(c *client, m message) error {
		switch m.body {
		case "nack":
			c.nack(m.tag)
		case "back":
			c.back(m, "NO_ROUTE")
			c.ack(m.tag)
		default:
			c.ack(m.tag)
		}
		return nil
	}}
	tr := open(t, amqp.Destination{Addrs: []string{b.listen(t)}, Window: 4, MaxMessage: 10})
	recs := records("a", "nack", "b", "back", "unencodable", "c", "", "longer than ten bytes", "back", "d", "back")
	recs[8].ID, recs[10].ID = recs[3].ID, recs[3].ID // the same ID three times, to confuse
	errs := children(t, send(t, tr, recs), len(recs))
	for i, rec := range recs {
		switch err := errs[i]; rec.Message {
		case "nack":
			if !plain(err) || !errors.Is(err, amqp.ErrNacked) {
				t.Errorf("nack: %v", err)
			}
		case "back":
			if !permanent(err) || code(err) != 312 {
				t.Errorf("returned: %v", err)
			}
		case "unencodable", "", "longer than ten bytes":
			if !permanent(err) {
				t.Errorf("%q: %v", rec.Message, err)
			}
		default:
			if err != nil {
				t.Errorf("%q: %v", rec.Message, err)
			}
		}
	}
	if err := send(t, tr, records("a", "unencodable")); len(children(t, err, 2)) != 2 {
		t.Error("the last record of a batch is one that can't be encoded")
	}
}

// Confirms for many at once, and in any order, find their records.
func TestConfirmsOutOfOrder(t *testing.T) {
	var tags []uint64
	b := &broker{on: func(c *client, m message) error {
		if tags = append(tags, m.tag); len(tags) < 10 {
			return nil
		}
		c.nack(tags[9])
		c.ack(tags[4])
		c.method(1, basicAck, cat(u64(tags[7]), []byte{1})) // all up to the eighth
		c.ack(tags[8])
		tags = nil
		return nil
	}}
	errs := children(t, send(t, open(t, amqp.Destination{Addrs: []string{b.listen(t)}, Window: 10}), numbered(20)), 20)
	for i, err := range errs {
		if (i%10 == 9) != errors.Is(err, amqp.ErrNacked) || i%10 != 9 && err != nil {
			t.Errorf("record %d: %v", i, err)
		}
	}
}

// A body that the broker does not take closes the channel, and with it goes what
// was out. The guilty one is found, refused for good, and all others arrive.
func TestGuiltyRecord(t *testing.T) {
	for _, window := range []int{1, 3, 100} {
		taken := map[string]int{}
		b := &broker{on: func(c *client, m message) error {
			if len(m.body) > 10 {
				c.closeChannel(406, "PRECONDITION_FAILED - message size 21 is larger than configured max size 10")
				for { // what comes after it is ignored, until the client has understood
					if err := c.frame(); err != nil {
						return err
					}
				}
			}
			taken[m.body]++
			c.ack(m.tag)
			return nil
		}}
		tr := open(t, amqp.Destination{Addrs: []string{b.listen(t)}, Window: window})
		recs := records("a", "b", "longer than ten bytes", "c", "d")
		refused, left := 0, recs
		for tries := 0; len(left) > 0; tries++ {
			if tries == 10 {
				t.Fatalf("window %d: %d records are left", window, len(left))
			}
			batch := left
			left = nil
			err := send(t, tr, batch)
			if err == nil {
				break
			}
			if transport.Classify(err, len(batch)).Batch == nil {
				left = batch
				continue
			}
			for i, err := range children(t, err, len(batch)) {
				switch {
				case permanent(err) && code(err) == 406 && batch[i].ID == recs[2].ID:
					refused++
				case permanent(err):
					t.Errorf("window %d: %q is condemned: %v", window, batch[i].Message, err)
				case err != nil:
					left = append(left, batch[i])
				}
			}
		}
		if refused != 1 || len(taken) != 4 {
			t.Errorf("window %d: refused %d times, taken: %v", window, refused, taken)
		}
		tr.Close()
	}
}
