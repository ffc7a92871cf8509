package crypto

import (
	"log/slog"

	"github.com/slogship/slogship/encode"
)

// Attr returns a as the policy leaves it, for a slog.Handler that is not ours
// (the handler's Options.Next). It reports false for an attribute that is left
// out. LogValuers are resolved. A value of kind Any that rules or detectors had to
// look into comes out in the form that the buffer would give it: a list is a
// []any, a struct or a map is json.RawMessage, and an error is an error, the same
// one if nothing was found in it. A value of the closed set of [encode.Record]
// stays in it.
func (g *Group) Attr(sc *Scratch, a slog.Attr) (slog.Attr, bool) {
	sc.nodes, sc.outward = 0, true
	a, ok := g.replace(sc, g.find(a.Key), a)
	sc.outward = false
	sc.trim()
	return a, ok
}

// replace is the whole policy for one attribute, as values.
func (g *Group) replace(sc *Scratch, f *field, a slog.Attr) (slog.Attr, bool) {
	a.Value = resolve(a.Value)
	if a.Value.Kind() == slog.KindGroup && a.Key == "" {
		v, ok := g.members(sc, a.Value) // inlined: they stand where the group does
		return slog.Attr{Value: v}, ok
	}
	v, ok := g.value(sc, f, a.Value)
	return slog.Attr{Key: a.Key, Value: v}, ok
}

// value returns what stands for the value v of the attribute f. v is resolved.
func (g *Group) value(sc *Scratch, f *field, v slog.Value) (slog.Value, bool) {
	if sc.nodes++; sc.depth >= maxDepth || sc.nodes > maxNodes {
		return slog.StringValue(markTooDeep), true
	}
	sc.depth++
	out, ok := g.hidden(sc, f, v)
	sc.depth--
	if sc.outward && v.Kind() == slog.KindAny && ok {
		// Not v itself where nothing was found in it: rules see what the buffer would
		// make of v, and another handler may print what that leaves out (fields that
		// are not exported, by %+v).
		out = outward(v, out)
	}
	return out, ok
}

// hidden is value in terms of the buffer: what comes out is of the closed set, or
// of a kind that package codec brings there.
func (g *Group) hidden(sc *Scratch, f *field, v slog.Value) (slog.Value, bool) {
	// What is sealed in one piece is taken apart where it is written: as a whole it
	// opens to what it was.
	if v.Kind() == slog.KindAny && !g.whole(f) {
		if e, ok := expand(v, &g.s.types); ok {
			v = e
		}
	}
	if v.Kind() == slog.KindAny { // also one that stood behind a pointer
		if secret, ok := v.Any().(SecretValue); ok {
			r, v := f.hiding(secret)
			return g.text(sc, &r, f.key, v)
		}
	}
	if v.Kind() == slog.KindGroup && !g.whole(f) {
		return g.group(f).members(sc, v)
	}
	if f.rule != nil && f.rule.do != Keep {
		if list, ok := listOf(v); ok && f.rule.do != Seal && f.rule.do != Drop {
			return g.elements(sc, f, list)
		}
		return g.text(sc, f.rule, f.key, v)
	}
	if v.Kind() == slog.KindAny {
		return g.inside(sc, f, v)
	}
	if f.rule == nil {
		v = g.s.detected(sc, place{g.prefix, f.key}, v)
	}
	return v, true
}

// text returns the text that stands for v under a rule.
func (g *Group) text(sc *Scratch, r *rule, key string, v slog.Value) (slog.Value, bool) {
	text := g.s.token(sc, r, place{g.prefix, key}, v)
	return slog.StringValue(string(text)), text != nil
}

// hiding returns what a secret asks for, and its value. A rule for its key may ask
// for another thing that hides it; Keep does not.
func (f *field) hiding(secret SecretValue) (rule, slog.Value) {
	h := secret.hidden()
	if f.rule != nil && f.rule.do != Keep {
		return *f.rule, resolve(h.value)
	}
	return rule{do: h.do, name: f.key}, resolve(h.value)
}

// members returns a group's members. A group that stays empty is left out.
func (g *Group) members(sc *Scratch, v slog.Value) (slog.Value, bool) {
	kept := make([]slog.Attr, 0, len(v.Group()))
	for _, m := range v.Group() {
		if sc.nodes > maxNodes {
			break
		}
		if m, ok := g.replace(sc, g.find(m.Key), m); ok {
			kept = append(kept, m)
		}
	}
	return slog.GroupValue(kept...), len(kept) > 0
}

// elements returns a list's elements. They stand at the list's own path.
func (g *Group) elements(sc *Scratch, f *field, list []slog.Value) (slog.Value, bool) {
	kept := make([]slog.Value, 0, len(list))
	for _, e := range list {
		if e, ok := g.value(sc, f, resolve(e)); ok {
			kept = append(kept, e)
		}
	}
	return slog.AnyValue(kept), true
}

// inside looks into a value of kind Any that no rule covers as a whole.
func (g *Group) inside(sc *Scratch, f *field, v slog.Value) (slog.Value, bool) {
	if list, ok := listOf(v); ok {
		return g.elements(sc, f, list)
	}
	if _, ok := v.Any().(error); ok && !g.s.detects() {
		return v, true // nothing in it has a name
	}
	if !g.s.detects() && !g.s.rules.starts {
		return v, true
	}
	// Only what the buffer would make of the value has names to match. Structs and
	// maps become JSON by this, as they would have anyhow.
	switch n := normal(v); n.Kind() {
	case slog.KindGroup:
		return g.group(f).members(sc, n)
	case slog.KindAny:
		switch x := n.Any().(type) {
		case []slog.Value:
			return g.elements(sc, f, x)
		case encode.JSON:
			return slog.AnyValue(g.json(sc, f, x)), true
		case *encode.Error:
			if e := g.error(sc, f, x); e != x {
				return slog.AnyValue(e), true
			}
			return v, true
		}
		return v, true // bytes and nil: nothing in them has a name or a text
	default:
		// What it said of itself, by String or MarshalText, or a named basic type.
		if f.rule == nil {
			n = g.s.detected(sc, place{g.prefix, f.key}, n)
		}
		return n, true
	}
}

// listOf asks for Any only where there is one: for other kinds it allocates.
func listOf(v slog.Value) ([]slog.Value, bool) {
	if v.Kind() != slog.KindAny {
		return nil, false
	}
	list, ok := v.Any().([]slog.Value)
	return list, ok
}

// error looks for what is to be detected in the messages of an error and its
// causes. It returns e itself if there is nothing.
func (g *Group) error(sc *Scratch, f *field, e *encode.Error) *encode.Error {
	if f.rule != nil {
		return e // kept
	}
	c := *e
	text, changed := g.s.detectedText(sc, place{g.prefix, f.key}, e.Message)
	c.Message, c.Causes = text, nil
	for _, cause := range e.Causes {
		hidden := g.error(sc, f, cause)
		changed = changed || hidden != cause
		c.Causes = append(c.Causes, hidden)
	}
	if !changed {
		return e
	}
	return &c
}
