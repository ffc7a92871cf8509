package handler

import (
	"context"
	"log/slog"
	"slices"
)

// withKey is where With keeps its attributes in a ctx.
type withKey struct{}

// carried are the attributes of one ctx: those of every With up to it, the
// oldest first. Immutable: a child's are a copy with more. A list of parents,
// the rejected alternative, makes With cheaper and each record dearer, and one
// With comes with many records.
type carried struct{ attrs []slog.Attr }

// With returns a ctx whose attributes every record has that is logged with it
// or a ctx made of it, through any handler of this package: a request's id, its
// tenant. They stand at the top level, outside all groups, before what the
// logger itself has gathered. One with the key of an earlier With replaces that
// one. Matchers see them, and ReplaceAttr is called for them; Options.Next does
// not get them, as Options.Context's (ask Attrs there).
//
// A LogValuer among them is resolved once for each record.
func With(ctx context.Context, attrs ...slog.Attr) context.Context {
	if len(attrs) == 0 {
		return ctx
	}
	c := &carried{attrs: slices.Grow(slices.Clone(Attrs(ctx)), len(attrs))}
	for _, a := range attrs {
		c.set(a)
	}
	return context.WithValue(ctx, withKey{}, c)
}

// set adds a, in the place of one with the same key. A group without a key has
// no place of its own: its members do.
func (c *carried) set(a slog.Attr) {
	same := func(b slog.Attr) bool { return b.Key == a.Key }
	if i := slices.IndexFunc(c.attrs, same); i >= 0 && a.Key != "" {
		c.attrs[i] = a
		return
	}
	c.attrs = append(c.attrs, a)
}

// Attrs returns what With has put into ctx, for handlers of other packages. The
// slice is not to be changed.
func Attrs(ctx context.Context) []slog.Attr {
	if c, ok := ctx.Value(withKey{}).(*carried); ok {
		return slices.Clip(c.attrs)
	}
	return nil
}
