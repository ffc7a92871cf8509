package route

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
)

// ScopeLevels are the least level of each scope, as WithScope names them:
// "db=DEBUG,http.client=WARN,INFO". A scope covers those below it by dots, the
// longest that fits is in force, and the level without a scope is that of
// all others. They can be changed while the program runs. The zero value is
// INFO for all. A ScopeLevels is safe for concurrent use and is not to be
// copied.
type ScopeLevels struct {
	rules atomic.Pointer[scopeRules] // nil: INFO for all
}

// scopeRules are immutable: Set makes new ones.
type scopeRules struct {
	scopes map[string]slog.Level
	others slog.Level
}

// NewScopeLevels returns the levels of a spec; see [ScopeLevels.Set].
func NewScopeLevels(spec string) (*ScopeLevels, error) {
	s := new(ScopeLevels)
	if err := s.Set(spec); err != nil {
		return nil, err
	}
	return s, nil
}

// Set replaces all levels by those of spec: SCOPE=LEVEL and at most one LEVEL
// alone (INFO if there is none), separated by commas; levels are written as
// ParseLevel reads them. "" is INFO for all. The error wraps ErrInvalid, and a
// *LevelError if a level is at fault; then nothing is changed.
func (s *ScopeLevels) Set(spec string) error {
	rules, err := parseScopeLevels(spec)
	if err != nil {
		return err
	}
	s.rules.Store(rules)
	return nil
}

func parseScopeLevels(spec string) (*scopeRules, error) {
	rules := &scopeRules{scopes: make(map[string]slog.Level)}
	if strings.TrimSpace(spec) == "" {
		return rules, nil
	}
	others := false
	for part := range strings.SplitSeq(spec, ",") {
		scope, text, scoped := strings.Cut(part, "=")
		if !scoped {
			scope, text = "", part
		}
		level, err := ParseLevel(text)
		if err != nil {
			return nil, fmt.Errorf("route: scope levels %q: %w: %w", spec, err, ErrInvalid)
		}
		scope = strings.TrimSpace(scope)
		_, twice := rules.scopes[scope]
		switch {
		case scoped && scope == "":
			return nil, badScopeLevels(spec, part, "a scope before the =")
		case twice, !scoped && others:
			return nil, badScopeLevels(spec, part, "each scope, and the level of all others, once")
		case scoped:
			rules.scopes[scope] = level
		default:
			rules.others, others = level, true
		}
	}
	return rules, nil
}

func badScopeLevels(spec, part, allowed string) error {
	return fmt.Errorf("route: scope levels %q: %q: want %s: %w", spec, strings.TrimSpace(part), allowed, ErrInvalid)
}

// String returns the levels as Set reads them, sorted.
func (s *ScopeLevels) String() string {
	rules := s.rules.Load()
	if rules == nil {
		return levelText(slog.LevelInfo)
	}
	var b strings.Builder
	for _, scope := range slices.Sorted(maps.Keys(rules.scopes)) {
		b.WriteString(scope + "=" + levelText(rules.scopes[scope]) + ",")
	}
	return b.String() + levelText(rules.others)
}

// Level returns the least level of a scope, "" for a logger without one.
func (s *ScopeLevels) Level(scope string) slog.Level { return s.rules.Load().level(scope) }

func (r *scopeRules) level(scope string) slog.Level {
	if r == nil {
		return slog.LevelInfo
	}
	for scope != "" {
		if level, ok := r.scopes[scope]; ok {
			return level
		}
		scope = scope[:max(0, strings.LastIndexByte(scope, '.'))]
	}
	return r.others
}

// For returns the level of one scope as a slog.Leveler that follows Set. It
// looks the scope up once and after each Set.
func (s *ScopeLevels) For(scope string) *ScopeLevel {
	l := &ScopeLevel{all: s, scope: scope}
	l.learn()
	return l
}

// ScopeLevel is the level of one scope; see [ScopeLevels.For]. It is safe for
// concurrent use.
//
// It notices a Set by comparing pointers and is known to nobody. The other way
// round, a cell for each scope that Set writes to, would save a load and keep
// every scope that ever was, which for a scope of each request has no end.
type ScopeLevel struct {
	all   *ScopeLevels
	scope string
	known atomic.Pointer[knownLevel] // never nil
}

type knownLevel struct {
	rules *scopeRules
	level slog.Level
}

// Level returns the scope's level, now.
func (l *ScopeLevel) Level() slog.Level {
	if k := l.known.Load(); k.rules == l.all.rules.Load() {
		return k.level
	}
	return l.learn()
}

// learn looks the level up. Of two goroutines that do so about different rules
// the older may be last; then the next call comes here again.
func (l *ScopeLevel) learn() slog.Level {
	rules := l.all.rules.Load()
	k := &knownLevel{rules, rules.level(l.scope)}
	l.known.Store(k)
	return k.level
}
