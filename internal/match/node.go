package match

import "regexp"

// Op says what a Node tests.
type Op uint8

// The tests. Foreign is a matcher that is the user's own code.
const (
	Foreign Op = iota
	Exists
	Equals
	Regexp
	Range
	Message
	MessageRegexp
	Group
	Scope
	Package
	Sampled
	All
	Any
	Not
)

// Node is a matcher as data. Which fields are set depends on Op.
type Node struct {
	Op    Op
	Path  string         // of the attribute: Exists, Equals, Regexp, Range
	Set   Set            // Equals
	Span  Span           // Range
	Re    *regexp.Regexp // Regexp, MessageRegexp
	Text  string         // Message, Group, Scope, Package
	Nodes []Node         // All, Any, Not
	// Source is the matcher that it was made of. It is any because its type is
	// package route's, which imports this one.
	Source any
}

// Noder is implemented by the matchers that can be compiled.
type Noder interface{ Node() Node }

// Of returns m as data; as a Foreign, if it is not one of package route's.
func Of(m any) Node {
	var n Node // a Foreign
	if known, ok := m.(Noder); ok {
		n = known.Node()
	}
	n.Source = m
	return n
}
