package handler

import (
	"log/slog"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/internal/codec"
	"github.com/slogship/slogship/internal/overload"
)

// repeats is the goroutine that ends a route's windows in time. There is one for
// a route with Dedupe, and none for each key: a window has no timer of its own.
// It has none at all while nothing is repeated.
type repeats struct {
	ending chan struct{} // closed by stop
	ended  chan struct{} // closed when the goroutine has returned
}

func (p *repeats) start(c *core, l *lane, a *admission) {
	p.ending, p.ended = make(chan struct{}), make(chan struct{})
	go p.run(c, l, a)
}

func (p *repeats) run(c *core, l *lane, a *admission) {
	defer close(p.ended)
	timer := time.NewTimer(0)
	timer.Stop()
	for {
		var alarm <-chan time.Time
		if at, ok := a.dedupe.Due(); ok {
			timer.Reset(time.Duration(at - a.at(time.Now())))
			alarm = timer.C
		}
		select {
		case <-a.dedupe.Pending():
		case <-alarm:
			c.shipRepeats(l, a.dedupe.Expire(a.at(time.Now())))
		case <-p.ending:
			timer.Stop()
			return
		}
	}
}

// stop ends the goroutine and ships what is not told yet.
func (p *repeats) stop(c *core, l *lane, a *admission) {
	close(p.ending)
	<-p.ended
	c.shipRepeats(l, a.dedupe.Close())
}

// The attributes of the record that stands for repeats.
const (
	keyRepeated      = "repeated"
	keyRepeatedSince = "repeated_since"
)

// shipRepeats stores one record for each, which the route takes like any other.
// It is past the policies: what the policies say about it, they have said about
// the record that was repeated.
func (c *core) shipRepeats(l *lane, ended []*overload.Repeats) {
	for _, r := range ended {
		now := time.Now()
		header := codec.Header{Time: r.Last, Observed: now, Level: r.Level, Message: r.Message, Scope: r.Scope}
		c.ids.Put(&header.ID, now)
		p := codec.AppendHeader(nil, &header)
		// Ahead of the others: those may end within groups that are open.
		p = codec.AppendAttr(p, slog.Uint64(keyRepeated, r.Count))
		p = codec.AppendAttr(p, slog.Time(keyRepeatedSince, r.First))
		p = codec.AppendEncoded(p, r.Attrs)
		l.store(c, &overload.Kept{
			Payload: p, Sum: buffer.Sum(p), Level: uint8(encode.LevelIndex(r.Level)), Time: now.UnixNano(),
		})
	}
}
