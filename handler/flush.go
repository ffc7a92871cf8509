package handler

import (
	"context"
	"sync"

	"github.com/slogship/slogship/internal/buffer"
)

// Flush waits until every record logged before it has been acknowledged by its
// destinations, or counted as dropped or dead; and one that has become the dead
// letter of another route (Route.DeadLetter) is waited for there in the same way.
// It returns nil then, and an *UndeliveredError once ctx is done, or if Close ends
// it. It may be called at any time, also by several goroutines.
func (h *Handler) Flush(ctx context.Context) error {
	c := h.core
	err := each(c.table.Load().everyone(), func(l *lane) *Undelivered {
		if l.buf == nil {
			return nil
		}
		return l.flush(ctx, l.buf.Tail())
	})
	// What is left of earlier records are letters, each handed over before its
	// record was acknowledged. They may be refused in their turn, so a round follows
	// for each hop. Not until no letter comes any more: new records may be refused
	// all the time, and a barrier has to end. No letter makes more hops than there
	// are routes, since it never comes back to one (route.Validate), but for one
	// that several Reloads send round meanwhile.
	for hop := 1; err == nil; hop++ {
		lanes := c.table.Load().everyone() // a Reload may have said where they go now
		if hop >= len(lanes) {
			break
		}
		err = each(lanes, func(l *lane) *Undelivered {
			if at := l.handed.Load(); at != 0 {
				return l.flush(ctx, buffer.Position(at))
			}
			return nil
		})
	}
	return err
}

// flush waits until what l has up to at is decided, or ctx is done.
func (l *lane) flush(ctx context.Context, at buffer.Position) *Undelivered {
	if err := l.buf.WaitAcked(ctx, at); err != nil {
		return l.undelivered(err)
	}
	return nil
}

// each runs f for all lanes at a time and gathers what they left behind.
func each(lanes []*lane, f func(l *lane) *Undelivered) error {
	left := make([]*Undelivered, len(lanes))
	var group sync.WaitGroup
	for i, l := range lanes {
		group.Go(func() { left[i] = f(l) })
	}
	group.Wait()
	var err UndeliveredError
	for _, u := range left {
		if u != nil {
			err.Routes = append(err.Routes, *u)
		}
	}
	if err.Routes == nil {
		return nil
	}
	return &err
}
