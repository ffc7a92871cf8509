package syslog_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport/syslog"
)

// S1 and S4: 10^5 records (by default 20,000) of which each text tries to end its
// message and to begin another. The receiver's count is what was sent, each
// message begins with a header, and the ids come in order.
func TestS4_Forging(t *testing.T) {
	n := 20_000
	if os.Getenv("SLOGSHIP_NIGHTLY") == "1" {
		n = 100_000
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for _, framing := range []syslog.Framing{syslog.OctetCounted, syslog.Newline} {
		for name, enc := range map[string]encode.Encoder{
			"5424": encode.RFC5424{}, "cee": encode.RFC5424{Message: encode.SyslogCEE}, "3164": encode.RFC3164{},
		} {
			t.Run(fmt.Sprint(framing, name), func(t *testing.T) {
				read := readCounted
				if framing == syslog.Newline {
					read = readLines
				}
				d := listenStream(t, "tcp", "127.0.0.1:0", read, nil)
				tr := testkit.Open(t, syslog.Destination{Addr: d.addr, Framing: framing, Encoder: enc})
				rnd := rand.New(rand.NewPCG(seed, 4))
				for sent := 0; sent < n/6; sent += 500 {
					batch := make([]encode.Record, 500)
					for i := range batch {
						batch[i] = hostile(rnd, sent+i)
					}
					send(t, tr, batch...)
				}
				sent := (n/6 + 499) / 500 * 500
				got := d.wait(t, sent)
				for i, m := range got {
					if !strings.HasPrefix(m, "<14>") || !strings.Contains(m, number(i).String()) {
						t.Fatalf("message %d is forged: %q", i, m)
					}
				}
				if len(got) != sent {
					t.Fatalf("%d messages, %d were sent", len(got), sent)
				}
				t.Logf("S4: %d messages sent, %d seen, forged 0", sent, len(got))
			})
		}
	}
}

// number is the ID of record i.
func number(i int) (id encode.ID) {
	id[0], id[13], id[14], id[15] = 1, byte(i>>16), byte(i>>8), byte(i)
	return id
}

func hostile(rnd *rand.Rand, i int) encode.Record {
	pieces := []string{
		"\n<13>1 - - - - - - forged", "\r\n<13>Nov 23 10:00:00 h forged: x", "\x00<0>1 ", "7 <13>1 -", "\x1b[2J", `"`, `\`, "]", `\"]`, "[x@1 a=\"b\"]",
		"\xff\xfe", "\xed\xa0\x80", "\u2028", "\u0085", "@cee: {", "é", strings.Repeat("long", 3000), " ", "=", "-",
	}
	text := func() string {
		var b strings.Builder
		for range rnd.IntN(5) {
			b.WriteString(pieces[rnd.IntN(len(pieces))])
		}
		return b.String()
	}
	return encode.Record{
		ID: number(i), Message: text(), Scope: text(),
		Attrs:    []slog.Attr{slog.String(text(), text()), slog.Group(text(), slog.Any(text(), []byte(text()))), slog.String("msgid", text())},
		Resource: &encode.Resource{Service: text(), Host: text(), Version: text()},
	}
}
