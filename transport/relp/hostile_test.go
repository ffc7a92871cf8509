package relp_test

import (
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport/relp"
)

// pieces are what ends a line, a field or a frame somewhere, and what looks like
// a frame of RELP's or a message of syslog's.
var pieces = []string{
	"\r", "\n", "\r\n", "\x00", "\x1b[2J", "\u0085", "\u2028", "\u202e", "[", "]", `"`, `\`, "'", "=", " ", "\xff\xfe", "\xc3(", "\ufeff",
	"\n2 syslog 6 forged\n", "1 close 0\n", "0 serverclose 0\n", "\n<34>1 2026-01-01T00:00:00Z h a - - - forged", "123 <34>1 -", "ä", "word",
}

// S1: whatever is in the messages, the receiver's own parser gets as many as
// were sent, byte by byte what was sent, and nothing else. The bytes go out as
// they are: the encoder here protects nothing.
func TestS1_HostileMessages(t *testing.T) {
	total := 5_000
	if os.Getenv("SLOGSHIP_NIGHTLY") != "" {
		total = 100_000
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	var seen log
	addr := testkit.Listen(t, (&receiver{t: t, received: seen.add}).serve)
	tr := open(t, relp.Destination{Addr: addr})
	var sent []string
	for len(sent) < total {
		recs := make([]encode.Record, 500)
		for i := range recs {
			var m strings.Builder
			for range 1 + rng.IntN(8) {
				m.WriteString(pieces[rng.IntN(len(pieces))])
			}
			recs[i] = encode.Record{Message: m.String()}
			sent = append(sent, m.String())
		}
		if err := testkit.Send(t, tr, recs); err != nil {
			t.Fatal(err)
		}
	}
	got := seen.all()
	if len(got) != len(sent) {
		t.Fatalf("%d messages were sent, %d arrived", len(sent), len(got))
	}
	for i := range sent {
		if got[i] != sent[i] {
			t.Fatalf("message %d was %q, arrived %q", i, sent[i], got[i])
		}
	}
}
