package otlp_test

import (
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
)

// S5: the official types, which refuse text that is no UTF-8, read a request of
// whatever bytes a record has, with its message and one record for each.
func TestS5_InvalidUTF8(t *testing.T) {
	const n = 1000
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 5))
	s := &server{}
	tr := open(t, plainly(t, s))
	for i := range n {
		bytes := make([]byte, 1+rnd.IntN(30))
		for i := range bytes {
			bytes[i] = byte(rnd.Uint32())
		}
		bad := string(bytes)
		rec := batch(0, 1)[0]
		rec.Message, rec.Scope, rec.Source = bad, bad, slog.Source{Function: bad, File: bad}
		rec.Resource = &encode.Resource{Service: bad, Version: bad, Attrs: []slog.Attr{slog.String(bad, bad)}}
		rec.Attrs = []slog.Attr{
			slog.String(bad, bad), slog.Group(bad, slog.String(bad, bad)), slog.Any("bytes", bytes),
			slog.Any("err", &encode.Error{Message: bad, Type: bad, Frames: []encode.Frame{{Function: bad, File: bad}}}),
		}
		if err := tr.Send(t.Context(), []encode.Record{rec}); err != nil {
			t.Fatalf("%q: %v", bad, err)
		}
		if l := records(s.requests()[i]); len(l) != 1 || l[0].Body.GetStringValue() != strings.ToValidUTF8(bad, "\uFFFD") {
			t.Fatalf("%q came as %v", bad, l)
		}
	}
	t.Logf("S5: %d records of random bytes, marshal failures 0", n)
}
