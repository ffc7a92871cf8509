package crypto

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
)

// modelRule is a rule as a regular expression over whole paths: another way to
// the same answer.
type modelRule struct {
	re *regexp.Regexp
	do Action
}

// modelOf translates rules. What stands below a match is covered, so a path
// may go on.
func modelOf(rules []Rule) []modelRule {
	var out []modelRule
	for _, r := range rules {
		path := r.Path
		if r.Key != "" {
			path = "**." + r.Key
		}
		re := ""
		for _, name := range strings.Split(path, ".") {
			if name == "**" {
				re += `([^.]*\.)*`
				continue
			}
			re += strings.ReplaceAll(regexp.QuoteMeta(name), `\*`, `[^.]*`) + `\.`
		}
		out = append(out, modelRule{regexp.MustCompile(`(?i)^` + re + `([^.]*\.)*$`), r.Do})
	}
	return out
}

func decide(rules []modelRule, path string) Action {
	for _, r := range rules {
		if r.re.MatchString(path + ".") {
			return r.do
		}
	}
	return Keep
}

// leaves writes down what has to become of each value that is no group.
func leaves(out map[string]string, rules []modelRule, prefix string, attrs []slog.Attr) {
	for _, a := range attrs {
		path := prefix + a.Key
		if a.Value.Kind() == slog.KindGroup {
			if a.Key == "" {
				leaves(out, rules, prefix, a.Value.Group())
			} else {
				leaves(out, rules, path+".", a.Value.Group())
			}
			continue
		}
		switch decide(rules, path) {
		case Seal, Keep:
			out[path] = a.Value.String() // after opening
		case MaskIt:
			out[path] = stars
		}
	}
}

var modelNames = []string{"a", "b", "A", "secret", "user", "id", "a.b", "my-secret-x"}

func randomRules(rnd *rand.Rand) []Rule {
	var rules []Rule
	for range 1 + rnd.IntN(4) {
		names := []string{}
		for range 1 + rnd.IntN(3) {
			names = append(names, []string{"a", "b", "secret", "*secret*", "user", "*", "**", "i*", "id"}[rnd.IntN(9)])
		}
		r := Rule{Path: strings.Join(names, "."), Do: []Action{Seal, MaskIt, Drop, Keep}[rnd.IntN(4)]}
		if rnd.IntN(3) == 0 {
			r.Key, r.Path = strings.ReplaceAll(r.Path, "**", "a"), ""
		}
		rules = append(rules, r)
	}
	return rules
}

// randomAttrs makes a tree whose leaves all differ.
func randomAttrs(rnd *rand.Rand, depth int, n *int) []slog.Attr {
	var attrs []slog.Attr
	for _, i := range rnd.Perm(len(modelNames))[:1+rnd.IntN(4)] {
		*n++
		a := slog.Int(modelNames[i], *n)
		switch rnd.IntN(4) {
		case 0:
			if depth < 4 {
				a.Value = slog.GroupValue(randomAttrs(rnd, depth+1, n)...)
			}
		case 1:
			a.Value = slog.StringValue(fmt.Sprintf("text %d", *n))
		}
		attrs = append(attrs, a)
	}
	if depth < 3 && rnd.IntN(5) == 0 {
		*n++
		attrs = append(attrs, slog.Attr{Value: slog.GroupValue(slog.Int(fmt.Sprintf("inlined%d", *n), *n))})
	}
	return attrs
}

// openAll replaces tokens by what they open to. A group that was sealed in one
// piece is a group again.
func openAll(t *testing.T, r *Keyring, prefix string, attrs []slog.Attr) []slog.Attr {
	t.Helper()
	var out []slog.Attr
	for _, a := range attrs {
		switch {
		case a.Value.Kind() == slog.KindGroup && a.Key == "":
			a.Value = slog.GroupValue(openAll(t, r, prefix, a.Value.Group())...)
		case a.Value.Kind() == slog.KindGroup:
			a.Value = slog.GroupValue(openAll(t, r, prefix+a.Key+".", a.Value.Group())...)
		case isToken(a.Value.String()):
			v, err := NewOpener(r, nil).OpenAt(t.Context(), a.Value.String(), Place{Service: "shop", Path: prefix + a.Key, Record: testID})
			if err != nil {
				t.Errorf("at %s%s: %v", prefix, a.Key, err)
			}
			a.Value = v.Value
		}
		out = append(out, a)
	}
	return out
}

// leafTexts writes down the values by their paths.
func leafTexts(prefix string, attrs []slog.Attr, out map[string]string) {
	for _, a := range attrs {
		switch {
		case a.Value.Kind() == slog.KindGroup && a.Key == "":
			leafTexts(prefix, a.Value.Group(), out)
		case a.Value.Kind() == slog.KindGroup:
			leafTexts(prefix+a.Key+".", a.Value.Group(), out)
		default:
			out[prefix+a.Key] = a.Value.String()
		}
	}
}

// Random policies and random records against the model: after opening, each
// value is there, or masked, or gone, as the model says; on the log path and on
// the way to another handler; under the groups of a With call, too.
func TestPoliciesAgainstModel(t *testing.T) {
	rnd := random(t)
	rounds := 1500
	if testing.Short() {
		rounds = 150
	}
	for range rounds {
		rules := randomRules(rnd)
		r := testRing(t, testKey(t, "k1"))
		s, err := Policy{Rules: rules}.Compile(r, &SealerOptions{Service: "shop"})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		attrs := randomAttrs(rnd, 0, &n)
		with := []string{}
		g := s.Top()
		for range rnd.IntN(3) {
			with = append(with, modelNames[rnd.IntN(6)])
			g = g.Group(with[len(with)-1])
		}
		prefix := strings.Join(append(with, ""), ".")
		want := map[string]string{}
		leaves(want, modelOf(rules), prefix, attrs)
		checkModel(t, r, g, prefix, attrs, want)
		if t.Failed() {
			t.Fatalf("rules %+v, with %v", rules, with)
		}
	}
}

func checkModel(t *testing.T, r *Keyring, g *Group, prefix string, attrs []slog.Attr, want map[string]string) {
	t.Helper()
	sc := Scratch{Record: testID}
	var payload []byte
	var next []slog.Attr
	for _, a := range attrs {
		payload = g.AppendAttr(payload, &sc, a)
		if a, ok := g.Attr(&sc, a); ok {
			next = append(next, a)
		}
	}
	for way, have := range map[string][]slog.Attr{"AppendAttr": decoded(t, payload), "Attr": next} {
		got := map[string]string{}
		leafTexts(prefix, openAll(t, r, prefix, have), got)
		if fmt.Sprint(got) != fmt.Sprint(want) { // fmt sorts maps
			t.Errorf("%s of %v:\ngot  %v\nwant %v", way, attrs, got, want)
		}
	}
}

// FuzzPath: a path's rule covers that path whatever characters it has, and what
// it covers is sealed.
func FuzzPath(f *testing.F) {
	f.Add("a.b")
	f.Add("*.ü")
	f.Add("a*b")
	f.Add("\xff.x")
	r := testRing(f, testKey(f, "k1"))
	f.Fuzz(func(t *testing.T, path string) {
		s, err := Policy{Rules: []Rule{{Path: path}}}.Compile(r, nil)
		if err != nil {
			return
		}
		sc := Scratch{Record: encode.ID{1}}
		a, ok := s.Top().Attr(&sc, slog.Int(path, 7))
		if !ok || !isToken(a.Value.String()) {
			t.Errorf("%q is not covered: %v", path, a)
			return
		}
		if v := open(t, r, a.Value.String()); v.Int64() != 7 {
			t.Errorf("%q: %v", path, v)
		}
	})
}
