package amqp

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// flight is one Send's way through a session: which messages are out, and what
// was said of their records.
//
// A Send that ends before the broker has answered leaves its messages pending.
// The worker sends their records again, with the same IDs, and they are not
// published again but waited for: however long an alarm lasts, nothing arrives
// twice for it.
type flight struct {
	t       *sender
	s       *session
	recs    []encode.Record
	answers transport.Answers

	next    int    // the record to be published next
	claimed []bool // by record: an earlier Send published it; nil: none
	waiting int    // records of this batch that are out
	heard   bool   // some record has an answer of the broker's
}

// run returns nil when each record has an answer.
func (f *flight) run(ctx context.Context) error {
	if err := f.resume(); err != nil {
		return err
	}
	for f.next < len(f.recs) || f.waiting > 0 {
		if err := f.fill(ctx); err != nil {
			return err
		}
		if f.waiting == 0 && f.next == len(f.recs) {
			break // the encoder refused the last ones
		}
		if err := f.take(ctx); err != nil {
			return err
		}
	}
	return nil
}

// resume takes over what earlier Sends left pending, and what has been said of it
// meanwhile.
func (f *flight) resume() error {
	f.claim()
	f.sweep()
	if err := f.s.state.blockage(); err != nil {
		f.s.paused = true
		return err
	}
	if f.s.paused {
		f.s.paused, f.s.heard = false, time.Now()
	}
	return nil
}

// claim finds the records that are out already. Messages of others, whose
// records nobody sends any more, still count for the window.
func (f *flight) claim() {
	if len(f.s.pending) == 0 {
		return
	}
	f.claimed = make([]bool, len(f.recs))
	at := make(map[encode.ID]int, len(f.recs))
	for i := range f.recs {
		at[f.recs[i].ID] = i
	}
	for i := range f.s.pending {
		p := &f.s.pending[i]
		p.index = -1
		if index, ok := at[p.id]; ok && !p.id.IsZero() {
			p.index, f.claimed[index] = index, true
			delete(at, p.id)
			f.waiting++
		}
	}
}

// fill publishes until the window is full or the batch is out.
func (f *flight) fill(ctx context.Context) error {
	for ; f.next < len(f.recs) && len(f.s.pending) < f.t.window(); f.next++ {
		if f.claimed != nil && f.claimed[f.next] {
			continue
		}
		if err := f.room(ctx); err != nil {
			return err
		}
		if err := f.publish(f.next); err != nil {
			return err
		}
	}
	return nil
}

// room waits until the connection takes a further message.
func (f *flight) room(ctx context.Context) error {
	for {
		if err := f.stopped(ctx); err != nil || !f.s.out.full() {
			return err
		}
		select {
		case <-f.s.out.room:
		case <-f.s.state.changed:
		case <-f.s.state.over:
		case <-ctx.Done():
		}
	}
}

// stopped returns why nothing more is to be published or waited for.
func (f *flight) stopped(ctx context.Context) error {
	if err := f.s.state.cause(); err != nil {
		return err
	}
	if err := f.s.state.blockage(); err != nil {
		f.s.paused = true
		return err
	}
	return ctx.Err()
}

// publish sends record i, or notes why it can't be.
func (f *flight) publish(i int) error {
	rec, d := &f.recs[i], &f.t.dest
	body, err := f.t.encode(rec)
	if err != nil {
		f.answers.Set(i, transport.Permanent(fmt.Errorf("amqp: encode: %w", err)))
		return nil
	}
	f.s.drain() // so that there is room for this one's return
	if len(f.s.pending) == 0 {
		f.s.heard = time.Now()
	}
	p := publish{id: rec.ID, message: f.s.messageID(rec.ID), index: i}
	msg := d.message(rec, p.message, body, f.s.frame)
	f.s.out.guard.published.Add(1)
	p.answer, err = f.s.channel.PublishWithDeferredConfirm(f.t.exchange.choose(rec), f.t.key.choose(rec), true, false, msg)
	if err != nil {
		return f.s.ending(explain(err, f.s.secrets))
	}
	f.s.pending = append(f.s.pending, p)
	f.waiting++
	return nil
}

// messageID is the record's ID. A record without one, which only a transport's
// own tests make, gets a number, since a return has to be told apart.
func (s *session) messageID(id encode.ID) string {
	if !id.IsZero() {
		return id.String()
	}
	s.serial++
	return hex.EncodeToString(binary.BigEndian.AppendUint64(nil, s.serial))
}

// ending returns why the session is over, which the library may tell a moment
// after a publish has failed; err if it does not.
func (s *session) ending(err error) error {
	const moment = time.Second
	select {
	case <-s.state.over:
		return s.state.cause()
	case <-time.After(moment):
		return err
	}
}

// take waits until the oldest message has its answer, and takes all that have one.
func (f *flight) take(ctx context.Context) error {
	silence := time.NewTimer(time.Until(f.s.heard.Add(f.t.dest.AnswerTimeout)))
	defer silence.Stop()
	for {
		select {
		case <-f.s.pending[0].answer.Done():
			f.sweep()
			return f.s.state.cause()
		default:
		}
		if err := f.stopped(ctx); err != nil {
			f.sweep()
			return err
		}
		select {
		case <-f.s.pending[0].answer.Done():
		case back, more := <-f.s.returns:
			f.s.note(back, more)
		case <-f.s.state.changed:
		case <-f.s.state.over:
		case <-ctx.Done():
		case <-silence.C:
			if f.sweep() == 0 {
				return fmt.Errorf("%w: %v", ErrUnconfirmed, f.t.dest.AnswerTimeout)
			}
			return nil
		}
	}
}

// sweep gives the answers that are there to their records. It returns how many
// there were.
func (f *flight) sweep() int {
	left := f.s.pending[:0]
	for _, p := range f.s.pending {
		if !f.settle(&p) {
			left = append(left, p)
		}
	}
	answered := len(f.s.pending) - len(left)
	clear(f.s.pending[len(left):])
	f.s.pending = left
	if answered > 0 {
		f.s.heard = time.Now()
	}
	return answered
}

// settle reports whether p has its answer. At the connection's end the library
// answers everything with no; that is no answer of the broker's. Its channel is
// marked as closed before that, so the mark is looked at last.
func (f *flight) settle(p *publish) bool {
	select {
	case <-p.answer.Done():
	default:
		return false
	}
	acked := p.answer.Acked()
	if !acked && f.s.channel.IsClosed() {
		return false
	}
	back := f.s.cameBack(p.message)
	f.t.careful = max(0, f.t.careful-1)
	if p.index < 0 {
		return true
	}
	f.waiting--
	f.heard = true
	switch {
	case back != nil:
		f.answers.Set(p.index, f.unroutable(p, back))
	case !acked:
		f.answers.Set(p.index, fmt.Errorf("amqp: send to %s: %w", f.t.dest.target(), ErrNacked))
	}
	return true
}

// unroutable is the answer for a record that no queue is there for. Where Declare
// says which queues there are, they are declared once more before the record is
// given up: somebody may have deleted one.
func (f *flight) unroutable(p *publish, back error) error {
	err := fmt.Errorf("amqp: send to %s: %w", f.t.dest.target(), back)
	if f.t.dest.Declare == nil || f.t.second[p.id] {
		delete(f.t.second, p.id)
		return transport.Permanent(err)
	}
	if len(f.t.second) > f.t.dest.Window {
		clear(f.t.second) // of records that nobody sent again
	}
	f.t.second[p.id] = true
	f.s.stale = true
	return err
}

// broke is what Send returns when it ends with err: those without an answer go
// again, and those alone.
func (f *flight) broke(err error) error {
	guilty := f.convict(err)
	if !f.heard && guilty < 0 {
		return err
	}
	for _, p := range f.s.pending {
		if p.index >= 0 && p.index != guilty {
			f.answers.Set(p.index, err)
		}
	}
	for i := f.next; i < len(f.recs); i++ {
		if i != guilty && (f.claimed == nil || !f.claimed[i]) {
			f.answers.Set(i, err)
		}
	}
	return f.answers.Err()
}

// convict finds the record that made the broker close the channel, as it does for
// a body above its max_message_size, and returns its index, or -1. The broker
// does not say which message it was. If only one was out, it was that one; else
// as many as were out are published one at a time from now on.
func (f *flight) convict(err error) int {
	said, ok := errors.AsType[*Error](err)
	if !ok || said.Code != preconditionFailed && said.Code != contentTooLarge || len(f.s.pending) == 0 {
		return -1
	}
	if p := f.s.pending[0]; len(f.s.pending) == 1 && p.index >= 0 {
		f.answers.Set(p.index, transport.Permanent(err))
		return p.index
	}
	f.t.careful = len(f.s.pending)
	return -1
}
