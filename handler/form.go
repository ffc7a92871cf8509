package handler

import (
	"context"
	"log/slog"

	"github.com/slogship/slogship/crypto"
	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/internal/codec"
)

// form is a record, encoded as one field policy leaves it. Routes with the same
// policy share one; nearly always there is one.
type form struct {
	sealer  *crypto.Sealer // nil: no policy
	payload []byte
	sum     uint32 // of payload
	own     int    // where the attributes of the logger and the record begin in it
	made    bool   // by the call under way
}

// use makes the form of sealer the call's present one, encoding it if no lane
// before has used it.
func (c *call) use(ctx context.Context, r *slog.Record, sealer *crypto.Sealer) {
	if c.s == nil {
		c.s = c.h.core.scratch.Get().(*scratch)
	}
	if c.form == nil {
		c.form = &c.s.forms[0]
	} else if c.form = c.s.formOf(sealer); c.form.made {
		return
	}
	if c.form.sealer != sealer { // the pool's last user had another; a store costs more
		c.form.sealer = sealer
	}
	c.encode(ctx, r, c.form)
}

// formOf returns the form of sealer, or one that is free.
func (s *scratch) formOf(sealer *crypto.Sealer) *form {
	for i := range s.forms {
		if f := &s.forms[i]; !f.made || f.sealer == sealer {
			return f
		}
	}
	s.forms = append(s.forms, form{})
	return &s.forms[len(s.forms)-1]
}

// encode fills f. All forms of a record have one ID.
func (c *call) encode(ctx context.Context, r *slog.Record, f *form) {
	core := c.h.core
	header := codec.Header{
		Time: r.Time, Observed: c.now, Level: r.Level,
		Message: r.Message, Scope: c.h.scope,
	}
	if first := &c.s.forms[0]; first.made {
		header.ID = first.id()
	} else {
		core.ids.Put(&header.ID, c.now)
	}
	if core.opts.Trace != nil {
		header.Trace = *c.trace(ctx)
	}
	if core.opts.AddSource {
		header.Source = core.sources.encoded(r.PC)
	}
	if r.Level >= core.stackFrom() {
		header.Stack = core.stack(c.s, r.PC)
	}
	if f.sealer != nil {
		c.s.seal.Record = header.ID
		header.Message = f.sealer.Message(&c.s.seal, r.Message)
	}
	p := codec.AppendHeader(f.payload[:0], &header)
	p = c.appendFromContext(ctx, p, f.sealer)
	f.own = len(p)
	if c.h.with != nil {
		p = codec.AppendEncoded(p, c.h.with.of(c.h, f.sealer))
	}
	f.payload = p
	c.appendAttrs(r, f)
	f.sum = buffer.Sum(f.payload)
	f.made = true
}

// id is the record's.
func (f *form) id() encode.ID { return encode.ID(f.payload[:len(encode.ID{})]) }

// appendFromContext appends the attributes that ctx brings: without a list of
// them, unless a matcher has had one made.
func (c *call) appendFromContext(ctx context.Context, p []byte, sealer *crypto.Sealer) []byte {
	core := c.h.core
	if c.gathered {
		return c.appendTop(p, sealer, c.carried)
	}
	for _, extract := range core.opts.Context {
		p = c.appendTop(p, sealer, core.extracted(ctx, extract))
	}
	if attrs := Attrs(ctx); len(attrs) != 0 {
		p = c.appendTop(p, sealer, attrs)
	}
	return p
}

// appendTop appends attributes that stand outside all groups.
func (c *call) appendTop(p []byte, sealer *crypto.Sealer, attrs []slog.Attr) []byte {
	at := topOf(sealer)
	for _, a := range attrs {
		p = c.h.core.appendAttr(p, &c.s.seal, at, nil, a)
	}
	return p
}

// appendAttrs appends the record's own attributes.
func (c *call) appendAttrs(r *slog.Record, f *form) {
	if c.h.core.opts.ReplaceAttr == nil && f.sealer == nil {
		p := f.payload
		r.Attrs(func(a slog.Attr) bool {
			p = codec.AppendAttr(p, a)
			return true
		})
		f.payload = p
		return
	}
	c.appendChanged(r, f)
}

// appendChanged is appendAttrs where something may change them.
func (c *call) appendChanged(r *slog.Record, f *form) {
	p, core, seal, groups := f.payload, c.h.core, &c.s.seal, c.h.groups
	at := groupOf(f.sealer, groups)
	r.Attrs(func(a slog.Attr) bool {
		p = core.appendAttr(p, seal, at, groups, a)
		return true
	})
	f.payload = p
}
