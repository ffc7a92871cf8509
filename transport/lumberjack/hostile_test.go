package lumberjack_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport/lumberjack"
)

var errEvent = errors.New("not the event that was sent")

var pieces = []string{
	"\r", "\n", "\x00", "\x1b[2J", "\u0085", "\u2028", "\u202e", "[", "]", "}", "{", `"`, `\`, `","@metadata":{"beat":"forged"},"x":"`, "\xff\xfe", "\xc3(",
	"2J\x00\x00\x00\x01\x00\x00\x00\x02{}", "2A\x00\x00\x00\x01", "%{[@metadata][beat]}", "@metadata", "@timestamp", "ä", "word",
}

func hostileText(rng *rand.Rand) string {
	var s strings.Builder
	for range 1 + rng.IntN(8) {
		s.WriteString(pieces[rng.IntN(len(pieces))])
	}
	return s.String()
}

// S1, S6, S7: whatever is in messages, keys and values, the receiver's parser
// gets as many events as were sent, each with its message, and the @metadata
// from which an index name is made is ours: a parser that takes the first of
// two equal names and one that takes the last see the same.
func TestS1_HostileMessages(t *testing.T) {
	total := 5_000
	if os.Getenv("SLOGSHIP_NIGHTLY") != "" {
		total = 100_000
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	var mu sync.Mutex // sender and receiver take turns, which -race does not see
	var sent []string
	arrived := 0
	addr := testkit.Listen(t, (&receiver{t: t, received: func(events []event) {
		mu.Lock()
		defer mu.Unlock()
		for _, e := range events {
			if err := checkEvent(e.json, sent[arrived]); err != nil {
				t.Errorf("event %d: %v: %q", arrived, err, e.json)
			}
			arrived++
		}
	}}).serve)
	tr := testkit.Open(t, lumberjack.Destination{Addrs: []string{addr}})
	for range total / 500 {
		recs := make([]encode.Record, 500)
		mu.Lock()
		for i := range recs {
			m := hostileText(rng)
			recs[i] = encode.Record{Message: m, Resource: &encode.Resource{}, Attrs: []slog.Attr{
				slog.String(hostileText(rng), hostileText(rng)),
				slog.Group("@metadata", slog.String("beat", "forged")),
				slog.String("@metadata", "forged"),
			}}
			sent = append(sent, m)
		}
		mu.Unlock()
		if err := testkit.Send(t, tr, recs); err != nil {
			t.Fatal(err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if arrived != len(sent) {
		t.Errorf("%d events were sent, %d arrived", len(sent), arrived)
	}
}

// checkEvent reads an event's own fields in the order in which they stand.
func checkEvent(text, message string) error {
	d := json.NewDecoder(strings.NewReader(text))
	d.Token() // {
	count := map[string]int{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		key := fmt.Sprint(name)
		count[key]++
		var value any
		if err := d.Decode(&value); err != nil {
			return err
		}
		switch {
		case key == "message" && value != strings.ToValidUTF8(message, "\ufffd") && !strings.Contains(message, "\xff"):
			return fmt.Errorf("message %q: %w", value, errEvent)
		case key == "@metadata" && fmt.Sprint(value) != "map[beat:slogship type:_doc version:1]":
			return fmt.Errorf("@metadata %v: %w", value, errEvent)
		}
	}
	if count["@metadata"] != 1 || count["message"] != 1 || count["@timestamp"] != 1 {
		return fmt.Errorf("names %v: %w", count, errEvent)
	}
	return nil
}
