package loki_test

import (
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport/loki"
)

// pieces are what has been taken for the end of something, somewhere.
var pieces = []string{
	"\r", "\n", "\r\n", "\x00", "\x1b[2J", "\u0085", "\u2028", "\u2029", "\u202e", "\xff", "\xed\xa0\x80", "\xc3",
	`"`, `\`, "'", "`", "{", "}", "]}]}", `"],["1","forged"`, `{service_name="forged"}`, ", ", "=", "|", "\x0a\x06forged", "é", "日本", "😀", "a", " ",
}

func hostileText(rng *rand.Rand) string {
	var b strings.Builder
	for range rng.IntN(12) {
		b.WriteString(pieces[rng.IntN(len(pieces))])
	}
	return b.String()
}

// TestS1_HostileRecords: whatever messages, names, values and resources hold, there
// are as many entries as records, each with its own number, in streams of the
// service alone (S1, S5). The nightly share is the 100,000 of the matrix.
func TestS1_HostileRecords(t *testing.T) {
	batches := 5
	if os.Getenv("SLOGSHIP_NIGHTLY") == "1" {
		batches = 100
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for n := range batches {
		s := &server{}
		d := plainly(t, s)
		d.Format = loki.Format(n % 2)
		if n%3 == 2 {
			d.Encoder = encode.JSONLines{}
		}
		recs := batch(n*1000, 1000)
		for i := range recs {
			recs[i].Message, recs[i].Scope = hostileText(rng), hostileText(rng)
			recs[i].Attrs = []slog.Attr{
				slog.String(hostileText(rng), hostileText(rng)), slog.Group(hostileText(rng), slog.String(hostileText(rng), hostileText(rng))),
				slog.String("log_id", "forged"), slog.Any(hostileText(rng), []byte(hostileText(rng))),
			}
		}
		name := hostileText(rng)
		recs[999].Resource = &encode.Resource{Service: "odd" + name, Attrs: []slog.Attr{slog.String(hostileText(rng), name)}}
		testkit.Deliver(t, testkit.Open(t, d), recs)
		all := s.all()
		if len(all) != len(recs) || s.broken != nil || len(s.requests()) != 2 {
			t.Fatalf("%d entries of %d records in %d requests: %v", len(all), len(recs), len(s.requests()), s.broken)
		}
		for i, e := range all {
			if e.meta["log_id"] != recs[i].ID.String() || e.ns != recs[i].Time.UnixNano() {
				t.Fatalf("entry %d is %+v, of record %v", i, e, recs[i])
			}
			for key := range e.meta {
				if !lokiName(key) {
					t.Fatalf("entry %d has the name %q", i, key)
				}
			}
		}
	}
}
