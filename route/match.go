package route

import (
	"log/slog"
	"reflect"
	"regexp"
	"runtime"

	"github.com/slogship/slogship/internal/match"
)

// Subject is a record as matchers see it: plain values, before any sealing.
type Subject interface {
	Level() slog.Level
	Message() string
	Scope() string
	// Groups are those opened by WithGroup, outermost first.
	Groups() []string
	// Package is the import path of the package that logged, "main" for a
	// program's own; "" if it is not known.
	Package() string
	// Sampled reports whether the record belongs to a trace that is sampled, by
	// W3C's trace flag. Without Options.Trace none is.
	Sampled() bool
	// Lookup returns the attribute at a dotted path ("http.status"), the last
	// one if there are several, resolved.
	Lookup(path string) (slog.Value, bool)
}

// Matcher decides whether a route takes a record. Implementations are safe for
// concurrent use, do not block and keep nothing of the subject. Those of this
// package have a String method that Explain shows, and cost a log call less
// than one of your own: they are compiled, and each path is looked up once.
type Matcher interface{ Match(s Subject) bool }

// MatchFunc is a function as a Matcher. One that panics takes the record.
type MatchFunc func(s Subject) bool

// Match calls f.
func (f MatchFunc) Match(s Subject) bool { return f(s) }

// String returns the function's name.
func (f MatchFunc) String() string {
	if f == nil {
		return "func nil"
	}
	return "func " + runtime.FuncForPC(reflect.ValueOf(f).Pointer()).Name()
}

// Exists takes records that have an attribute at path.
func Exists(path string) Matcher { return exists{path} }

// Equals takes records whose attribute at path is one of values. They are
// compared as slog values: 5 and int64(5) are equal, 5 and "5" are not, nor 5 and
// 5.0; but integers are compared as numbers, signed or not.
func Equals(path string, values ...any) Matcher {
	return equals{path, values, match.NewSet(values)}
}

// Regexp takes records whose attribute at path, as text, matches re.
func Regexp(path string, re *regexp.Regexp) Matcher { return matches{path, re} }

// Range takes records whose attribute at path lies between least and most, both
// included; a bound that is nil is none. The bounds and the attribute are
// numbers of any type, durations, times, or texts in the order of their bytes;
// an attribute of another sort than the bounds is not taken.
func Range(path string, least, most any) Matcher {
	return within{path, match.NewSpan(least, most)}
}

// Message takes records whose message contains text.
func Message(text string) Matcher { return message{text} }

// MessageRegexp takes records whose message matches re.
func MessageRegexp(re *regexp.Regexp) Matcher { return messageMatches{re} }

// Group takes records logged within a WithGroup of this name.
func Group(name string) Matcher { return group{name} }

// Scope takes records of the logger of this name, and of those below it:
// Scope("db") takes "db" and "db.pool".
func Scope(name string) Matcher { return scope{name} }

// Package takes records logged by the package of this import path, and by those
// below it: "example.org/shop/db" takes "example.org/shop/db/pool" too. It
// needs the record's PC, which slog's own logging functions set.
func Package(importPath string) Matcher { return inPackage{importPath} }

// Sampled takes records of traces that are sampled; see [Subject].
func Sampled() Matcher { return sampled{} }

// All takes records that every one of ms takes; none: every record. They are
// asked in their order up to the first that doesn't.
func All(ms ...Matcher) Matcher { return all{ms} }

// Any takes records that one of ms takes; none: no record. They are asked in
// their order up to the first that does.
func Any(ms ...Matcher) Matcher { return anyOf{ms} }

// Not takes what m does not.
func Not(m Matcher) Matcher { return not{m} }
