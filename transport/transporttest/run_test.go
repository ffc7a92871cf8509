package transporttest

import (
	"strings"
	"testing"
)

func TestSoundTransports(t *testing.T) {
	t.Run("acknowledged", func(t *testing.T) { Run(t, harness("")) })
	t.Run("refuses large records", func(t *testing.T) { Run(t, harness("permanent for a large record")) })
	t.Run("holds its tail", func(t *testing.T) { Run(t, holderHarness("")) })
	t.Run("accepts a part", func(t *testing.T) { Run(t, holderHarness("accepts a part of what breaks")) })
}

// TestMutants proves that each case can fail: a transport with one fault is
// caught by the case that is named for the sentence it breaks (T46).
func TestMutants(t *testing.T) {
	mutants := []struct{ fault, caughtBy string }{
		{"opens anything", "Open checks"},
		{"hangs in Close", "Open checks"},
		{"dials in Open", "Open makes"},
		{"condemns for the network", "Open makes"},
		{"nil whatever happens", "Open makes"},
		{"a negative limit", "Describe"},
		{"Describe changes", "Describe"},
		{"reverses", "Send delivers"},
		{"sends twice", "Send delivers"},
		{"loses the last", "Send delivers"},
		{"changes a message", "Send delivers"},
		{"changes a group", "Send delivers"},
		{"appends to attributes in place", "Send delivers"},
		{"appends to the batch in place", "Send delivers"},
		{"asks for more than was sent", "Send delivers"},
		{"a wrong number of answers", "Send delivers"},
		{"does not wait for the answer", "Send blocks"},
		{"ignores ctx", "Send blocks"},
		{"retries by itself", "Send connects"},
		{"never connects again", "Send connects"},
		{"nil whatever happens", "Send connects"},
		{"condemns for the network", "Send connects"},
		{"keeps recs", "Send never keeps"},
		{"keeps messages", "Send never keeps"},
		{"loses concurrent batches", "Send is called concurrently"},
		{"works after Close", "Send after Close"},
		{"leaks a goroutine", "Close releases"},
		{"leaks the connection", "Close releases"},
		{"plain error for a large record", "A record of any content"},
		{"condemns the batch", "A record of any content"},
		{"swallows a large record", "A record of any content"},
		{"does not escape", "A record of any content"},
		{"cuts at NUL", "A record of any content"},
		{"lets attributes shadow the message", "A record of any content"},
		{"shows its token", "Errors hold"},
		{"probes nothing", "Probe"},
		{"probes with a record", "Probe"},
		{"checks with a record", "Check"},
		{"checks for ever", "Check"},
		{"finds nothing", "Check"},
		{"finds without a remedy", "Check"},
		{"finds without a verdict", "Check"},
		{"finds its token", "Check"},
		{"finds a fault where there is none", "Check"},
		{"is spent by its check", "Check"},
		{"an empty import path", "ImportPaths"},
		{"a preview that sends", "Preview"},
		{"a preview in memory of its own", "Preview"},
	}
	for _, m := range mutants {
		t.Run(m.fault+" / "+m.caughtBy, func(t *testing.T) {
			if m.caughtBy != "Close releases" { // which counts goroutines
				t.Parallel()
			}
			wantCaught(t, m.caughtBy, harness(m.fault))
		})
	}
	t.Run("holds too much", func(t *testing.T) { wantCaught(t, "Held", holderHarness("holds too much")) })
	t.Run("forgets its tail", func(t *testing.T) { wantCaught(t, "Send connects", holderHarness("forgets its tail")) })
}

func wantCaught(t *testing.T, caseName string, h Harness) {
	t.Helper()
	h.quick = true
	for _, c := range cases() {
		if strings.HasPrefix(c.name, caseName) {
			got := try(t, c, h)
			if got.skipped || len(got.problems) == 0 {
				t.Errorf("case %q did not catch it (skipped: %v)", c.name, got.skipped)
			}
			for _, p := range got.problems {
				t.Log(clip(p))
			}
			return
		}
	}
	t.Fatalf("no case is named %q", caseName)
}
