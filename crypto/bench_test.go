package crypto

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/slogship/slogship/internal/codec"
)

// BenchmarkAttr is what one attribute costs in the log call, by what becomes of
// it. "plain" is the same without a policy.
func BenchmarkAttr(b *testing.B) {
	s := compile(b, Policy{Rules: []Rule{
		{Key: "sealed"}, {Key: "hashed", Do: Hash}, {Key: "masked", Do: MaskIt, Mask: KeepLast4}, {Key: "dropped", Do: Drop},
	}})
	text := strings.Repeat("x", 32)
	type login struct {
		User     string `json:"user"`
		Password string `json:"password" slogship:"seal"`
	}
	for _, c := range []struct {
		name string
		a    slog.Attr
	}{
		{"sealed", slog.String("sealed", text)}, {"hashed", slog.String("hashed", text)}, {"masked", slog.String("masked", text)},
		{"dropped", slog.String("dropped", text)}, {"none", slog.String("other", text)},
		{"in a group", slog.Group("g", slog.String("sealed", text))}, {"whole group", slog.Group("sealed", slog.String("a", text))},
		{"secret", slog.Any("other", Secret(text))}, {"tagged struct", slog.Any("other", login{"u", text})},
		{"map", slog.Any("other", map[string]any{"sealed": text})}, {"1 KiB", slog.String("sealed", strings.Repeat("x", 1024))},
	} {
		b.Run(c.name, func(b *testing.B) {
			sc := Scratch{Record: testID}
			var dst []byte
			b.ReportAllocs()
			for b.Loop() {
				dst = s.Top().AppendAttr(dst[:0], &sc, c.a)
			}
		})
	}
	b.Run("plain", func(b *testing.B) {
		var dst []byte
		for b.Loop() {
			dst = codec.AppendAttr(dst[:0], slog.String("sealed", text))
		}
	})
}

// BenchmarkRecord is eight attributes that no rule names, by how many rules
// there are, and with detectors.
func BenchmarkRecord(b *testing.B) {
	attrs := eight()
	run := func(name string, p Policy) {
		b.Run(name, func(b *testing.B) {
			g := compile(b, p).Top()
			sc := Scratch{Record: testID}
			var dst []byte
			b.ReportAllocs()
			for b.Loop() {
				dst = dst[:0]
				for _, a := range attrs {
					dst = g.AppendAttr(dst, &sc, a)
				}
			}
		})
	}
	run("no rules", Policy{})
	for _, n := range []int{1, 10, 100} {
		var p Policy
		for i := range n {
			p.Rules = append(p.Rules, Rule{Key: fmt.Sprintf("*secret%d*", i)})
		}
		run(fmt.Sprintf("%d rules", n), p)
	}
	run("5 detectors", Policy{Detect: []Detect{{What: CardNumbers}, {What: Emails}, {What: BearerTokens}, {What: JWTs}, {What: PrivateKeys}}})
	b.Run("plain", func(b *testing.B) {
		var dst []byte
		for b.Loop() {
			dst = dst[:0]
			for _, a := range attrs {
				dst = codec.AppendAttr(dst, a)
			}
		}
	})
}

// BenchmarkParallel seals on all processors at once: the counts are shared.
func BenchmarkParallel(b *testing.B) {
	s := compile(b, Policy{Rules: []Rule{{Key: "sealed"}}})
	a := slog.String("sealed", strings.Repeat("x", 32))
	b.RunParallel(func(pb *testing.PB) {
		sc := Scratch{Record: testID}
		var dst []byte
		for pb.Next() {
			dst = s.Top().AppendAttr(dst[:0], &sc, a)
		}
	})
}

func BenchmarkOpen(b *testing.B) {
	r := testRing(b, testKey(b, "k1"))
	token := seal(b, compileWith(b, Policy{}, r), testID, "user.email", slog.StringValue(strings.Repeat("x", 32)))
	o := NewOpener(r, nil)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := o.Open(context.Background(), token); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkReader is a stream of JSON lines with one token each.
func BenchmarkReader(b *testing.B) {
	r := testRing(b, testKey(b, "k1"))
	token := seal(b, compileWith(b, Policy{}, r), testID, "user.email", slog.StringValue(strings.Repeat("x", 32)))
	line := []byte(`{"time":"2026-11-23T09:49:44Z","level":"INFO","msg":"order paid","order":42,"user":{"email":"` + token + `"}}` + "\n")
	b.SetBytes(int64(len(line)))
	stream := NewOpener(r, nil).NewReader(context.Background(), &lines{line: line, n: b.N})
	if _, err := io.Copy(io.Discard, stream); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkRotate is what a rotation costs who asks for it; nobody else waits.
func BenchmarkRotate(b *testing.B) {
	r := testRing(b, testKey(b, "k"))
	keys := make([]*Key, 64)
	for i := range keys {
		keys[i] = testKey(b, fmt.Sprintf("k%d", i))
	}
	for i := 0; b.Loop(); i++ {
		if err := r.Rotate(keys[i%len(keys)]); err != nil {
			b.Fatal(err)
		}
	}
}
