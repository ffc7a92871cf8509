package route

import (
	"log/slog"
	"regexp"
	"slices"
	"strings"
)

// Subject is a record as matchers see it: plain values, before any sealing.
type Subject interface {
	Message() string
	Scope() string
	// Groups are those opened by WithGroup, outermost first.
	Groups() []string
	// Lookup returns the attribute at a dotted path ("http.status"), the last
	// one if there are several, resolved.
	Lookup(path string) (slog.Value, bool)
}

// Matcher decides whether a route takes a record. Implementations are safe for
// concurrent use, do not block and keep nothing of the subject.
type Matcher interface{ Match(s Subject) bool }

// MatchFunc is a function as a Matcher.
type MatchFunc func(s Subject) bool

// Match calls f.
func (f MatchFunc) Match(s Subject) bool { return f(s) }

// Exists takes records that have an attribute at path.
func Exists(path string) Matcher {
	return MatchFunc(func(s Subject) bool { _, ok := s.Lookup(path); return ok })
}

// Equals takes records whose attribute at path is one of values, compared as
// slog values: 5 and int64(5) are equal, 5 and "5" are not.
func Equals(path string, values ...any) Matcher {
	want := make([]slog.Value, len(values))
	for i, v := range values {
		want[i] = slog.AnyValue(v)
	}
	return MatchFunc(func(s Subject) bool {
		got, ok := s.Lookup(path)
		return ok && slices.ContainsFunc(want, func(w slog.Value) bool { return equal(got, w) })
	})
}

// equal is slog's Equal but for values that it would panic on.
func equal(a, b slog.Value) (same bool) {
	defer func() { _ = recover() }() // uncomparable values in KindAny: not equal
	return a.Equal(b)
}

// Regexp takes records whose attribute at path, as text, matches re.
func Regexp(path string, re *regexp.Regexp) Matcher {
	return MatchFunc(func(s Subject) bool {
		v, ok := s.Lookup(path)
		return ok && re.MatchString(v.String())
	})
}

// Message takes records whose message contains text.
func Message(text string) Matcher {
	return MatchFunc(func(s Subject) bool { return strings.Contains(s.Message(), text) })
}

// Scope takes records of the logger of this name, and of those below it:
// Scope("db") takes "db" and "db.pool".
func Scope(name string) Matcher {
	return MatchFunc(func(s Subject) bool {
		rest, ok := strings.CutPrefix(s.Scope(), name)
		return ok && (rest == "" || rest[0] == '.')
	})
}

// Group takes records logged within a WithGroup of this name.
func Group(name string) Matcher {
	return MatchFunc(func(s Subject) bool { return slices.Contains(s.Groups(), name) })
}

// All takes records that every one of ms takes; none: every record.
func All(ms ...Matcher) Matcher {
	return MatchFunc(func(s Subject) bool {
		return !slices.ContainsFunc(ms, func(m Matcher) bool { return !m.Match(s) })
	})
}

// Any takes records that one of ms takes; none: no record.
func Any(ms ...Matcher) Matcher {
	return MatchFunc(func(s Subject) bool {
		return slices.ContainsFunc(ms, func(m Matcher) bool { return m.Match(s) })
	})
}

// Not takes what m does not.
func Not(m Matcher) Matcher { return MatchFunc(func(s Subject) bool { return !m.Match(s) }) }
