package handler

import (
	"fmt"
	"log/slog"
	"slices"

	"github.com/slogship/slogship/crypto"
	"github.com/slogship/slogship/internal/codec"
)

// appendAttr encodes a as ReplaceAttr, and then the policy of at, leave it. a
// stands in groups, which is where at is; nil: there is no policy.
func (c *core) appendAttr(dst []byte, seal *crypto.Scratch, at *crypto.Group, groups []string, a slog.Attr) []byte {
	if c.opts.ReplaceAttr != nil {
		a = c.replace(groups, a)
	}
	if at != nil {
		return at.AppendAttr(dst, seal, a)
	}
	return codec.AppendAttr(dst, a)
}

// replace applies ReplaceAttr as slog's handlers do: to every attribute that
// is not a group, after resolving it, with the groups it stands in.
func (c *core) replace(groups []string, a slog.Attr) slog.Attr {
	a.Value = resolve(a.Value)
	if a.Value.Kind() != slog.KindGroup {
		a = c.callReplace(groups, a)
		a.Value = resolve(a.Value)
		return a
	}
	if a.Key != "" {
		groups = append(slices.Clip(groups), a.Key)
	}
	var kept []slog.Attr
	for _, member := range a.Value.Group() {
		if m := c.replace(groups, member); !m.Equal(slog.Attr{}) {
			kept = append(kept, m)
		}
	}
	return slog.Attr{Key: a.Key, Value: slog.GroupValue(kept...)}
}

// callReplace contains a panic of the caller's function: a logging call never
// panics, and the attribute says what went wrong.
func (c *core) callReplace(groups []string, a slog.Attr) (out slog.Attr) {
	defer func() {
		if p := recover(); p != nil {
			out = slog.String(a.Key, fmt.Sprintf("!PANIC: ReplaceAttr: %v", p))
		}
	}()
	return c.opts.ReplaceAttr(groups, a)
}

func resolve(v slog.Value) (out slog.Value) {
	defer func() {
		if p := recover(); p != nil {
			out = slog.StringValue(fmt.Sprintf("!PANIC: %v", p))
		}
	}()
	return v.Resolve()
}
