package codec

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"testing/slogtest"

	"github.com/slogship/slogship/encode"
)

// miniHandler is the least that a slog.Handler over this package needs. It
// holds that prefix and record attributes, put together as bytes, obey slog's
// rules, by slog's own suite.
type miniHandler struct {
	prefix []byte
	out    *[]string // payloads, shared by all clones
}

var _ slog.Handler = (*miniHandler)(nil)

func (h *miniHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h *miniHandler) Handle(_ context.Context, r slog.Record) error {
	p := AppendHeader(nil, &Header{Time: r.Time, Level: r.Level, Message: r.Message})
	p = AppendEncoded(p, h.prefix)
	r.Attrs(func(a slog.Attr) bool {
		p = AppendAttr(p, a)
		return true
	})
	*h.out = append(*h.out, string(p))
	return nil
}

func (h *miniHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := &miniHandler{prefix: slices.Clip(h.prefix), out: h.out}
	for _, a := range attrs {
		c.prefix = AppendAttr(c.prefix, a)
	}
	return c
}

func (h *miniHandler) WithGroup(name string) slog.Handler {
	return &miniHandler{prefix: AppendGroup(slices.Clip(h.prefix), name), out: h.out}
}

func TestSlogtest(t *testing.T) {
	var out []string
	slogtest.Run(t, func(*testing.T) slog.Handler {
		out = nil
		return &miniHandler{out: &out}
	}, func(t *testing.T) map[string]any {
		var d Decoder
		var rec encode.Record
		if err := d.Decode(out[len(out)-1], &rec); err != nil {
			t.Fatal(err)
		}
		m := asMap(rec.Attrs)
		if !rec.Time.IsZero() {
			m[slog.TimeKey] = rec.Time
		}
		m[slog.LevelKey], m[slog.MessageKey] = rec.Level, rec.Message
		return m
	})
}

func asMap(attrs []slog.Attr) map[string]any {
	m := map[string]any{}
	for _, a := range attrs {
		if a.Value.Kind() == slog.KindGroup {
			m[a.Key] = asMap(a.Value.Group())
		} else {
			m[a.Key] = a.Value.Any()
		}
	}
	return m
}

// Two branches of With share a prefix: neither may see the other's attributes.
func TestBranchesOfWithDoNotAlias(t *testing.T) {
	var out []string
	base := slog.New(&miniHandler{out: &out}).With("a", 1).WithGroup("g")
	left, right := base.With("side", "left"), base.With("side", "right").WithGroup("deeper")
	left.Info("m", "k", 1)
	right.Info("m", "k", 2)
	base.Info("m")
	want := []string{
		`"a"=Int64(1) "g"={"side"="left" "k"=Int64(1) } `,
		`"a"=Int64(1) "g"={"side"="right" "deeper"={"k"=Int64(2) } } `,
		`"a"=Int64(1) `,
	}
	for i, p := range out {
		var d Decoder
		var rec encode.Record
		if err := d.Decode(p, &rec); err != nil {
			t.Fatal(err)
		}
		if got := dump(rec.Attrs); got != want[i] {
			t.Errorf("got %s, want %s", got, want[i])
		}
	}
}
