package amqp_test

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// broker is a hermetic stand-in for RabbitMQ: enough of AMQP 0-9-1 (§2, §4) to
// log in, declare, publish and confirm, read and written by hand, and with the
// misbehaviour that a test asks for. Methods are class<<16 | method.
type broker struct {
	t testing.TB

	// on decides about each published message, with the frames to answer it. nil:
	// it is confirmed.
	on func(c *client, m message) error

	// refuse has the reply to a method other than publish, by its number.
	refuse map[uint32]func(c *client) error

	frameMax uint32 // what tune offers. Default 131,072

	mu       sync.Mutex
	logins   []string // guarded by mu; mechanism and response of each login
	declared []string // guarded by mu
	clients  int      // guarded by mu
}

// message is one that was published.
type message struct {
	tag           uint64
	exchange, key string
	mandatory     bool
	contentType   string
	headers       map[string]any
	deliveryMode  byte
	id, kind, app string
	timestamp     uint64
	body          string
	rawHeader     []byte // to return it with
}

// client is one connection, as the broker sees it.
type client struct {
	b  *broker
	in *bufio.Reader
	mu sync.Mutex
	w  net.Conn // guarded by mu for writes
	n  int      // its number, from 1
	// of the message that is being received
	msg  message
	size uint64
	tags uint64
	end  chan struct{} // closed when the client is gone
}

const (
	connStart, connStartOK     = 10<<16 | 10, 10<<16 | 11
	connTune, connTuneOK       = 10<<16 | 30, 10<<16 | 31
	connOpen, connOpenOK       = 10<<16 | 40, 10<<16 | 41
	connClose, connCloseOK     = 10<<16 | 50, 10<<16 | 51
	connBlocked, connUnblocked = 10<<16 | 60, 10<<16 | 61
	chanOpen, chanOpenOK       = 20<<16 | 10, 20<<16 | 11
	chanFlow, chanFlowOK       = 20<<16 | 20, 20<<16 | 21
	chanClose, chanCloseOK     = 20<<16 | 40, 20<<16 | 41
	exchDeclare, exchDeclareOK = 40<<16 | 10, 40<<16 | 11
	queueDeclare, queueDeclOK  = 50<<16 | 10, 50<<16 | 11
	queueBind, queueBindOK     = 50<<16 | 20, 50<<16 | 21
	basicPublish, basicReturn  = 60<<16 | 40, 60<<16 | 50
	basicAck, basicNack        = 60<<16 | 80, 60<<16 | 120
	confirmSelect, confirmOK   = 85<<16 | 10, 85<<16 | 11
)

var errEOF = errors.New("the client says goodbye")

// serve speaks with one client until it goes.
func (b *broker) serve(conn net.Conn) {
	b.mu.Lock()
	b.clients++
	c := &client{b: b, in: bufio.NewReader(conn), w: conn, n: b.clients, end: make(chan struct{})}
	b.mu.Unlock()
	defer close(c.end)
	var head [8]byte
	if _, err := io.ReadFull(c.in, head[:]); err != nil || string(head[:]) != "AMQP\x00\x00\x09\x01" {
		return
	}
	caps := table(map[string]any{"capabilities": map[string]any{"connection.blocked": true, "publisher_confirms": true, "basic.nack": true}})
	c.method(0, connStart, cat([]byte{0, 9}, caps, long("PLAIN EXTERNAL"), long("en_US")))
	for {
		if err := c.frame(); err != nil {
			return
		}
	}
}

// frame reads one frame (§4.2.3) and does what it asks for.
func (c *client) frame() error {
	var head [7]byte
	if _, err := io.ReadFull(c.in, head[:]); err != nil {
		return err
	}
	channel, size := binary.BigEndian.Uint16(head[1:]), binary.BigEndian.Uint32(head[3:])
	payload := make([]byte, size+1)
	if _, err := io.ReadFull(c.in, payload); err != nil {
		return err
	}
	if payload[size] != 0xCE {
		c.b.t.Error("a frame does not end in 0xCE")
		return errEOF
	}
	payload = payload[:size]
	switch head[0] {
	case 1:
		return c.request(channel, binary.BigEndian.Uint32(payload), payload[4:])
	case 2:
		return c.header(payload)
	case 3:
		c.msg.body += string(payload)
		return c.content()
	}
	return nil // a heartbeat
}

func (c *client) request(channel uint16, method uint32, args []byte) error {
	if refuse := c.b.refuse[method]; refuse != nil {
		return refuse(c)
	}
	r := reader{p: args}
	switch method {
	case connStartOK:
		r.table()
		c.b.note(&c.b.logins, r.short()+" "+r.long())
		c.method(0, connTune, cat(u16(0), u32(c.b.max()), u16(60)))
	case connOpen:
		c.method(0, connOpenOK, short(""))
	case connClose:
		c.method(0, connCloseOK, nil)
		return errEOF
	case chanOpen:
		c.method(channel, chanOpenOK, long(""))
	case chanClose:
		c.method(channel, chanCloseOK, nil)
	case exchDeclare:
		r.skip(2)
		name, kind := r.short(), r.short()
		c.b.note(&c.b.declared, fmt.Sprintf("exchange %s %s passive %v", name, kind, r.byte()&1 == 1))
		c.method(channel, exchDeclareOK, nil)
	case queueDeclare:
		r.skip(2)
		name := r.short()
		flags := r.byte()
		c.b.note(&c.b.declared, fmt.Sprintf("queue %s durable %v %v", name, flags&2 != 0, r.table()["x-queue-type"]))
		c.method(channel, queueDeclOK, cat(short(name), u32(0), u32(0)))
	case queueBind:
		r.skip(2)
		c.b.note(&c.b.declared, fmt.Sprintf("binding %s %s %s", r.short(), r.short(), r.short()))
		c.method(channel, queueBindOK, nil)
	case chanFlow:
		c.method(channel, chanFlowOK, args)
	case confirmSelect:
		c.method(channel, confirmOK, nil)
	case basicPublish:
		r.skip(2)
		c.tags++
		c.msg = message{tag: c.tags, exchange: r.short(), key: r.short(), mandatory: r.byte()&1 == 1}
	}
	return nil
}

func (b *broker) max() uint32 {
	if b.frameMax == 0 {
		return 128 << 10
	}
	return b.frameMax
}

func (b *broker) note(list *[]string, s string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	*list = append(*list, s)
}

func (b *broker) noted(list *[]string) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), *list...)
}

// connections is how many there have been.
func (b *broker) connections() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.clients
}

// header reads a content header (§4.2.6.1) with the properties in the order of
// their flags.
func (c *client) header(p []byte) error {
	c.msg.rawHeader = p
	c.size = binary.BigEndian.Uint64(p[4:])
	flags := binary.BigEndian.Uint16(p[12:])
	r := reader{p: p[14:]}
	for bit := 15; bit >= 3; bit-- {
		if flags&(1<<bit) == 0 {
			continue
		}
		switch bit {
		case 15:
			c.msg.contentType = r.short()
		case 13:
			c.msg.headers = r.table()
		case 12:
			c.msg.deliveryMode = r.byte()
		case 7:
			c.msg.id = r.short()
		case 6:
			c.msg.timestamp = binary.BigEndian.Uint64(r.skip(8))
		case 5:
			c.msg.kind = r.short()
		case 3:
			c.msg.app = r.short()
		default:
			c.b.t.Errorf("a property that nobody expects: bit %d", bit)
		}
	}
	return c.content()
}

// content decides about a message that is complete.
func (c *client) content() error {
	if uint64(len(c.msg.body)) < c.size {
		return nil
	}
	if c.b.on != nil {
		return c.b.on(c, c.msg)
	}
	c.ack(c.msg.tag)
	return nil
}

// gone reports whether the client has closed the connection.
func (c *client) gone() bool {
	select {
	case <-c.end:
		return true
	default:
		return false
	}
}

func (c *client) ack(tag uint64)  { c.method(1, basicAck, cat(u64(tag), []byte{0})) }
func (c *client) nack(tag uint64) { c.method(1, basicNack, cat(u64(tag), []byte{0})) }

// back returns m as unroutable.
func (c *client) back(m message, text string) {
	c.method(1, basicReturn, cat(u16(312), short(text), short(m.exchange), short(m.key)))
	c.write(2, 1, m.rawHeader)
	if len(m.body) > 0 {
		c.write(3, 1, []byte(m.body))
	}
}

func (c *client) closeChannel(code uint16, text string) {
	c.method(1, chanClose, cat(u16(code), short(text), u16(60), u16(40)))
}

func (c *client) closeConnection(code uint16, text string) {
	c.method(0, connClose, cat(u16(code), short(text), u16(0), u16(0)))
}

func (c *client) method(channel uint16, method uint32, args []byte) {
	c.write(1, channel, cat(u32(method), args))
}

// write ignores errors: the reader sees the same end.
func (c *client) write(kind byte, channel uint16, payload []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.w.Write(cat([]byte{kind}, u16(channel), u32(uint32(len(payload))), payload, []byte{0xCE}))
}

func cat(parts ...[]byte) (all []byte) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func u16(n uint16) []byte   { return binary.BigEndian.AppendUint16(nil, n) }
func u32(n uint32) []byte   { return binary.BigEndian.AppendUint32(nil, n) }
func u64(n uint64) []byte   { return binary.BigEndian.AppendUint64(nil, n) }
func short(s string) []byte { return append([]byte{byte(len(s))}, s...) }
func long(s string) []byte  { return append(u32(uint32(len(s))), s...) }

// table writes a field table of bools and tables (§4.2.5.5).
func table(fields map[string]any) []byte {
	var p []byte
	for name, value := range fields {
		p = append(p, short(name)...)
		switch v := value.(type) {
		case bool:
			p = append(p, 't', map[bool]byte{true: 1}[v])
		case map[string]any:
			p = append(append(p, 'F'), table(v)...)
		}
	}
	return long(string(p))
}

// reader reads arguments. It panics at a short one, which fails the test.
type reader struct{ p []byte }

func (r *reader) skip(n int) []byte {
	p := r.p[:n]
	r.p = r.p[n:]
	return p
}

func (r *reader) byte() byte    { return r.skip(1)[0] }
func (r *reader) short() string { return string(r.skip(int(r.byte()))) }
func (r *reader) long() string  { return string(r.skip(int(binary.BigEndian.Uint32(r.skip(4))))) }

func (r *reader) table() map[string]any {
	in, fields := reader{p: []byte(r.long())}, map[string]any{}
	for len(in.p) > 0 {
		name := in.short()
		switch kind := in.byte(); kind {
		case 't':
			fields[name] = in.byte() == 1
		case 'S':
			fields[name] = in.long()
		case 'l', 'd':
			fields[name] = binary.BigEndian.Uint64(in.skip(8))
		case 'I':
			fields[name] = binary.BigEndian.Uint32(in.skip(4))
		case 'F':
			fields[name] = in.table()
		default:
			panic("a field of type " + string(rune(kind)))
		}
	}
	return fields
}

// listen runs the broker until the test ends.
func (b *broker) listen(t testing.TB) (addr string) {
	t.Helper()
	b.t = t
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.serveAll(t, l)
	return l.Addr().String()
}

func (b *broker) serveAll(t testing.TB, l net.Listener) {
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer conn.Close()
				b.serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		all.Wait()
	})
}

// names is the messages' bodies.
func names(messages []message) string {
	var all []string
	for _, m := range messages {
		all = append(all, m.body)
	}
	return strings.Join(all, " ")
}
