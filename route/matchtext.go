package route

import (
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// The matchers as Explain shows them.

func (m exists) String() string { return m.path + " exists" }

func (m equals) String() string {
	texts := make([]string, len(m.values))
	for i, v := range m.values {
		texts[i] = valueText(slog.AnyValue(v))
	}
	if len(texts) == 1 {
		return m.path + " = " + texts[0]
	}
	return m.path + " in [" + strings.Join(texts, ", ") + "]"
}

func (m matches) String() string { return fmt.Sprintf("%s ~ %q", m.path, m.re) }

func (m within) String() string {
	text := m.path
	if least := m.span.Min; least.Any() != nil {
		text = valueText(least) + " <= " + text
	}
	if most := m.span.Max; most.Any() != nil {
		text += " <= " + valueText(most)
	}
	return text
}

func (m message) String() string        { return fmt.Sprintf("message contains %q", m.text) }
func (m messageMatches) String() string { return fmt.Sprintf("message ~ %q", m.re) }
func (m group) String() string          { return "in group " + m.name }
func (m scope) String() string          { return "scope " + m.name }
func (m inPackage) String() string      { return "package " + m.path }
func (sampled) String() string          { return "trace sampled" }
func (m all) String() string            { return joined(m.of, " and ", "everything") }
func (m anyOf) String() string          { return joined(m.of, " or ", "nothing") }
func (m not) String() string            { return "not (" + MatcherText(m.m) + ")" }

// MatcherText returns m's String, or what its type is called if it has none.
func MatcherText(m Matcher) string {
	if s, ok := m.(fmt.Stringer); ok {
		return s.String()
	}
	return fmt.Sprintf("%T", m)
}

func joined(ms []Matcher, by, none string) string {
	if len(ms) == 0 {
		return none
	}
	texts := make([]string, len(ms))
	for i, m := range ms {
		texts[i] = MatcherText(m)
		switch m.(type) {
		case all, anyOf: // which binds closer, nobody has to know
			texts[i] = "(" + texts[i] + ")"
		}
	}
	return strings.Join(texts, by)
}

func valueText(v slog.Value) string {
	switch v.Kind() {
	case slog.KindString:
		return fmt.Sprintf("%q", v.String())
	case slog.KindTime:
		return v.Time().Format(time.RFC3339Nano)
	}
	return v.String()
}
