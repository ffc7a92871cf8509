package crypto

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slogship/slogship/internal/codec"
)

// Each kind of value is sealed under a rule and comes back, in both ways, in a
// group and not.
func TestSealEachKind(t *testing.T) {
	r := testRing(t, testKey(t, "k1"))
	s := compileWith(t, Policy{Rules: []Rule{{Key: "secret"}}}, r)
	for name, v := range kinds() {
		if v.Kind() == slog.KindGroup {
			continue // below
		}
		got := both(t, s.Top(), slog.Attr{Key: "secret", Value: v}, slog.Group("g", slog.Attr{Key: "secret", Value: v}, slog.Int("n", 1)))
		if got["g.n"] != "1" {
			t.Errorf("%s: got %v", name, got)
		}
		for _, path := range []string{"secret", "g.secret"} {
			back := open(t, r, got[path])
			if want := normal(v); !reflect.DeepEqual(back.Any(), want.Any()) {
				t.Errorf("%s at %s: %v, want %v", name, path, back, want)
			}
			if token, err := Parse(got[path]); err != nil || token.Path != path {
				t.Errorf("%s at %s: path %q, %v", name, path, token.Path, err)
			}
		}
	}
	got := both(t, s.Top(), slog.Group("secret", slog.Int("a", 1), slog.Any("b", Secret("x"))))
	back := open(t, r, got["secret"])
	if want := slog.GroupValue(slog.Int("a", 1), slog.String("b", "x")); !back.Equal(want) {
		t.Errorf("a group: %v, want %v", back, want)
	}
}

// What the policy does not name is written as it would be without one.
func TestOthersUntouched(t *testing.T) {
	s := compile(t, Policy{Rules: []Rule{{Key: "secret"}, {Path: "user.email"}}})
	attrs := append(eight(),
		slog.Group("user", slog.String("name", "Ada"), slog.Group("", slog.Int("inlined", 1)), slog.Group("empty")),
		slog.Any("map", map[string]any{"b": 1, "a": []int{1}}), slog.Any("struct", struct{ A int }{5}), slog.Any("nil", nil),
		slog.Attr{}, slog.Any("v", &nilReceiver{"resolved"}), slog.Any("p", panicking{}), slog.Any("list", []any{1, "x"}),
		slog.Any("ptr", &struct{ B string }{"b"}), slog.Group("", slog.String("top", "level")), slog.Any("t", time.Now()),
		slog.Any("err", fmt.Errorf("a: %w", errors.New("b"))), slog.String("", "no key"), slog.Any("js", codec.Limit))
	var want []byte
	for _, a := range attrs {
		want = codec.AppendAttr(want, a)
	}
	if got, want := both(t, s.Top(), attrs...), flat(decoded(t, want)); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

type account struct {
	ID       int
	Password string            `json:"password" slogship:"seal"`
	Card     string            `json:"card,omitempty" slogship:"mask"`
	Note     string            `slogship:"drop"`
	Hidden   string            `json:"-" slogship:"seal"`
	Index    string            `json:"index" slogship:"hash"`
	Odd      string            `json:"odd" slogship:"sael"` // misspelt
	Inner    *account          `json:"inner,omitempty"`
	List     []account         `json:"list,omitempty"`
	ByName   map[string]string `json:"names,omitempty"`
	lower    string
	base
}

type base struct {
	Region string
	Secret SecretValue `json:"sv"`
}

func TestStructTags(t *testing.T) {
	r := testRing(t, testKey(t, "k1"))
	s := compileWith(t, Policy{}, r)
	a := account{
		ID: 7, Password: "p4ss", Card: "4111", Note: "gone", Hidden: "never", Index: "find me", Odd: "odd", lower: "x",
		Inner: &account{Password: "inner"}, List: []account{{Password: "first"}, {Password: "second"}},
		ByName: map[string]string{"a": "b"}, base: base{"eu", Secret(3)},
	}
	for _, x := range []any{a, &a} {
		got := both(t, s.Top(), slog.Any("acc", x))
		for path, want := range map[string]string{
			"acc.ID": "7", "acc.card": "****", "acc.Region": "eu", "acc.names": `{"a":"b"}`, "acc.inner.ID": "0",
		} {
			if got[path] != want {
				t.Errorf("%s: %q, want %q", path, got[path], want)
			}
		}
		for path, want := range map[string]string{
			"acc.password": "p4ss", "acc.odd": "odd", "acc.sv": "3", "acc.inner.password": "inner",
		} {
			if v := open(t, r, got[path]); v.String() != want {
				t.Errorf("%s: %v, want %v", path, v, want)
			}
		}
		for _, path := range []string{"acc.Note", "acc.Hidden", "acc.lower", "acc.inner.card"} {
			if v, ok := got[path]; ok {
				t.Errorf("%s: %v, want none", path, v)
			}
		}
		if !strings.HasPrefix(got["acc.index"], HashPrefix) {
			t.Errorf("acc.index: %v", got["acc.index"])
		}
		if text := fmt.Sprint(got); strings.Contains(text, "first") || strings.Contains(text, "second") {
			t.Errorf("in a list: %v", text)
		}
	}
}

// Secrets are sealed under every policy and wherever they are.
func TestSecretAnywhere(t *testing.T) {
	r := testRing(t, testKey(t, "k1"))
	for _, p := range []Policy{{}, {Rules: []Rule{{Path: "**", Do: Keep}}}, {Rules: []Rule{{Key: "other"}}}, {Detect: []Detect{{What: JWTs}}}} {
		s := compileWith(t, p, r)
		got := both(t, s.Top(),
			slog.Any("a", Secret("one")), slog.Group("g", slog.Any("a", Secret(2))), slog.Any("l", []any{1, Secret("three")}),
			slog.Any("m", map[string]any{"x": map[string]any{"y": Secret(4.0)}}), slog.Any("p", &struct{ S any }{Secret("five")}),
			slog.Any("lv", &holder{}), slog.Any("sl", []SecretValue{Secret("seven")}), slog.Any("nested", Secret(Secret("eight"))))
		for path, want := range map[string]string{
			"a": "one", "g.a": "2", "l.1": "three", "m.x.y": "4", "p.S": "five", "lv": "six", "sl.0": "seven", "nested": "eight",
		} {
			if v := open(t, r, got[path]); v.String() != want {
				t.Errorf("%v: %s: %v, want %v", p, path, v, want)
			}
		}
	}
}

type holder struct{}

func (*holder) LogValue() slog.Value { return slog.AnyValue(Secret("six")) }

// Without a keyring, a secret is a mark and not its value.
func TestSecretWithoutKeys(t *testing.T) {
	s, err := Policy{}.Compile(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := both(t, s.Top(), slog.Any("a", Secret("one")), slog.Any("b", account{Password: "p", Index: "i"}))
	if got["a"] != MarkNoKey || got["b.password"] != MarkNoKey || got["b.index"] != MarkNoKey {
		t.Errorf("got %v", got)
	}
	if n := s.Stats().Unsealed; n != 10 { // both ways of logging: a, password, index, odd and the zero Secret
		t.Errorf("%d are counted, want 10", n)
	}
}

// Groups that contain themselves, lists without end and depth without bound come
// to an end, and nothing of them that is to be sealed comes out.
func TestNoEnd(t *testing.T) {
	s := compile(t, Policy{Rules: []Rule{{Key: "secret"}}})
	twice := make([]slog.Attr, 3)
	twice[0] = slog.String("secret", "canary")
	twice[1] = slog.Attr{Key: "a", Value: slog.GroupValue(twice...)}
	members := slog.GroupValue(twice...).Group()
	members[1] = slog.Attr{Key: "a", Value: slog.GroupValue(members...)}
	members[2] = slog.Attr{Key: "b", Value: slog.GroupValue(members...)}
	cyclic := map[string]any{"secret": "canary"}
	cyclic["self"] = cyclic
	deep := slog.GroupValue(slog.String("secret", "canary"))
	for range 10 * maxDepth {
		deep = slog.GroupValue(slog.Attr{Key: "d", Value: deep})
	}
	list := []any{Secret("canary"), nil}
	list[1] = list
	// What holds itself, or one other thing, twice at each level has 2^64 ways down.
	both := map[string]any{"secret": "canary"}
	both["a"], both["b"] = both, both
	shared := any(Secret("canary"))
	for range maxDepth {
		shared = []any{shared, shared}
	}
	for name, v := range map[string]slog.Value{
		"group": slog.GroupValue(members...), "map": slog.AnyValue(cyclic), "deep": deep, "list": slog.AnyValue(list),
		"map, twice": slog.AnyValue(both), "list, shared": slog.AnyValue(shared), "LogValue, twice": slog.AnyValue(itsTwins{}),
		"map, twice, secret": slog.AnyValue(Secret(both)), "LogValue, twice, secret": slog.AnyValue(Secret(itsTwins{})),
		"map, twice, in a list": slog.AnyValue([]slog.Value{slog.AnyValue(both)}),
	} {
		var sc Scratch
		payload := s.Top().AppendAttr(nil, &sc, slog.Attr{Key: "x", Value: v})
		if name == "deep" && strings.Count(string(payload), "\x01d") > maxDepth+1 {
			t.Errorf("%d groups in each other", strings.Count(string(payload), "\x01d"))
		}
		if len(payload) > codec.Limit || strings.Contains(string(payload), "canary") {
			t.Errorf("%s: %d bytes, with the canary: %v", name, len(payload), strings.Contains(string(payload), "canary"))
		}
		s.Top().Attr(&sc, slog.Attr{Key: "x", Value: v})
		if sc.depth != 0 {
			t.Errorf("%s: depth is %d after the call", name, sc.depth)
		}
		// As one piece, too: what is sealed as a whole is read as a whole.
		if a, ok := s.Top().Attr(&sc, slog.Attr{Key: "secret", Value: v}); !ok || strings.Contains(a.String(), "canary") {
			t.Errorf("%s: sealed as %v", name, a)
		}
	}
}

// itsTwins returns a group that has it twice.
type itsTwins struct{}

func (itsTwins) LogValue() slog.Value {
	return slog.GroupValue(slog.String("secret", "canary"), slog.Any("a", itsTwins{}), slog.Any("b", itsTwins{}))
}

// A value too large for its token is marked, and one that does not fit into the
// rest of its record, too: half a token is none.
func TestTooLarge(t *testing.T) {
	r := testRing(t, testKey(t, "k1"))
	s := compileWith(t, Policy{Rules: []Rule{{Key: "secret"}}}, r)
	var sc Scratch
	for _, c := range []struct{ size, fill int }{{maxPlain, 0}, {codec.Limit, 0}, {300 << 10, 600 << 10}} {
		p := codec.AppendAttr(nil, slog.String("fill", strings.Repeat("f", c.fill)))
		p = s.Top().AppendAttr(p, &sc, slog.String("secret", strings.Repeat("s", c.size)))
		if got := flat(decoded(t, p))["secret"]; got != MarkTooLarge {
			t.Errorf("%d bytes in a record with %d: %.40q…", c.size, c.fill, got)
		}
		if cap(sc.work) > maxScratch || cap(sc.text) > maxScratch {
			t.Errorf("a scratch keeps %d and %d bytes", cap(sc.work), cap(sc.text))
		}
	}
	p := s.Top().AppendAttr(nil, &sc, slog.String("secret", strings.Repeat("s", maxPlain-1024)))
	if v := open(t, r, flat(decoded(t, p))["secret"]); len(v.String()) != maxPlain-1024 {
		t.Errorf("a large one: %d bytes", len(v.String()))
	}
}

// S9: a value of a hundred megabytes is marked, or cut, before it costs anything.
func TestS9_HugeValues(t *testing.T) {
	s := compile(t, Policy{Rules: []Rule{{Key: "s"}, {Key: "h", Do: Hash}, {Key: "m", Do: MaskIt, Mask: KeepLast4}}, Detect: []Detect{{What: Emails}}})
	huge := strings.Repeat("x", 100<<20)
	raw := []byte(huge)
	var before, after runtime.MemStats
	var sc Scratch
	for _, a := range []slog.Attr{
		slog.String("s", huge), slog.String("h", huge), slog.String("m", huge), slog.Any("s", raw), slog.Any("h", raw), slog.String("other", huge),
	} {
		runtime.ReadMemStats(&before)
		payload := s.Top().AppendAttr(nil, &sc, a)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 16<<20 || len(payload) > codec.Limit {
			t.Errorf("%s: %d bytes allocated for a payload of %d", a.Key, n, len(payload))
		}
	}
	if text := s.Message(&sc, huge+" a@example.com"); len(text) > 2*maxDetect || !strings.HasSuffix(text, markCut) {
		t.Errorf("the message has %d bytes", len(text))
	}
}

// No plain text is left in the scratch for the next call, or a core dump.
func TestScratchHoldsNoPlainText(t *testing.T) {
	s := compile(t, Policy{Rules: []Rule{{Key: "h", Do: Hash}, {Key: "s"}, {Key: "m", Do: MaskIt}, {Key: "d", Do: Drop}}})
	var sc Scratch
	for _, key := range []string{"s", "h", "m", "d"} {
		s.Top().AppendAttr(nil, &sc, slog.String(key, "canary-canary"))
		if all := string(sc.work[:cap(sc.work)]) + string(sc.text[:cap(sc.text)]); strings.Contains(all, "canary") {
			t.Errorf("after %s: %q", key, all)
		}
	}
}

func TestNoAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	s := compile(t, Policy{Rules: []Rule{
		{Key: "sealed"}, {Key: "hashed", Do: Hash}, {Key: "masked", Do: MaskIt, Mask: KeepLast4}, {Key: "dropped", Do: Drop},
	}})
	var sc Scratch
	dst := make([]byte, 0, 64<<10)
	attrs := append(eight(),
		slog.String("sealed", strings.Repeat("x", 32)), slog.Int("sealed", 5), slog.String("hashed", "x"), slog.String("masked", "12345678"),
		slog.Any("other", Secret("z")), slog.Any("masked", Secret("z")), slog.String("dropped", "x"), slog.Group("g", slog.String("sealed", "y"), slog.Group("h", slog.Bool("sealed", true), slog.Int("n", 2))))
	n := testing.AllocsPerRun(1000, func() {
		dst = dst[:0]
		for _, a := range attrs {
			dst = s.Top().AppendAttr(dst, &sc, a)
		}
	})
	if n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// Many goroutines, one Sealer: every value opens. (Run it with -race.)
func TestConcurrentSealing(t *testing.T) {
	r := testRing(t, testKey(t, "k1"))
	s := compileWith(t, Policy{Rules: []Rule{{Key: "secret*"}}}, r)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			var sc Scratch
			o := NewOpener(r, nil)
			for i := range 200 {
				want := fmt.Sprintf("%d/%d", g, i)
				a, _ := s.Top().Group(fmt.Sprintf("g%d", i%5)).Attr(&sc, slog.String(fmt.Sprintf("secret%d", i%70), want))
				if v, err := o.Open(context.Background(), a.Value.String()); err != nil || v.Value.String() != want {
					t.Errorf("%v, %v, want %s", v, err, want)
				}
			}
		})
	}
	wg.Wait()
	if n := s.Stats().Sealed; n != 8*200 {
		t.Errorf("%d sealed", n)
	}
}
