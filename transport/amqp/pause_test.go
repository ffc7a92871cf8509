package amqp_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/amqp"
)

// A broker in alarm says so with the first message, and stops reading: Send comes
// back at once, whatever is stuck on the way, Probe too, and when it is over
// everything has arrived once.
func TestBlocked(t *testing.T) {
	for name, size := range map[string]int{"small": 10, "more than the buffers take": 64 << 10} {
		t.Run(name, func(t *testing.T) {
			var got inbox
			over, told := make(chan token), false
			b := &broker{on: func(c *client, m message) error {
				if !told {
					told = true
					c.method(0, connBlocked, short("low on memory"))
					<-over
					c.method(0, connUnblocked, nil)
				}
				got.add(m)
				c.ack(m.tag)
				return nil
			}}
			tr := open(t, amqp.Destination{Addrs: []string{b.listen(t)}})
			end := sync.OnceFunc(func() { close(over) })
			t.Cleanup(end) // or a test that fails would wait for its broker for ever
			recs := numbered(300)
			for i := range recs {
				recs[i].Message = fmt.Sprintf("%0*d", size, i)
			}
			// As a worker does it, for as long as the alarm lasts.
			for range 3 {
				began := time.Now()
				err := send(t, tr, recs)
				if !plain(err) || !errors.Is(err, amqp.ErrBlocked) || !strings.Contains(err.Error(), "low on memory") {
					t.Fatalf("want ErrBlocked, got %v", err)
				}
				if took := time.Since(began); took > 15*time.Second { // half of what it may take
					t.Errorf("Send took %v", took)
				}
			}
			if err := tr.(transport.Prober).Probe(t.Context()); !errors.Is(err, amqp.ErrBlocked) {
				t.Errorf("Probe: %v", err)
			}
			end()
			until(t, func() bool {
				recs = left(recs, send(t, tr, recs))
				return len(recs) == 0
			})
			if all := got.all(); len(all) != 300 {
				t.Errorf("%d messages for 300 records", len(all))
			}
			if n := b.connections(); n != 1 {
				t.Errorf("%d connections", n)
			}
		})
	}
}

type token = struct{}

// What was published before ctx ended is waited for by the next Send, whatever
// else is in its batch, and not published again.
func TestLateConfirm(t *testing.T) {
	var got inbox
	late := make(chan uint64, 10)
	var hold atomic.Bool
	hold.Store(true)
	var first atomic.Pointer[client]
	b := &broker{on: func(c *client, m message) error {
		got.add(m)
		if first.Store(c); hold.Load() {
			late <- m.tag
		} else {
			c.ack(m.tag)
		}
		return nil
	}}
	tr := open(t, amqp.Destination{Addrs: []string{b.listen(t)}, Window: 3})
	recs := numbered(6)
	for sends := 0; sends < 2 || len(got.all()) < 3; sends++ {
		if err := sendWithin(t, tr, recs, 200*time.Millisecond); !plain(err) || !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("want DeadlineExceeded, got %v", err)
		}
	}
	hold.Store(false)
	first.Load().ack(<-late) // between two Sends
	done := make(chan error)
	go func() { done <- send(t, tr, recs[1:]) }() // record 0 was given up
	first.Load().nack(<-late)
	first.Load().ack(<-late)
	errs := children(t, <-done, 5)
	if !errors.Is(errs[0], amqp.ErrNacked) || errors.Join(errs[1:]...) != nil {
		t.Errorf("answers: %v", errs)
	}
	if bodies := names(got.all()); bodies != "m0 m1 m2 m3 m4 m5" {
		t.Errorf("published: %s", bodies)
	}
}

// A broker that never confirms is left, and the records go again elsewhere.
func TestUnconfirmed(t *testing.T) {
	mute := &broker{on: func(*client, message) error { return nil }}
	tr := open(t, amqp.Destination{Addrs: []string{mute.listen(t)}, AnswerTimeout: 100 * time.Millisecond})
	for connections := range 2 {
		if err := send(t, tr, numbered(3)); !plain(err) || !errors.Is(err, amqp.ErrUnconfirmed) {
			t.Errorf("want ErrUnconfirmed, got %v", err)
		}
		if n := mute.connections(); n != connections+1 {
			t.Errorf("%d connections after %d Sends", n, connections+1)
		}
	}
}

// A node that takes everything and confirms nothing gives way to the next, also
// after it has worked for long.
func TestUnconfirmedSkipsTheHost(t *testing.T) {
	mute, fine := &broker{on: func(*client, message) error { return nil }}, &broker{}
	tr := open(t, amqp.Destination{
		Addrs: []string{mute.listen(t), fine.listen(t)}, AnswerTimeout: 1500 * time.Millisecond, ConnectTimeout: time.Second,
	})
	// Whichever is first by chance, two would do; on a busy machine the one that
	// is fine may be late at first.
	for range 6 {
		if err := send(t, tr, numbered(1)); err == nil {
			return
		}
	}
	t.Error("the node that confirms was not tried")
}

// One that stops in the middle of a batch is left as well; what it had confirmed
// is delivered.
func TestUnconfirmedRest(t *testing.T) {
	b := &broker{on: func(c *client, m message) error {
		if m.tag == 1 {
			c.ack(m.tag)
		}
		return nil
	}}
	tr := open(t, amqp.Destination{Addrs: []string{b.listen(t)}, AnswerTimeout: 100 * time.Millisecond})
	recs, sends := numbered(3), 0
	until(t, func() bool {
		sends++
		recs = left(recs, send(t, tr, recs))
		return len(recs) == 0
	})
	// On a busy machine more than three: the one confirm may be late as well.
	if n := b.connections(); n != sends || n < 3 {
		t.Errorf("%d connections for %d Sends", n, sends)
	}
}

// Notifications that nobody asked for, more of them than any channel has room
// for, while nothing is sent: the connection goes on.
func TestFloodOfNotifications(t *testing.T) {
	b := &broker{on: func(c *client, m message) error {
		for range 5000 {
			c.method(0, connBlocked, short("x"))
			c.method(0, connUnblocked, nil)
			c.method(1, 20<<16|20, []byte{1}) // channel.flow
			c.write(8, 0, nil)                // heartbeat
		}
		for range 500 {
			strange := m
			strange.key = "nobody's"
			c.back(strange, "NO_ROUTE")
		}
		c.ack(m.tag)
		return nil
	}}
	tr := open(t, amqp.Destination{Addrs: []string{b.listen(t)}})
	for range 3 {
		until(t, func() bool {
			err := send(t, tr, numbered(1))
			if err != nil && !errors.Is(err, amqp.ErrBlocked) && !permanent(children(t, err, 1)[0]) {
				t.Fatal(err)
			}
			return err == nil || !errors.Is(err, amqp.ErrBlocked)
		})
	}
}

// Close cuts off a Send that has been abandoned.
func TestCloseCutsOff(t *testing.T) {
	reached := make(chan token)
	b := &broker{on: func(*client, message) error { close(reached); return nil }}
	tr := open(t, amqp.Destination{Addrs: []string{b.listen(t)}})
	failed := make(chan error)
	go func() { failed <- tr.Send(context.Background(), numbered(1)) }()
	<-reached
	if err := tr.Close(); err != nil {
		t.Error(err)
	}
	if err := <-failed; err == nil {
		t.Error("Send returned nil")
	}
	if err := tr.Send(t.Context(), numbered(1)); !errors.Is(err, transport.ErrClosed) {
		t.Errorf("want ErrClosed, got %v", err)
	}
}
