package route_test

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"reflect"
	"regexp"
	"testing"
	"time"

	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/memory"
)

func with(path string, value any) subject {
	return subject{attrs: map[string]slog.Value{path: slog.AnyValue(value)}}
}

func TestEquals(t *testing.T) {
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		want, got any
		equal     bool
	}{
		{5, 5, true}, {5, int64(5), true}, {5, uint8(5), true}, {uint64(5), -5, false}, {-5, -5, true},
		{5, 5.0, false}, {5, "5", false}, {"5", 5, false}, {5, 5 * time.Nanosecond, false}, {1, true, false},
		{uint64(math.MaxUint64), -1, false}, {-1, uint64(math.MaxUint64), false},
		{0.0, math.Copysign(0, -1), true}, {math.NaN(), math.NaN(), false}, {2.5, 2.5, true},
		{"", "", true}, {"a", "b", false}, {"abcdefg", "abcdefg", true}, {"1-abcdefg", "2-abcdefg", false},
		{"short", "short\x00", false}, {true, true, true}, {true, false, false},
		{time.Second, time.Second, true}, {day, day.In(time.FixedZone("", 3600)), true}, {day, day.Add(1), false},
		{[]int{1}, []int{1}, false}, {errors.ErrUnsupported, errors.ErrUnsupported, true}, {nil, nil, true}, {nil, 0, false},
	} {
		if got := route.Equals("a", c.want).Match(with("a", c.got)); got != c.equal {
			t.Errorf("%T %v, attribute %T %v: %v", c.want, c.want, c.got, c.got, got)
		}
	}
}

func TestRange(t *testing.T) {
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		least, most, got any
		in               bool
	}{
		{500, 599, 500, true}, {500, 599, 599, true}, {500, 599, 499, false}, {500, 599, 600, false},
		{500, 599, uint16(503), true}, {500, 599, 503.5, true}, {0.5, 1.5, 1, true}, {0, nil, uint64(math.MaxUint64), true},
		{-1, nil, uint64(math.MaxUint64), true}, {nil, -1, uint64(math.MaxUint64), false}, {nil, 5, -7, true},
		{0, nil, math.NaN(), false}, {nil, 5, nil, false}, {1, 2, "1", false}, {"1", "2", 1, false}, {1, 2, true, false},
		{time.Second, nil, time.Minute, true}, {time.Second, nil, time.Millisecond, false}, {time.Second, nil, 1 << 40, false},
		{day, nil, day, true}, {day, nil, day.Add(-1), false}, {"a", "m", "go", true}, {"a", "m", "zig", false},
	} {
		if got := route.Range("a", c.least, c.most).Match(with("a", c.got)); got != c.in {
			t.Errorf("%v to %v, attribute %T %v: %v", c.least, c.most, c.got, c.got, got)
		}
	}
	if route.Range("a", 1, nil).Match(subject{}) {
		t.Error("an attribute that is not there is in a range")
	}
}

func TestPlaceMatchers(t *testing.T) {
	s := subject{message: "disk is full", pkg: "example.org/shop/db", scope: "db.pool", sampled: true}
	for name, c := range map[string]struct {
		m    route.Matcher
		want bool
	}{
		"package":          {route.Package("example.org/shop/db"), true},
		"package above":    {route.Package("example.org/shop"), true},
		"package's prefix": {route.Package("example.org/sho"), false},
		"package below":    {route.Package("example.org/shop/db/pool"), false},
		"sampled":          {route.Sampled(), true},
		"message regexp":   {route.MessageRegexp(regexp.MustCompile(`^disk .* full$`)), true},
		"other message":    {route.MessageRegexp(regexp.MustCompile(`^full`)), false},
	} {
		if got := c.m.Match(s); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if route.Package("main").Match(subject{}) || route.Sampled().Match(subject{}) {
		t.Error("nothing known, and taken")
	}
}

type silent struct{}

func (silent) Match(route.Subject) bool { return true }

func named(route.Subject) bool { return true }

func TestMatcherText(t *testing.T) {
	re := regexp.MustCompile(`^5\d\d$`)
	for want, m := range map[string]route.Matcher{
		"http.status exists":          route.Exists("http.status"),
		"tenant = \"a\"":              route.Equals("tenant", "a"),
		"status in [500, 502]":        route.Equals("status", 500, 502),
		"status ~ \"^5\\\\d\\\\d$\"":  route.Regexp("status", re),
		"500 <= status <= 599":        route.Range("status", 500, 599),
		"1.5s <= took":                route.Range("took", 1500*time.Millisecond, nil),
		"took <= 1s":                  route.Range("took", nil, time.Second),
		"message contains \"full\"":   route.Message("full"),
		"message ~ \"^5\\\\d\\\\d$\"": route.MessageRegexp(re),
		"in group http":               route.Group("http"),
		"scope db":                    route.Scope("db"),
		"package a.org/b":             route.Package("a.org/b"),
		"trace sampled":               route.Sampled(),
		"everything":                  route.All(),
		"nothing":                     route.Any(),
		"a exists and (b exists or not (c exists))": route.All(route.Exists("a"),
			route.Any(route.Exists("b"), route.Not(route.Exists("c")))),
		"func github.com/slogship/slogship/route_test.named": route.MatchFunc(named),
		"route_test.silent": silent{},
	} {
		if got := route.MatcherText(m); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// What was made alike is alike, and what was not is not.
func TestMatchersCompare(t *testing.T) {
	make := func(n int, s string) []route.Matcher {
		return []route.Matcher{
			route.Exists(s), route.Equals("p", s, n), route.Range("p", n, nil), route.Message(s), route.Scope(s),
			route.Package(s), route.Group(s), route.Not(route.All(route.Any(route.Equals("p", s)))),
		}
	}
	one, same, other := make(1, "tenant-a"), make(1, "tenant-a"), make(2, "tenant-b")
	for i := range one {
		if !reflect.DeepEqual(one[i], same[i]) || reflect.DeepEqual(one[i], other[i]) {
			t.Errorf("%v and %v are alike: %v; and %v: %v", one[i], same[i],
				reflect.DeepEqual(one[i], same[i]), other[i], reflect.DeepEqual(one[i], other[i]))
		}
	}
	if route.Exists("a") != route.Exists("a") || route.Scope("a") == route.Scope("b") {
		t.Error("== on matchers of texts alone")
	}
}

func TestBadMatchers(t *testing.T) {
	to := memory.New()
	for name, m := range map[string]route.Matcher{
		"nil func":        route.MatchFunc(nil),
		"nil regexp":      route.Regexp("a", nil),
		"nil message":     route.MessageRegexp(nil),
		"nil in all":      route.All(route.Exists("a"), nil),
		"nil in not":      route.Not(nil),
		"deep":            route.All(route.Any(route.Not(route.Regexp("a", nil)))),
		"no path":         route.Exists(""),
		"no path, equals": route.Equals("", 1),
		"no value":        route.Equals("a"),
		"no bounds":       route.Range("a", nil, nil),
		"no path, range":  route.Range("", 1, nil),
		"turned round":    route.Range("a", 2, 1),
		"mixed bounds":    route.Range("a", 1, "2"),
		"bool bound":      route.Range("a", true, nil),
		"no scope":        route.Scope(""),
		"no package":      route.Package(""),
		"no group":        route.Group(""),
	} {
		if err := route.Validate([]route.Route{{Name: "a", To: to, Match: m}}); !errors.Is(err, route.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	good := route.All(route.Any(route.Not(silent{}), route.MatchFunc(named)), route.Range("a", 1, 1), route.Message(""))
	if err := route.Validate([]route.Route{{Name: "a", To: to, Match: good}}); err != nil {
		t.Error(err)
	}
}

func TestFirst(t *testing.T) {
	routes := []route.Route{{Name: "a"}, {Name: "b"}}
	first := route.First(routes...)
	if routes[0].Final || len(first) != 2 || !first[0].Final || !first[1].Final {
		t.Errorf("%v of %v", first, routes)
	}
}

func ExampleFirst() {
	routes := route.First(
		route.Route{Name: "audit", Match: route.Scope("audit")},
		route.Route{Name: "errors", Levels: route.AtLeast(slog.LevelError)},
	)
	routes = append(routes, route.Route{Name: "rest", Fallback: true})
	for _, r := range routes {
		fmt.Println(r.Name, r.Final, r.Fallback)
	}
	// Output:
	// audit true false
	// errors true false
	// rest false true
}

// mute is a matcher of a user's whose String was not meant to be called.
type mute struct{}

func (mute) Match(route.Subject) bool { return true }
func (mute) String() string           { panic("no text") }

// Validate asks a matcher for its text only to say what is wrong with it: one of
// the user's own, which may panic, keeps no program from starting.
func TestValidateAsksNoMatcherForItsText(t *testing.T) {
	if err := route.Validate([]route.Route{{Name: "a", To: memory.New(), Match: mute{}}}); err != nil {
		t.Error(err)
	}
}
