package encode

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// FuzzSameName: names are the same if, and only if, they read the same once bytes
// that are not UTF-8 are U+FFFD; with dots, once those are "_" as well.
func FuzzSameName(f *testing.F) {
	for _, pair := range [][2]string{
		{"", ""}, {"a", "a"}, {"a", "b"}, {"a\xff", "a\xfe"}, {"\xef", "\ufffd"}, {"\xef\xbf", "\ufffd"}, {"\xef\xbf\xff", "\ufffd\ufffd\ufffd"},
		{"é", "\xc3"}, {"\xc3\xa9", "\xc3\xa8"}, {"a.b", "a_b"}, {"12345678é", "12345678è"}, {"\xf0\x9f\x98\x80", "\xf0\x9f\x98"}, {"\x80\x80\x80\x80", "\x80\x80\x80\x81"},
	} {
		f.Add(pair[0], pair[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) { checkSameName(t, a, b) })
}

func checkSameName(t *testing.T, a, b string) {
	t.Helper()
	ca, cb := strings.Map(same, a), strings.Map(same, b)
	if got := sameName(a, b); got != (ca == cb) {
		t.Errorf("%q, %q: %v", a, b, got)
	}
	ca, cb = strings.ReplaceAll(ca, ".", "_"), strings.ReplaceAll(cb, ".", "_")
	if got := sameRunes(a, b, true); got != (ca == cb) {
		t.Errorf("%q, %q with dots: %v", a, b, got)
	}
}

// same makes strings.Map write what it read, U+FFFD for what is not UTF-8.
func same(r rune) rune { return r }

// Names of few different bytes, so that many pairs are the same, or nearly.
func TestSameName(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 2))
	const bytes = "a._\xff\xfe\xc3\xa9\xef\xbf\xbd\x80"
	name := func() string {
		b := []byte("commonly"[:rnd.IntN(9)])
		for range rnd.IntN(5) {
			b = append(b, bytes[rnd.IntN(len(bytes))])
		}
		return string(b)
	}
	for range 30_000 {
		checkSameName(t, name(), name())
	}
}

// Keys of about the greatest length: the same if, and only if, they read the same
// once they are cut and marked.
func TestSameKey(t *testing.T) {
	written := func(key string) string {
		if len(key) > maxKeyLen {
			key = key[:maxKeyLen] + truncated
		}
		return strings.Map(same, key)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 3))
	ends := []string{"", "x", "xy", "xyz", "\xff", "\xc3\xa9", "\xc3", "!TRUNCATED", "x!TRUNCATED", "é!TRUNCATED", "\xc3!TRUNCATED", "\xffTRUNCATED"}
	starts := []string{strings.Repeat("\xff", 341), strings.Repeat("\ufffd", 341), strings.Repeat("p", 1023), strings.Repeat("p", 1014), strings.Repeat("._", 511)}
	key := func() string { return starts[rnd.IntN(len(starts))] + ends[rnd.IntN(len(ends))] }
	equal := 0
	for range 5_000 {
		a, b := key(), key()
		wa, wb := written(a), written(b)
		if got := sameKey(a, b, false); got != (wa == wb) {
			t.Errorf("%q, %q: %v", a, b, got)
		}
		wa, wb = strings.ReplaceAll(wa, ".", "_"), strings.ReplaceAll(wb, ".", "_")
		if got := sameKey(a, b, true); got != (wa == wb) {
			t.Errorf("%q, %q with dots: %v", a, b, got)
		}
		if a != b && wa == wb {
			equal++
		}
	}
	if equal == 0 {
		t.Error("no two different keys were the same")
	}
}
