package handler

import (
	"context"
	"sync"
)

// Flush waits until every record logged before it has been acknowledged by its
// destinations, or counted as dropped or dead. It returns nil then, and an
// *UndeliveredError once ctx is done. It may be called at any time, also by
// several goroutines.
func (h *Handler) Flush(ctx context.Context) error {
	return h.core.each(func(l *lane) *Undelivered {
		if l.buf == nil {
			return nil
		}
		if err := l.buf.WaitAcked(ctx, l.buf.Tail()); err != nil {
			return l.undelivered(err)
		}
		return nil
	})
}

// each runs f for all lanes at a time and gathers what they left behind.
func (c *core) each(f func(l *lane) *Undelivered) error {
	lanes := c.table.Load().everyone()
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
