package transporttest

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// toy is a transport whose every step can be told to go wrong. Its protocol: a
// batch is a count and that many JSON texts, each with its length; the answer
// is one byte. Without acks there is no answer.
type toy struct {
	Addr   string
	Token  string
	Fault  string
	NoAcks bool
}

func (d toy) Open() (transport.Transport, error) {
	if d.Addr == "" && d.Fault != "opens anything" {
		return nil, fmt.Errorf("toy: Addr %q: want host:port", d.Addr)
	}
	c := &toyClient{toy: d}
	if d.Fault == "dials in Open" {
		if _, err := c.dial(context.Background()); err != nil {
			return nil, err
		}
	}
	if d.Fault == "leaks a goroutine" {
		go func() { select {} }()
	}
	return c, nil
}

type toyClient struct {
	toy
	running atomic.Int32

	preview  []byte // for the fault "a preview in memory of its own"
	previews atomic.Int32

	mu     sync.Mutex // held over a Send
	conn   net.Conn   // nil until a Send needs it
	closed bool
	broken bool // for the fault "never connects again"
	calls  int
	sent   int             // records since the last Resend, for Held
	kept   []encode.Record // for the fault "keeps recs"
	texts  []string        // for the fault "keeps messages"
}

func (c *toyClient) is(fault string) bool { return c.Fault == fault }

func (c *toyClient) Describe() transport.Description {
	d := transport.Description{Acknowledged: !c.NoAcks, MaxInFlight: 4}
	if c.is("a negative limit") {
		d.MaxBytes = -1
	}
	if c.is("Describe changes") {
		d.MaxRecords = c.calls
	}
	return d
}

func (c *toyClient) Send(ctx context.Context, recs []encode.Record) error {
	if c.running.Add(1) > 1 && c.is("loses concurrent batches") {
		c.running.Add(-1)
		return nil
	}
	defer c.running.Add(-1)
	if !c.is("loses concurrent batches") {
		c.mu.Lock()
		defer c.mu.Unlock()
	}
	err := c.sendLocked(ctx, recs)
	for c.is("retries by itself") && err != nil && ctx.Err() == nil {
		err = c.sendLocked(ctx, recs)
	}
	if err == nil {
		c.sent += len(recs)
	}
	return c.answer(err, len(recs))
}

// answer bends a true answer into a wrong one.
func (c *toyClient) answer(err error, n int) error {
	switch {
	case err == nil && c.is("asks for more than was sent"):
		return transport.Resend(io.EOF, 1_000_000)
	case err == nil && c.is("a wrong number of answers"):
		return &transport.BatchError{Errs: make([]error, n+1)}
	case err == nil:
		return nil
	case c.is("nil whatever happens"):
		return nil
	case c.is("condemns for the network"):
		return transport.Permanent(err)
	case c.is("shows its token"):
		return fmt.Errorf("toy: send with %s: %w", c.Token, err)
	}
	return err
}

func (c *toyClient) sendLocked(ctx context.Context, recs []encode.Record) error {
	c.calls++
	if c.is("accepts a part of what breaks") && c.conn == nil && c.sent > 0 {
		n := c.sent
		c.sent = 0
		return transport.Resend(io.EOF, n)
	}
	if c.closed && !c.is("works after Close") {
		return transport.ErrClosed
	}
	recs, err := c.bend(recs)
	if err != nil {
		return err
	}
	if c.conn == nil {
		if c.broken {
			return errors.New("toy: gave up")
		}
		conn, err := c.dial(ctx)
		if err != nil {
			return err
		}
		c.conn = conn
	}
	stop := context.AfterFunc(ctx, func() {
		if !c.is("ignores ctx") {
			c.conn.Close()
		}
	})
	err = c.exchange(recs)
	if !stop() || err != nil {
		c.conn.Close()
		c.conn, c.broken = nil, c.is("never connects again")
		if err == nil {
			err = ctx.Err()
		}
	}
	if err != nil && c.is("accepts a part of what breaks") && len(recs) > 1 {
		c.sent++
		return &transport.BatchError{Errs: append([]error{nil}, slices.Repeat([]error{err}, len(recs)-1)...)}
	}
	if err != nil && c.NoAcks && !c.is("forgets its tail") {
		n := c.sent
		c.sent = 0
		if n > 0 {
			return transport.Resend(err, n)
		}
	}
	return err
}

// bend makes a wrong batch of a right one.
func (c *toyClient) bend(recs []encode.Record) ([]encode.Record, error) {
	large := slices.IndexFunc(recs, func(r encode.Record) bool { return len(r.Message) > 100_000 })
	switch c.Fault {
	case "changes a message":
		recs[0].Message += "!"
	case "changes a group":
		for _, a := range recs[0].Attrs {
			if a.Value.Kind() == slog.KindGroup {
				a.Value.Group()[0].Key = "changed"
			}
		}
	case "appends to attributes in place":
		_ = append(recs[0].Attrs, slog.Bool("sent", true))
	case "appends to the batch in place":
		_ = append(recs, encode.Record{Message: "bye"})
	case "reverses":
		recs = slices.Clone(recs)
		slices.Reverse(recs)
	case "sends twice":
		recs = append(slices.Clone(recs), recs...)
	case "loses the last":
		recs = recs[:len(recs)-1]
	case "keeps recs":
		recs, c.kept = slices.Clone(c.kept), slices.Clone(recs)
	case "keeps messages":
		before := c.texts
		c.texts = nil
		for _, r := range recs {
			c.texts = append(c.texts, r.Message)
		}
		recs = nil
		for _, text := range before {
			recs = append(recs, encode.Record{Message: text})
		}
	case "plain error for a large record":
		if large >= 0 {
			return nil, errors.New("toy: too large")
		}
	case "condemns the batch":
		if large >= 0 {
			return nil, &transport.BatchError{Errs: slices.Repeat([]error{transport.Permanent(io.EOF)}, len(recs))}
		}
	case "permanent for a large record":
		if large >= 0 {
			return nil, transport.Permanent(errors.New("toy: too large"))
		}
	case "swallows a large record":
		if large >= 0 {
			recs = slices.Delete(slices.Clone(recs), large, large+1)
		}
	}
	return recs, nil
}

func (c *toyClient) dial(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", c.Addr)
	if err != nil {
		return nil, fmt.Errorf("toy: dial %q: %w", c.Addr, err)
	}
	return conn, nil
}

func (c *toyClient) exchange(recs []encode.Record) error {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(recs)))
	for i := range recs {
		text := c.encode(&recs[i])
		b = binary.BigEndian.AppendUint32(b, uint32(len(text)))
		b = append(b, text...)
	}
	if _, err := c.conn.Write(b); err != nil {
		return err
	}
	if c.NoAcks || c.is("does not wait for the answer") {
		return nil
	}
	_, err := io.ReadFull(c.conn, make([]byte, 1))
	return err
}

func (c *toyClient) encode(r *encode.Record) []byte {
	msg := strings.ToValidUTF8(r.Message, "\uFFFD")
	if c.is("does not escape") {
		return []byte(msg)
	}
	if c.is("cuts at NUL") {
		msg, _, _ = strings.Cut(msg, "\x00")
	}
	attrs := map[string]string{}
	for _, a := range r.Attrs {
		if e, ok := a.Value.Any().(*encode.Error); ok { // as text it has the addresses of its causes in it
			attrs[a.Key] = e.Message
			continue
		}
		attrs[a.Key] = a.Value.String()
	}
	m := map[string]any{"attrs": attrs, "msg": msg}
	if c.is("lets attributes shadow the message") {
		m["msg"] = cmp.Or(attrs["msg"], msg)
	}
	text, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return text
}

func (c *toyClient) Close() error {
	c.closed = true
	if c.is("hangs in Close") {
		select {}
	}
	if c.conn != nil && c.is("leaks the connection") {
		// The timer keeps it reachable: a collected connection closes itself.
		time.AfterFunc(time.Minute, func() { c.conn.Close() })
		return nil
	}
	if c.conn == nil {
		return nil
	}
	return c.conn.Close()
}

func (c *toyClient) ImportPaths() []string {
	if c.is("an empty import path") {
		return []string{""}
	}
	return []string{"example.com/toy"}
}

func (c *toyClient) Probe(ctx context.Context) error {
	if c.is("probes nothing") {
		return nil
	}
	if c.is("probes with a record") {
		return c.Send(ctx, []encode.Record{{Message: "probe"}})
	}
	conn, err := c.dial(ctx)
	if err != nil {
		return err
	}
	return conn.Close()
}

func (c *toyClient) Preview(rec *encode.Record) ([]byte, error) {
	if c.is("a preview that sends") {
		if err := c.Send(context.Background(), []encode.Record{*rec}); err != nil {
			return nil, err
		}
	}
	if c.is("a preview in memory of its own") {
		c.preview = append(c.preview[:0], rec.Message...)
		c.preview = fmt.Append(c.preview, c.previews.Add(1))
		return c.preview, nil
	}
	return c.encode(rec), nil
}

// holder is the toy without acknowledgements.
type holder struct{ *toyClient }

func (c holder) Held() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.is("holds too much") {
		return 100 * c.sent
	}
	return c.sent
}

// holding is the destination of holder.
type holding struct{ toy }

func (d holding) Open() (transport.Transport, error) {
	d.NoAcks = true
	tr, err := d.toy.Open()
	if err != nil {
		return nil, err
	}
	return holder{tr.(*toyClient)}, nil
}

// serveToy is the receiver. Where lines is set, it takes each line of a text
// for a record, as a receiver of newline framing would.
func serveToy(t testing.TB, p *Peer, acks, lines bool) (addr string) {
	return ServeTCP(t, p, func(conn net.Conn) {
		r := bufio.NewReader(conn)
		for {
			entries, err := readToy(r)
			if err != nil {
				return
			}
			if lines {
				entries = strings.Split(strings.Join(entries, "\n"), "\n")
			}
			p.Received(entries...)
			if acks {
				if _, err := conn.Write([]byte{1}); err != nil {
					return
				}
			}
		}
	})
}

func readToy(r io.Reader) ([]string, error) {
	var n uint32
	if err := binary.Read(r, binary.BigEndian, &n); err != nil {
		return nil, err
	}
	entries := make([]string, n)
	for i := range entries {
		var size uint32
		if err := binary.Read(r, binary.BigEndian, &size); err != nil {
			return nil, err
		}
		text := make([]byte, size)
		if _, err := io.ReadFull(r, text); err != nil {
			return nil, err
		}
		entries[i] = string(text)
	}
	return entries, nil
}

func toyMessage(entry string) (string, error) {
	var m struct{ Msg string }
	err := json.Unmarshal([]byte(entry), &m)
	return m.Msg, err
}

// harness describes the toy with a fault; "" is a transport without any.
func harness(fault string) Harness {
	const token = "canary-5f2e"
	return Harness{
		Start: func(t testing.TB, p *Peer) transport.Destination {
			addr := serveToy(t, p, true, fault == "does not escape")
			return toy{Addr: addr, Fault: fault, Token: token}
		},
		Message: toyMessage,
		Invalid: []transport.Destination{toy{Fault: fault, Token: token}},
		Secrets: []string{token},
	}
}

// holderHarness describes the toy that gets no answers.
func holderHarness(fault string) Harness {
	return Harness{Start: func(t testing.TB, p *Peer) transport.Destination {
		return holding{toy{Addr: serveToy(t, p, false, false), Fault: fault}}
	}}
}

var _ transport.Holder = holder{}
