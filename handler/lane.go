package handler

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/slogship/slogship/crypto"
	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/internal/codec"
	"github.com/slogship/slogship/internal/deliver"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
)

// lane is a route at work, as one table has it: what follows from the route, and
// the track, which is the same for all lanes that the route has had. Immutable
// once its table is in force.
type lane struct {
	route     route.Route
	dir       string // "": in memory, or Direct
	transport transport.Transport
	clients   []string       // import paths of the transport's client library
	waits     bool           // Append may block, so it gets a ctx
	admission *admission     // nil: the route has no policies
	sealer    *crypto.Sealer // of the route's fields; nil: they are logged as they are
	deadTo    *track         // gets the dead letters, and is closed after this; nil: no route does
	gone      bool           // the route was removed

	*track
}

// discardReasons is how many reasons there are for discarding a record, the
// first being buffer.Sampled.
const discardReasons = buffer.Deduplicated - buffer.Sampled + 1

// take stores the record, or sends it if the lane is Direct.
func (l *lane) take(ctx context.Context, c *call) error {
	if l.buf == nil {
		return l.sendDirect(ctx, c)
	}
	appendCtx := context.Background()
	if l.waits {
		// The caller's deadline is not ours: a record is not lost because the
		// request that logged it has ended. The route's BlockTimeout bounds it.
		appendCtx = context.WithoutCancel(ctx)
	}
	if c.watch != nil {
		c.watch.add(l, c.form.id())
		appendCtx = ctx // Deliver's caller said how long to wait
	}
	f := c.form
	at, err := l.buf.Append(appendCtx, buffer.Record{
		Payload: f.payload, Sum: f.sum, Level: uint8(encode.LevelIndex(c.level)), Time: c.now.UnixNano(),
	})
	if errors.Is(err, buffer.ErrClosed) {
		c.toStderr()
	}
	if c.watch != nil {
		err = c.watch.stored(at, err)
	}
	return publicError(err)
}

// sendDirect sends the record in the call.
func (l *lane) sendDirect(ctx context.Context, c *call) error {
	level := encode.LevelIndex(c.level)
	err := error(ErrClosed)
	if c.h.core.closed.Load() {
		l.direct.late[level].Add(1)
	} else {
		err = l.sendPayload(ctx, c.h.core, c.form.payload, level)
	}
	if err == ErrClosed { // Close may have come in between
		c.toStderr()
	}
	return err
}

// sendPayload sends a record. It is decoded from its own payload first, so that
// encoders see the same closed set of values as everywhere.
func (l *lane) sendPayload(ctx context.Context, c *core, payload []byte, level int) error {
	d, _ := l.direct.decoders.Get().(*codec.Decoder)
	if d == nil {
		d = new(codec.Decoder)
	}
	defer l.direct.decoders.Put(d)
	defer d.Reset()
	var recs [1]encode.Record
	err := d.Decode(string(payload), &recs[0])
	if err == nil {
		recs[0].Resource = c.resource
		own := deliver.WithRoute(context.WithoutCancel(ctx), l.route.Name)
		err = l.direct.send(own, recs[:])
	}
	switch {
	case err == nil:
		l.direct.delivered.Add(1)
	case err == ErrClosed: // ours, and not a transport's: that one was not asked
		l.direct.late[level].Add(1)
	default:
		l.direct.dropped[level].Add(1)
		c.report.failed(l.route.Name, err)
	}
	return err
}

// loggedByClient reports whether pc is in the client library of the lane's
// transport.
func (l *lane) loggedByClient(c *core, pc uintptr) bool {
	if l.clients == nil || pc == 0 {
		return false
	}
	function := c.sources.place(pc).frame.Function
	for _, path := range l.clients {
		if rest, ok := strings.CutPrefix(function, path); ok && (rest == "" || rest[0] == '.' || rest[0] == '/') {
			return true
		}
	}
	return false
}

// toStderr writes a record that came after Close where a person may find it,
// once, however many routes would have taken it.
func (c *call) toStderr() {
	var rec encode.Record
	if c.printed || new(codec.Decoder).Decode(string(c.form.payload), &rec) != nil {
		return
	}
	c.printed = true
	if own := c.h.core.sealing.fields; c.form.sealer != own {
		hide(own, &rec)
	}
	rec.Resource = c.h.core.resource
	if line, err := (encode.Text{}).AppendRecord(nil, &rec); err == nil {
		_, _ = os.Stderr.Write(append(line, '\n'))
	}
}
