package amqp

import (
	"encoding/hex"
	"log/slog"
	"strings"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/attrpath"
)

// Names of the headers that each message has.
const (
	HeaderLevel   = "level"           // DEBUG, INFO, …
	HeaderTraceID = "trace_id"        // 32 hexadecimal digits, if there is a trace
	HeaderSpanID  = "span_id"         // 16, likewise
	HeaderVersion = "service_version" // of the service that logged it, if known
)

const (
	maxShort  = 255 // AMQP 0-9-1 §4.2.5.3: a short string
	maxHeader = 256 // bytes of one header's value

	// fixedRoom is what the properties and headers that are always there may
	// take in the header frame, which cannot be split.
	fixedRoom = 2 << 10
)

// message makes the properties of rec's message. What it returns points into rec
// and into body: the library writes it down before Publish returns.
func (d *Destination) message(rec *encode.Record, id string, body []byte, frame int) amqp091.Publishing {
	return amqp091.Publishing{
		Headers:      d.headers(rec, frame),
		ContentType:  d.Encoder.ContentType(),
		DeliveryMode: amqp091.Persistent,
		MessageId:    id,
		Timestamp:    timestamp(rec),
		Type:         d.MessageType,
		AppId:        cut(strings.ToValidUTF8(rec.Resource.Service, "\uFFFD"), maxShort),
		Body:         body,
	}
}

// timestamp is the record's time; a time before 1970 cannot be said (it is
// unsigned, in seconds), and is left out, as the zero time is.
func timestamp(rec *encode.Record) time.Time {
	at := rec.Time
	if at.IsZero() {
		at = rec.Observed
	}
	if at.Unix() < 0 {
		return time.Time{}
	}
	return at
}

// headers returns the message's headers, as many of Headers as fit a frame.
func (d *Destination) headers(rec *encode.Record, frame int) amqp091.Table {
	table := amqp091.Table{HeaderLevel: encode.LevelName(rec.Level)}
	if !rec.Trace.IsZero() {
		table[HeaderTraceID] = hex.EncodeToString(rec.Trace.TraceID[:])
		table[HeaderSpanID] = hex.EncodeToString(rec.Trace.SpanID[:])
	}
	if v := rec.Resource.Version; v != "" {
		table[HeaderVersion] = text(v)
	}
	room := frame - fixedRoom
	for _, name := range d.Headers {
		if room -= len(name) + maxHeader + 16; room < 0 {
			break
		}
		if v, ok := attrpath.Find(rec.Attrs, name); ok {
			table[name] = headerValue(v)
		}
	}
	return table
}

// headerValue keeps numbers and truth as they are, which a headers exchange may
// match on; everything else is text.
func headerValue(v slog.Value) any {
	switch v.Kind() {
	case slog.KindBool:
		return v.Bool()
	case slog.KindInt64:
		return v.Int64()
	case slog.KindFloat64:
		return v.Float64()
	case slog.KindTime:
		return v.Time().Format(time.RFC3339Nano)
	}
	return text(v.String())
}

func text(s string) string { return cut(strings.ToValidUTF8(cut(s, maxHeader), "\uFFFD"), maxHeader) }

// chooser finds the exchange or the routing key of a record. It does not change.
type chooser struct {
	fixed  string
	path   string // of the attribute; "": none
	values map[string]string
}

func newChooser(fixed, attr string, values map[string]string) chooser {
	return chooser{fixed: fixed, path: attr, values: values}
}

// choose returns a name that stands in the configuration, never one that a
// record brings along.
func (c *chooser) choose(rec *encode.Record) string {
	if c.path == "" {
		return c.fixed
	}
	if v, ok := attrpath.Find(rec.Attrs, c.path); ok {
		if name, ok := c.values[v.String()]; ok {
			return name
		}
	}
	return c.fixed
}
