package route

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"github.com/slogship/slogship/encode"
)

// The levels that log/slog does not name.
const (
	LevelTrace  = encode.LevelTrace
	LevelNotice = encode.LevelNotice
	LevelFatal  = encode.LevelFatal
)

// Levels is a set of levels. The zero Levels is every level. Two Levels that
// were made alike are equal.
type Levels struct {
	names uint8        // bit i: the level whose encode.LevelIndex is i; 0: not limited by name
	least slog.Leveler // nil: no lower bound
	most  slog.Leveler // nil: no upper bound

	scopes *ScopeLevels // nil: the same for all scopes
}

// AtLeast returns all levels from least up. A *slog.LevelVar can be changed
// while the program runs. A Leveler of your own is asked by every log call, by
// many goroutines at a time; while it panics, the route takes every level.
func AtLeast(least slog.Leveler) Levels { return Levels{least: least} }

// Between returns the levels from least to most, both included.
func Between(least, most slog.Leveler) Levels { return Levels{least: least, most: most} }

// PerScope returns, for each scope, the levels from its least one up. nil is
// every level.
func PerScope(levels *ScopeLevels) Levels { return Levels{scopes: levels} }

// Only returns the set of the levels named. TRACE, DEBUG, INFO, WARN and ERROR
// each cover what lies up to the next of these five (so INFO covers NOTICE, and
// ERROR is open upward); NOTICE and FATAL name the part of INFO and ERROR that
// is theirs. A level between two names stands for the name that covers it.
func Only(levels ...slog.Level) Levels {
	var l Levels
	for _, level := range levels {
		l.names |= cover(encode.LevelIndex(level))
	}
	return l
}

// cover returns the bits of what a name in a set covers: INFO (2) takes NOTICE
// (3) along, and ERROR (5) FATAL (6).
func cover(index int) uint8 {
	switch index {
	case 2:
		return 1<<2 | 1<<3
	case 5:
		return 1<<5 | 1<<6
	default:
		return 1 << index
	}
}

// Contains reports whether level is in the set, now. Of [PerScope] it is the set
// of a logger without a scope.
func (l Levels) Contains(level slog.Level) bool {
	if l.scopes != nil && level < l.scopes.Level("") {
		return false
	}
	if l.names != 0 && l.names&(1<<encode.LevelIndex(level)) == 0 {
		return false
	}
	if l.least != nil && level < l.least.Level() {
		return false
	}
	return l.most == nil || level <= l.most.Level()
}

// Least returns the lower bound given to [AtLeast] or [Between]; nil: there is
// none.
func (l Levels) Least() slog.Leveler { return l.least }

// Most returns the upper bound given to [Between]; nil: there is none.
func (l Levels) Most() slog.Leveler { return l.most }

// Scopes returns what was given to [PerScope]; nil: the set is the same for
// all scopes.
func (l Levels) Scopes() *ScopeLevels { return l.scopes }

// Static reports whether the set can never change and is the same for all
// scopes.
func (l Levels) Static() bool { return l.scopes == nil && static(l.least) && static(l.most) }

func static(l slog.Leveler) bool {
	if l == nil {
		return true
	}
	_, constant := l.(slog.Level)
	return constant
}

// String returns the set as ParseLevels reads it, "all" for every level; for
// [PerScope] what [ScopeLevels.Set] reads, in "scopes()".
func (l Levels) String() string {
	if l.scopes != nil {
		return "scopes(" + l.scopes.String() + ")"
	}
	var parts []string
	for i := range encode.LevelCount {
		covered := i == 3 && l.names&(1<<2) != 0 || i == 6 && l.names&(1<<5) != 0
		if l.names&(1<<i) != 0 && !covered {
			parts = append(parts, levelName(i))
		}
	}
	if l.least != nil {
		parts = append(parts, ">="+levelText(l.least.Level()))
	}
	if l.most != nil {
		parts = append(parts, "<="+levelText(l.most.Level()))
	}
	if parts == nil {
		return "all"
	}
	return strings.Join(parts, ",")
}

// levelName returns the name of the level whose encode.LevelIndex is index.
func levelName(index int) string { return encode.LevelName(encode.NamedLevel(index)) }

// levelText is exact: the covering name and what lies above it, as "WARN+1".
func levelText(l slog.Level) string {
	name := encode.LevelName(l)
	if d := int(l - encode.NamedLevel(encode.LevelIndex(l))); d != 0 {
		return fmt.Sprintf("%s%+d", name, d)
	}
	return name
}

// LevelError is the error of ParseLevel and ParseLevels.
type LevelError struct{ Text string }

func (e *LevelError) Error() string {
	var names [encode.LevelCount]string
	for i := range names {
		names[i] = levelName(i)
	}
	return fmt.Sprintf("route: level %q: want one of %s, an offset like WARN+1, or a number",
		e.Text, strings.Join(names[:], ", "))
}

// ParseLevel reads a level: one of the seven names or a usual other name for
// one (WARNING, ERR, CRITICAL, …), in any case, with an offset if need be
// ("INFO+1"), or a number. The error is a *LevelError.
func ParseLevel(text string) (slog.Level, error) {
	s := strings.ToUpper(strings.TrimSpace(text))
	if n, err := strconv.Atoi(s); err == nil {
		return slog.Level(n), nil
	}
	offset := 0
	if i := strings.IndexAny(s, "+-"); i > 0 {
		n, err := strconv.Atoi(s[i:])
		if err != nil {
			return 0, &LevelError{text}
		}
		s, offset = s[:i], n
	}
	level, ok := levelNamed(s)
	if !ok {
		return 0, &LevelError{text}
	}
	return level + slog.Level(offset), nil
}

func levelNamed(s string) (slog.Level, bool) {
	switch s {
	case "INFORMATION", "INFORMATIONAL":
		s = "INFO"
	case "WARNING":
		s = "WARN"
	case "ERR":
		s = "ERROR"
	case "CRIT", "CRITICAL", "PANIC":
		s = "FATAL"
	}
	for i := range encode.LevelCount {
		if s == levelName(i) {
			return encode.NamedLevel(i), true
		}
	}
	return 0, false
}

// ParseLevels reads a set: names separated by commas ("ERROR,WARN", see Only),
// or bounds (">=WARN", "<=INFO", both). "" and "all" are every level. The
// error is a *LevelError.
func ParseLevels(text string) (Levels, error) {
	var l Levels
	if t := strings.TrimSpace(text); t == "" || strings.EqualFold(t, "all") {
		return l, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		name := strings.TrimLeft(part, "<>=")
		level, err := ParseLevel(name)
		if err != nil {
			return Levels{}, err
		}
		switch part[:len(part)-len(name)] {
		case ">=":
			l.least = level
		case "<=":
			l.most = level
		case "":
			l.names |= cover(encode.LevelIndex(level))
		default:
			return Levels{}, &LevelError{part}
		}
	}
	return l, nil
}
