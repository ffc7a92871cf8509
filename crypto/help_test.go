package crypto

import (
	"context"
	"crypto/fips140"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/codec"
)

func testKey(t testing.TB, id string) *Key {
	t.Helper()
	k, err := GenerateKey(id)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func testRing(t testing.TB, seal *Key, open ...*Key) *Keyring {
	t.Helper()
	r, err := NewKeyring(seal, open...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// readyRing is an envelope keyring under "kek" that has its first data key.
func readyRing(t testing.TB, w Wrapper) *Keyring {
	t.Helper()
	r, err := NewEnvelopeKeyring("kek", w, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	if err := r.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return r
}

// compile compiles p with a key "k1" and a hash key.
func compile(t testing.TB, p Policy) *Sealer {
	t.Helper()
	return compileWith(t, p, testRing(t, testKey(t, "k1")))
}

func compileWith(t testing.TB, p Policy, r *Keyring) *Sealer {
	t.Helper()
	s, err := p.Compile(r, &SealerOptions{Service: "shop", HashKey: testKey(t, "h1")})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// random returns a source whose seed is in the test's output.
func random(t testing.TB) *rand.Rand {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

func sealBudget() time.Duration {
	if fips140.Enabled() {
		return time.Microsecond
	}
	return 400 * time.Nanosecond
}

// open opens a token that has to be right.
func open(t testing.TB, r *Keyring, token string) slog.Value {
	t.Helper()
	v, err := NewOpener(r, nil).Open(context.Background(), token)
	if err != nil {
		t.Fatalf("open %s: %v", token, err)
	}
	return v.Value
}

// seal returns the token of v under "k".
func seal(t testing.TB, s *Sealer, id encode.ID, path string, v slog.Value) string {
	t.Helper()
	var sc Scratch
	sc.Record = id
	text := string(s.seal(&sc, place{"", path}, v))
	if !strings.HasPrefix(text, Prefix) {
		t.Fatalf("sealed: %s", text)
	}
	return text
}

// changed returns token with another letter at that place. A fixed letter would
// be the one that is there once in 64 tokens.
func changed(token string, at int) string {
	letter := "A"
	if token[at] == 'A' {
		letter = "B"
	}
	return token[:at] + letter + token[at+1:]
}

// decoded returns the attributes that a payload holds.
func decoded(t testing.TB, payload []byte) []slog.Attr {
	t.Helper()
	var d codec.Decoder
	var rec encode.Record
	p := append(codec.AppendHeader(nil, &codec.Header{}), payload...)
	if err := d.Decode(string(p), &rec); err != nil {
		t.Fatal(err)
	}
	return rec.Attrs
}

// flat returns attributes as dotted paths and texts, lists with their index.
func flat(attrs []slog.Attr) map[string]string {
	out := map[string]string{}
	var add func(path string, v slog.Value)
	add = func(path string, v slog.Value) {
		switch v.Kind() {
		case slog.KindGroup:
			for _, a := range v.Group() {
				add(path+"."+a.Key, a.Value)
			}
			return
		case slog.KindAny:
			switch x := v.Any().(type) {
			case []slog.Value:
				for i, e := range x {
					add(fmt.Sprintf("%s.%d", path, i), e)
				}
				return
			case encode.JSON:
				out[path] = string(x)
				return
			case *encode.Error:
				out[path] = x.Message
				for i, c := range x.Causes {
					add(fmt.Sprintf("%s.cause%d", path, i), slog.AnyValue(c))
				}
				return
			}
		}
		out[path] = v.String()
	}
	for _, a := range attrs {
		add(a.Key, a.Value)
	}
	return out
}

// both applies the policy in both ways, which have to agree, and returns what
// comes out of the buffer.
func both(t testing.TB, g *Group, attrs ...slog.Attr) map[string]string {
	t.Helper()
	var sc Scratch
	var payload, second []byte
	for _, a := range attrs {
		payload = g.AppendAttr(payload, &sc, a)
		if a, ok := g.Attr(&sc, a); ok {
			second = codec.AppendAttr(second, a)
		}
	}
	one, two := flat(decoded(t, payload)), flat(decoded(t, second))
	out := maps.Clone(one)
	// For another handler, an error in which something was hidden has no causes.
	for _, m := range []map[string]string{one, two} {
		maps.DeleteFunc(m, func(path, _ string) bool { return strings.Contains(path, ".cause") })
	}
	if !maps.EqualFunc(one, two, func(a, b string) bool { return a == b || isToken(a) && isToken(b) }) {
		t.Errorf("AppendAttr: %v\nAttr:       %v", one, two)
	}
	return out
}

func isToken(s string) bool { return strings.Contains(s, Prefix) }
