package route

import "github.com/slogship/slogship/internal/match"

// badMatcher says what is wrong with m, as what is wanted instead; "" if
// nothing is. A nil in it would else panic in each log call.
func badMatcher(m Matcher) string {
	if m == nil {
		return ""
	}
	n := match.Of(m)
	return badNode(&n)
}

func badNode(n *match.Node) string {
	switch n.Op {
	case match.Foreign:
		if f, ok := n.Source.(MatchFunc); n.Source == nil || ok && f == nil {
			return "matchers that are not nil"
		}
	case match.Exists:
		if n.Path == "" {
			return "the path of an attribute"
		}
	case match.Equals:
		if n.Path == "" || len(n.Set) == 0 {
			return "the path of an attribute and a value"
		}
	case match.Regexp:
		if n.Path == "" || n.Re == nil {
			return "the path of an attribute and a regular expression"
		}
	case match.MessageRegexp:
		if n.Re == nil {
			return "a regular expression"
		}
	case match.Range:
		if n.Path == "" {
			return "the path of an attribute"
		}
		return n.Span.Bad()
	case match.Group, match.Scope, match.Package:
		if n.Text == "" {
			return "a name"
		}
	}
	for i := range n.Nodes {
		if bad := badNode(&n.Nodes[i]); bad != "" {
			return bad
		}
	}
	return ""
}
