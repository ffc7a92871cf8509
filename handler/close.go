package handler

import (
	"context"
	"errors"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/internal/codec"
)

// Close ends intake, delivers what is buffered until ctx is done, and releases
// everything. A route whose destination is known to be away is not waited for,
// whether the others are through or not: it would be tried again only when its
// backoff is over, up to 30 s later, and what it has is kept.
// It returns nil if nothing is left, else an *UndeliveredError; what is on
// disk is delivered after the next start. Records logged later go to stderr.
// Further calls return what the first did.
func (h *Handler) Close(ctx context.Context) error {
	c := h.core
	c.closing.Do(func() {
		c.routing.Lock() // after a Reload under way, and then there is none
		c.closed.Store(true)
		c.routing.Unlock()
		c.release()
		c.result = c.closeLanes(ctx)
	})
	return c.result
}

// closeLanes closes all lanes at a time, but each one after those whose dead
// letters it gets. Nobody waits in a circle: a route's letters go to one that was
// in force together with it, so a circle would be one of routes that all were,
// which Validate refuses.
func (c *core) closeLanes(ctx context.Context) error {
	lanes := c.table.Load().everyone()
	done := make(map[*track]chan struct{})
	for _, l := range lanes {
		done[l.track] = make(chan struct{})
	}
	return each(lanes, func(l *lane) *Undelivered {
		defer close(done[l.track])
		for _, feeder := range lanes {
			if feeder.deadTo == l.track {
				<-done[feeder.track]
			}
		}
		return c.closeLane(ctx, l)
	})
}

func (c *core) closeLane(ctx context.Context, l *lane) *Undelivered {
	l.admission.stop(c, l)
	if l.buf == nil {
		c.report.failed(l.route.Name, l.direct.to.Load().close())
		return nil
	}
	l.buf.Stop()
	err := l.worker.Close(ctx)
	c.leftover(l)
	left := l.undelivered(err)
	if l.deadFile != nil {
		c.report.failed(l.route.Name, l.deadFile.close())
	}
	c.report.failed(l.route.Name, l.buf.Close())
	return left
}

// undelivered is what l has not delivered, nil if that is nothing. Whoever gave
// up while what an earlier process left was still being counted has left it, too,
// though no record of it is known: there are bytes.
func (l *lane) undelivered(err error) *Undelivered {
	s := l.buf.Stats()
	if s.Records == 0 && (err == nil || !s.Recovering || s.Bytes == 0) {
		return nil
	}
	if last := l.worker.Stats().LastError; last != nil {
		err = errors.Join(err, last)
	}
	u := &Undelivered{Route: l.route.Name, Records: s.Records, Bytes: s.Bytes, OnDisk: l.dir != "", Err: err}
	if s.Oldest != 0 {
		u.Oldest = time.Unix(0, s.Oldest)
	}
	return u
}

// leftover writes what l could not deliver to Options.Leftover. A record is
// acknowledged after it was written, so a writer that fails loses nothing.
func (c *core) leftover(l *lane) {
	if c.opts.Leftover == nil {
		return
	}
	var (
		chunk   buffer.Chunk
		decoder codec.Decoder
		line    []byte
	)
	l.buf.Rewind(buffer.Mark{})
	for l.buf.Next(&chunk, 100, 1<<20) > 0 {
		for _, e := range chunk.Entries {
			var rec encode.Record
			if err := decoder.Decode(e.Payload, &rec); err != nil {
				c.report.failed(l.route.Name, err)
				return // it stays in the buffer, unread is not lost
			}
			if rec.Resource, _ = codec.ParseResource(e.Meta.Bytes); rec.Resource == nil {
				rec.Resource = c.resource
			}
			var err error
			if line, err = (encode.JSONLines{}).AppendRecord(line[:0], &rec); err == nil {
				err = c.writeLeftover(append(line, '\n'))
			}
			if err != nil {
				c.report.failed(l.route.Name, err)
				return
			}
			l.leftover.Add(1)
			l.buf.Ack(e.Mark)
		}
		chunk.Reset()
		decoder.Reset()
	}
}

// writeLeftover writes one line. The lanes close at a time, and the writer is one.
func (c *core) writeLeftover(line []byte) error {
	c.leftoverLock.Lock()
	defer c.leftoverLock.Unlock()
	return contained(func() error {
		_, err := c.opts.Leftover.Write(line)
		return err
	})
}
