package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/syslog"
	"github.com/slogship/slogship/transport/tcp"
)

// forgedRecords is how many records each of the four kinds of syslog gets that
// try to forge others: 10^5 together.
const forgedRecords = 25_000

// forging sends records of which each text tries to end its message, or to begin
// another. rsyslog has as many messages as were sent, each with the header that
// it was given, and each record once: it has read all of them by the grammar of
// RFC 5424 or 3164.
func forging(to syslog.Destination) scene {
	return scene{name: "forging", play: func(ctx context.Context, on *stage) error {
		to.Addr = on.server.life.at.addr()
		pipe, err := on.pipeline("forging", to, nil)
		if err != nil {
			return err
		}
		seed := rand.Uint64()
		sent := forgedRecords
		if err := logForged(ctx, pipe.handler, rand.New(rand.NewPCG(seed, 1)), sent, to.Network == "udp"); err != nil {
			return errors.Join(err, pipe.close(ctx, false))
		}
		if err := pipe.close(ctx, to.Network == "udp"); err != nil {
			return err
		}
		if err := (destination{}).settle(ctx, on.server); err != nil {
			return err
		}
		return countForged(ctx, on.server, sent, seed)
	}}
}

func logForged(ctx context.Context, h *handler.Handler, rnd *rand.Rand, n int, slow bool) error {
	for i := range n {
		attrs := []slog.Attr{
			slog.Int("number", i), slog.String(forgedText(rnd), forgedText(rnd)), slog.String("text", forgedText(rnd)),
			slog.Group(forgedText(rnd), slog.String(forgedText(rnd), forgedText(rnd))),
		}
		if err := h.Log(ctx, slog.LevelInfo, forgedText(rnd), attrs...); err != nil {
			return err
		}
		if slow && i%5 == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	return nil
}

// forgedText is up to five pieces, or bytes of any kind.
func forgedText(rnd *rand.Rand) string {
	pieces := append([]string{
		"\n<13>1 - - - - - - forged", "\r\n<13>Nov 23 10:00:00 h forged: x", "\x00<0>1 ", "7 <13>1 -", "]", `\"]`, `"] forged`, "[x@1 a=\"b\"]", "\xff\xfe", "\xed\xa0\x80", "\u0085", "@cee: {",
		strings.Repeat("é", 3000), " ", "=", "-",
	}, awkward[:]...)
	var b strings.Builder
	for range rnd.IntN(5) {
		if rnd.IntN(4) == 0 {
			fmt.Fprintf(&b, "%c%c", rnd.IntN(256), rnd.IntN(0x3000))
			b.WriteByte(byte(rnd.IntN(256)))
		}
		b.WriteString(pieces[rnd.IntN(len(pieces))])
	}
	return b.String()
}

// countForged counts messages by their IDs, and those that have no header of ours.
func countForged(ctx context.Context, s *server, sent int, seed uint64) error {
	received, forged, ids := 0, "", make(map[string]bool)
	_, err := s.received(ctx, func(e entry) {
		received++
		raw, _ := e.Fields["raw"].(string)
		id := findID(raw)
		if id == "" || ids[id] || e.Fields["facility"] != "19" || e.Fields["severity"] != "6" || e.Fields["hostname"] != "host.example" || e.Fields["appname"] != "interop" {
			forged = raw
		}
		ids[id] = true
	})
	switch {
	case err != nil:
		return err
	case forged != "":
		return fmt.Errorf("seed %d: forged or not understood: %.500q: %w", seed, forged, errScene)
	case received != sent:
		return fmt.Errorf("seed %d: %d received, %d sent: %w", seed, received, sent, errScene)
	}
	return nil
}

// findID finds the record's own ID: the first in a message, in all of its forms.
func findID(raw string) string {
	const length = len("019ab0f2-0000-7000-8000-000000000000")
	for _, mark := range []string{`[slogship@32473 log_id="`, `"log_id":"`, ` log_id=`} {
		if _, rest, ok := strings.Cut(raw, mark); ok && len(rest) > length {
			if _, err := encode.ParseID(rest[:length]); err == nil {
				return rest[:length]
			}
		}
	}
	return ""
}

// smallWindow measures what is lost over kills with a window that is smaller
// than the server's and both kernels' buffers. It says so and fails for nothing
// but faults: see the README for figures.
func smallWindow(d destination, name string, window int) scene {
	return scene{name: "window " + name, play: func(ctx context.Context, on *stage) error {
		dir := filepath.Join(on.dir, "small")
		s, err := newServer(d.setup, dir)
		if err != nil {
			return err
		}
		small := destination{name: d.name, setup: d.setup, kills: true, each: perProducer, pause: d.pause, check: d.check}
		small.to = func(at place) transport.Destination { return windowed(d.to(at), window) }
		var out outcome
		if err := os.MkdirAll(filepath.Join(dir, "buffer"), 0o700); err != nil {
			return err
		}
		small.tryOn(ctx, s, dir, rand.New(rand.NewPCG(rand.Uint64(), 1)), &out)
		fmt.Printf("%s, window %s: %d of %d lost over %d kills, %d duplicates\n", d.name, name, out.verdict.lost, producers*perProducer, len(s.lives)-1, out.verdict.duplicates)
		if window < 0 && errors.Is(out.err, errKills) {
			return out.verdict.faults() // a kill counts by what was sent again, and here nothing is
		}
		return out.err
	}}
}

// windowed is a destination that holds, with another window.
func windowed(to transport.Destination, window int) transport.Destination {
	switch to := to.(type) {
	case syslog.Destination:
		to.WindowBytes = window
		return to
	case tcp.Destination:
		to.WindowBytes = window
		return to
	default:
		panic(fmt.Sprintf("%T has no window", to))
	}
}
