package match

import (
	"log/slog"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

var samples = []any{
	"", "a", "b", "abcdef", "abcdefg", "xbcdefg", "1-abcdefg", "2-abcdefg", "abcdefg\x00", strings.Repeat("x", 256) + "abcdefg", "é",
	0, 1, -1, math.MaxInt64, math.MinInt64, uint64(0), uint64(1), uint64(math.MaxUint64), uint64(math.MaxInt64) + 1,
	0.0, math.Copysign(0, -1), 1.0, math.NaN(), math.Inf(1), true, false, time.Duration(0), time.Second,
	time.Unix(0, 0), time.Unix(0, 0).UTC(), nil, []int{1}, struct{}{}, slog.GroupValue(slog.Int("a", 1)),
}

// The prints of equal values are equal, so that a print never hides one; and
// Equals says what slog's Equal does, but for integers of two types and for what
// Equal would panic on.
func TestPrintsOfEqualValues(t *testing.T) {
	for _, a := range samples {
		for _, b := range samples {
			x, y := slog.AnyValue(a), slog.AnyValue(b)
			want := NewSet([]any{a})[0]
			got := want.Equals(PrintOf(y), y)
			if expected := expect(x, y); got != expected {
				t.Errorf("%T %v and %T %v: %v, want %v", a, a, b, b, got, expected)
			}
			if got && PrintOf(x) != PrintOf(y) {
				t.Errorf("%v and %v are equal and their prints %v and %v", a, b, PrintOf(x), PrintOf(y))
			}
			if got && PrintOf(x).Hash() != PrintOf(y).Hash() {
				t.Errorf("%v and %v are equal and their hashes not", a, b)
			}
		}
	}
}

func expect(x, y slog.Value) (equal bool) {
	defer func() { _ = recover() }()
	switch {
	case x.Kind() == slog.KindInt64 && y.Kind() == slog.KindUint64:
		return x.Int64() >= 0 && uint64(x.Int64()) == y.Uint64()
	case x.Kind() == slog.KindUint64 && y.Kind() == slog.KindInt64:
		return expect(y, x)
	}
	return x.Equal(y)
}

// Random texts that share beginnings and ends.
func TestPrintsOfTexts(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	rng := rand.New(rand.NewPCG(seed, 0))
	text := func() string {
		b := make([]byte, rng.IntN(12))
		for i := range b {
			b[i] = byte('a' + rng.IntN(2))
		}
		return strings.Repeat("p", 128*rng.IntN(4)) + string(b)
	}
	for range 20_000 {
		a, b := text(), text()
		v := slog.StringValue(b)
		if got := NewSet([]any{a, "other"}).Has(PrintOf(v), v); got != (a == b) {
			t.Fatalf("seed %d: %q and %q: %v", seed, a, b, got)
		}
	}
}

func TestBelow(t *testing.T) {
	for _, c := range []struct {
		name, root string
		below      bool
	}{
		{"db", "db", true}, {"db.pool", "db", true}, {"database", "db", false}, {"", "db", false}, {"d", "db", false}, {"db.", "db", true}, {"x.db", "db", false},
	} {
		if got := Below(c.name, c.root, '.'); got != c.below {
			t.Errorf("%q below %q: %v", c.name, c.root, got)
		}
	}
}

func TestPackageOf(t *testing.T) {
	for function, want := range map[string]string{
		"main.main": "main", "main.main.func1": "main", "example.org/shop/db.(*Pool).Get": "example.org/shop/db",
		"gopkg.in/yaml%2ev3.Marshal": "gopkg.in/yaml.v3", "example.org/x.Map[go.shape.int,example.org/y.T]": "example.org/x", "example.org/x.Map[...].func1": "example.org/x",
		"runtime.goexit": "runtime", "": "", "nodots": "", "a.b/c": "",
	} {
		if got := PackageOf(function); got != want {
			t.Errorf("%q: %q, want %q", function, got, want)
		}
	}
}

type noder struct{}

func (noder) Node() Node { return Node{Op: Scope, Text: "db"} }

func TestOf(t *testing.T) {
	if n := Of(noder{}); n.Op != Scope || n.Text != "db" || n.Source != (noder{}) {
		t.Errorf("%+v", n)
	}
	if n := Of("foreign"); n.Op != Foreign || n.Source != "foreign" {
		t.Errorf("%+v", n)
	}
	if n := Of(nil); n.Op != Foreign || n.Source != nil {
		t.Errorf("%+v", n)
	}
}
