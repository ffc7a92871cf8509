package transporttest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
)

// anyContent sends each hostile record between two ordinary ones (S1, S5, S9,
// T31). The destination takes it or the transport calls it permanent; the
// ordinary ones arrive either way, and nothing else does.
func anyContent(t testing.TB, h *Harness) {
	s := beginOpen(t, h)
	var want []string // the messages of what must have arrived
	next := 0
	for _, hostile := range hostileRecords() {
		number := next
		batch := append(numbered(number, number+1), func() encode.Record { return hostile.build(number + 1) })
		batch = append(batch, numbered(number+2, number+3)...)
		next += 3
		for i, ok := range s.deliver(batch) {
			if ok {
				want = append(want, batch[i]().Message)
			} else if i != 1 {
				t.Errorf("%s: its neighbour was refused", hostile.name)
			}
		}
		s.matches(hostile.name, want)
	}
	// One more record behind all of them: had a record before it been torn in
	// two, the other half would have come by now.
	s.deliver(numbered(next, next+1))
	s.matches("the end", append(want, record(next).Message))
}

// matches compares what has arrived with the messages that must have.
func (s *session) matches(name string, want []string) {
	s.t.Helper()
	entries, _ := s.peer.wait(s.t, s.arrival, func(entries []string) bool { return len(entries) >= len(want) })
	if len(entries) != len(want) {
		s.t.Fatalf("%s: %d records were taken, %d arrived, the last: %q",
			name, len(want), len(entries), clip(last(entries)))
	}
	for i, e := range entries[max(0, len(entries)-4):] {
		s.matchesOne(name, e, want[max(0, len(entries)-4)+i])
	}
}

func (s *session) matchesOne(name, entry, message string) {
	s.t.Helper()
	if got, want := numberOf(entry), numberOf(message); got != want && want >= 0 {
		s.t.Fatalf("%s: the entry in the place of record %d has the number %d: %q", name, want, got, clip(entry))
	}
	if s.h.Message == nil {
		return
	}
	got, err := s.h.Message(entry)
	if err != nil {
		s.t.Errorf("%s: the entry does not parse: %v: %q", name, err, clip(entry))
	} else if want := strings.ToValidUTF8(message, "\uFFFD"); oneMark(got) != oneMark(want) {
		s.t.Errorf("%s: the message is %q, was %q", name, clip(got), clip(message))
	}
}

// oneMark makes runs of U+FFFD one: how many of them stand for a run of invalid
// bytes is the encoder's choice.
func oneMark(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	for strings.Contains(s, "\uFFFD\uFFFD") {
		s = strings.ReplaceAll(s, "\uFFFD\uFFFD", "\uFFFD")
	}
	return s
}

func last(entries []string) string {
	if len(entries) == 0 {
		return ""
	}
	return entries[len(entries)-1]
}

// noSecrets provokes the failures that a case can, to look at their errors;
// inspect looks at those of every other case as well (S10).
func noSecrets(t testing.TB, h *Harness) {
	if len(h.Secrets) == 0 {
		t.Skip("Harness.Secrets is empty")
	}
	s := beginOpen(t, h)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	s.send(cancelled, build(numbered(0, 1)))
	s.send(t.Context(), []encode.Record{{Message: strings.Repeat("large ", 200_000), Resource: &encode.Resource{}}})
	if s.peer.Kill != nil {
		s.peer.kill()
		s.sendWithin(t.Context(), time.Second, build(numbered(1, 2)))
		s.sendWithin(t.Context(), time.Second, build(numbered(2, 3)))
	}
	tr := s.tr
	s.close()
	s.inspect(tr.Send(t.Context(), build(numbered(3, 4))))
	if h.Unreachable != nil {
		s.dest = h.Unreachable
		s.open()
		s.sendWithin(t.Context(), time.Second, build(numbered(0, 1)))
		s.close()
	}
}
