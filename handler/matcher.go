package handler

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/slogship/slogship/internal/match"
	"github.com/slogship/slogship/route"
)

// matcher is a route's Match, or a part of it, compiled against a table: its
// path is an index into what a call has looked up, and what it compares with
// is at hand. Immutable.
type matcher struct {
	op      match.Op
	single  bool // Equals with one value, which is want
	slot    int  // of the path, in table.paths and scratch.found
	want    match.Want
	node    match.Node
	parts   []matcher     // All, Any, Not
	foreign bool          // it, or a part, is the user's code
	source  route.Matcher // what it was made of
}

func compile(t *table, m route.Matcher) *matcher {
	node := match.Of(m)
	out := compileNode(t, &node)
	return &out
}

func compileNode(t *table, node *match.Node) matcher {
	m := matcher{op: node.Op, node: *node, foreign: node.Op == match.Foreign}
	m.source, _ = node.Source.(route.Matcher)
	if node.Path != "" {
		m.slot = indexOf(&t.paths, node.Path)
	}
	if len(node.Set) == 1 {
		m.single, m.want = true, node.Set[0]
	}
	for i := range node.Nodes {
		m.parts = append(m.parts, compileNode(t, &node.Nodes[i]))
		m.foreign = m.foreign || m.parts[i].foreign
	}
	return m
}

// matches asks m about the call's record. The equality of one attribute, which
// is most of what routes ask for, is decided here once it was looked up.
func (c *call) matches(ctx context.Context, s *step, r *slog.Record) bool {
	m := s.match
	if m.single && c.s != nil && m.slot < len(c.s.found) {
		if f := &c.s.found[m.slot]; f.state != unasked {
			return f.state == present && m.want.Equals(f.print, f.value)
		}
	}
	if m.foreign {
		return c.contained(ctx, s, r)
	}
	return c.test(ctx, m, r)
}

// test evaluates m.
func (c *call) test(ctx context.Context, m *matcher, r *slog.Record) bool {
	switch m.op {
	case match.Foreign:
		return c.foreign(ctx, m, r)
	case match.Exists, match.Equals, match.Regexp, match.Range:
		f := c.find(ctx, m.slot, r)
		return f.state == present && m.accepts(f)
	case match.Message:
		return strings.Contains(r.Message, m.node.Text)
	case match.MessageRegexp:
		return m.node.Re.MatchString(r.Message)
	case match.Group:
		return slices.Contains(c.h.groups, m.node.Text)
	case match.Scope:
		return match.Below(c.h.scope, m.node.Text, '.')
	case match.Package:
		return match.Below(c.h.core.sources.importPath(r.PC), m.node.Text, '/')
	case match.Sampled:
		return c.trace(ctx).Sampled()
	default:
		return c.testParts(ctx, m, r)
	}
}

// accepts asks m about an attribute that is there.
func (m *matcher) accepts(f *found) bool {
	switch m.op {
	case match.Equals:
		return m.node.Set.Has(f.print, f.value)
	case match.Regexp:
		return m.node.Re.MatchString(f.value.String())
	case match.Range:
		return m.node.Span.Has(f.value)
	default:
		return true // Exists
	}
}

func (c *call) testParts(ctx context.Context, m *matcher, r *slog.Record) bool {
	switch m.op {
	case match.All:
		for i := range m.parts {
			if !c.test(ctx, &m.parts[i], r) {
				return false
			}
		}
		return true
	case match.Any:
		for i := range m.parts {
			if c.test(ctx, &m.parts[i], r) {
				return true
			}
		}
		return false
	default: // Not
		return !c.test(ctx, &m.parts[0], r)
	}
}

// foreign asks a matcher that is the user's.
func (c *call) foreign(ctx context.Context, m *matcher, r *slog.Record) bool {
	shown := *r // what the user's code gets goes to the heap
	return m.source.Match(&subject{h: c.h, ctx: ctx, r: &shown})
}

// contained is test for a matcher with the user's code in it. One that panics
// takes the record: a record too many is better than one lost.
func (c *call) contained(ctx context.Context, s *step, r *slog.Record) (ok bool) {
	defer func() {
		if p := recover(); p != nil {
			s.report.failed(s.lane.route.Name, fmt.Errorf("matcher: %w", &panicError{p}))
			ok = true
		}
	}()
	return c.test(ctx, s.match, r)
}
