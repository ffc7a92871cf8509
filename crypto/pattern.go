package crypto

import (
	"strings"
	"unicode"
)

// pattern matches one name of a path.
type pattern struct {
	text   string // folded; with "*" for any characters
	any    bool   // "**": any number of names
	stars  bool   // text has a "*"
	accept bool   // behind a rule's last name
	rule   int
}

// patterns returns what the rule is made of, and the mark of its end.
func (r *Rule) patterns(rule int) []pattern {
	path := r.Path
	if r.Key != "" {
		path = "**." + r.Key
	}
	var ps []pattern
	for name := range strings.SplitSeq(path, ".") {
		ps = append(ps, pattern{
			text: fold(name), any: name == "**", stars: strings.Contains(name, "*"), rule: rule,
		})
	}
	return append(ps, pattern{accept: true, rule: rule})
}

// matches compares with a name that is folded. Most patterns are plain words.
func (p *pattern) matches(name string) bool {
	if p.stars {
		return glob(p.text, name)
	}
	return p.text == name
}

// glob matches name against text with stars. Going back to the last star is
// enough, so that the time is the product of the lengths and no more.
func glob(text, name string) bool {
	star, back := -1, 0
	i, j := 0, 0
	for j < len(name) {
		switch {
		case i < len(text) && text[i] == '*':
			star, back = i, j
			i++
		case i < len(text) && text[i] == name[j]:
			i++
			j++
		case star >= 0:
			back++
			i, j = star+1, back
		default:
			return false
		}
	}
	return strings.Trim(text[i:], "*") == ""
}

// fold maps letters to one of their cases, also those that only Unicode knows to
// be the same: a "K" that is the sign for kelvin must not pass by a rule.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 {
			if 'A' <= r && r <= 'Z' {
				r += 'a' - 'A'
			}
			return r
		}
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		return unicode.ToLower(least)
	}, s)
}

// states is a set of positions in the patterns of all rules: where the path
// that was read so far may be in each. Never changed once it is made.
type states []uint64

func (s states) has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }
func (s states) add(i int)      { s[i/64] |= 1 << (i % 64) }

// automaton is the rules of a policy. Immutable.
type automaton struct {
	all    []pattern // of the first rule, then of the next; each ends in an accept
	start  states
	starts bool // start has a position that is not an end
}

// newAutomaton puts the rules behind each other. A regular expression for each
// rule would do the same; this reads a path name by name, as groups are opened,
// and can say of a group whether any rule may match inside.
func newAutomaton(rules []Rule) *automaton {
	m := &automaton{}
	var first []int
	for i := range rules {
		first = append(first, len(m.all))
		m.all = append(m.all, rules[i].patterns(i)...)
	}
	m.start = m.empty()
	for _, i := range first {
		m.enter(m.start, i)
	}
	m.starts = len(rules) > 0
	return m
}

// empty returns a set of no positions.
func (m *automaton) empty() states { return make(states, (len(m.all)+63)/64) }

// enter adds a position, and the one behind it if it may match no name at all.
func (m *automaton) enter(s states, i int) {
	s.add(i)
	if m.all[i].any {
		m.enter(s, i+1)
	}
}

// advance returns where the rules are after one more key, which may have dots.
// An end that has been reached stays: what stands below a match is covered.
func (m *automaton) advance(s states, key string) states {
	for name := range strings.SplitSeq(fold(key), ".") {
		next := m.empty()
		for i := range m.all {
			if !s.has(i) {
				continue
			}
			switch p := &m.all[i]; {
			case p.accept:
				next.add(i)
			case p.any:
				m.enter(next, i)
			case p.matches(name):
				m.enter(next, i+1)
			}
		}
		s = next
	}
	return s
}

// decides returns the first rule that has matched, or -1.
func (m *automaton) decides(s states) int {
	for i := range m.all {
		if m.all[i].accept && s.has(i) {
			return m.all[i].rule
		}
	}
	return -1
}

// open reports whether a rule before the given one, that differs from it, could
// match further inside.
func (m *automaton) open(s states, before int, differs func(rule int) bool) bool {
	for i := range m.all {
		if m.all[i].rule >= before {
			return false
		}
		if !m.all[i].accept && s.has(i) && differs(m.all[i].rule) {
			return true
		}
	}
	return false
}
