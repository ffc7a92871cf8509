package route

import (
	"regexp"
	"slices"
	"strings"

	"github.com/slogship/slogship/internal/match"
)

// The types behind the constructors. They hold what was given and are compared
// by it: == for those of texts alone, reflect.DeepEqual for all. Each says by
// Node what it is, so that handler need not ask it.

type exists struct{ path string }

func (m exists) Match(s Subject) bool { _, ok := s.Lookup(m.path); return ok }
func (m exists) Node() match.Node     { return match.Node{Op: match.Exists, Path: m.path} }

type equals struct {
	path   string
	values []any
	set    match.Set // of values
}

func (m equals) Match(s Subject) bool {
	v, ok := s.Lookup(m.path)
	return ok && m.set.Has(match.PrintOf(v), v)
}

func (m equals) Node() match.Node {
	return match.Node{Op: match.Equals, Path: m.path, Set: m.set}
}

type matches struct {
	path string
	re   *regexp.Regexp
}

func (m matches) Match(s Subject) bool {
	v, ok := s.Lookup(m.path)
	return ok && m.re.MatchString(v.String())
}

func (m matches) Node() match.Node {
	return match.Node{Op: match.Regexp, Path: m.path, Re: m.re}
}

type within struct {
	path string
	span match.Span
}

func (m within) Match(s Subject) bool {
	v, ok := s.Lookup(m.path)
	return ok && m.span.Has(v)
}

func (m within) Node() match.Node {
	return match.Node{Op: match.Range, Path: m.path, Span: m.span}
}

type message struct{ text string }

func (m message) Match(s Subject) bool { return strings.Contains(s.Message(), m.text) }
func (m message) Node() match.Node     { return match.Node{Op: match.Message, Text: m.text} }

type messageMatches struct{ re *regexp.Regexp }

func (m messageMatches) Match(s Subject) bool { return m.re.MatchString(s.Message()) }
func (m messageMatches) Node() match.Node     { return match.Node{Op: match.MessageRegexp, Re: m.re} }

type group struct{ name string }

func (m group) Match(s Subject) bool { return slices.Contains(s.Groups(), m.name) }
func (m group) Node() match.Node     { return match.Node{Op: match.Group, Text: m.name} }

type scope struct{ name string }

func (m scope) Match(s Subject) bool { return match.Below(s.Scope(), m.name, '.') }
func (m scope) Node() match.Node     { return match.Node{Op: match.Scope, Text: m.name} }

type inPackage struct{ path string }

func (m inPackage) Match(s Subject) bool { return match.Below(s.Package(), m.path, '/') }
func (m inPackage) Node() match.Node     { return match.Node{Op: match.Package, Text: m.path} }

type sampled struct{}

func (sampled) Match(s Subject) bool { return s.Sampled() }
func (sampled) Node() match.Node     { return match.Node{Op: match.Sampled} }

type all struct{ of []Matcher }

func (m all) Match(s Subject) bool {
	return !slices.ContainsFunc(m.of, func(m Matcher) bool { return !m.Match(s) })
}

func (m all) Node() match.Node { return match.Node{Op: match.All, Nodes: nodes(m.of)} }

type anyOf struct{ of []Matcher }

func (m anyOf) Match(s Subject) bool {
	return slices.ContainsFunc(m.of, func(m Matcher) bool { return m.Match(s) })
}

func (m anyOf) Node() match.Node { return match.Node{Op: match.Any, Nodes: nodes(m.of)} }

type not struct{ m Matcher }

func (m not) Match(s Subject) bool { return !m.m.Match(s) }
func (m not) Node() match.Node     { return match.Node{Op: match.Not, Nodes: nodes([]Matcher{m.m})} }

func nodes(ms []Matcher) []match.Node {
	out := make([]match.Node, len(ms))
	for i, m := range ms {
		out[i] = match.Of(m)
	}
	return out
}
