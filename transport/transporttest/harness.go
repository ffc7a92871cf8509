package transporttest

import (
	"testing"
	"time"

	"github.com/slogship/slogship/transport"
)

// Harness is what Run needs to know of an adapter. Only Start is required; a
// case that needs a field which is not there is skipped and says so.
type Harness struct {
	// Start runs a receiver for one case and returns a Destination aimed at it.
	// The receiver hands what it took to p.Received before it answers. Start
	// sets p's fields for what the receiver can do besides; [Listen],
	// [ServeTCP] and [ServeHTTP] do that. It stops the receiver with t.Cleanup.
	Start func(t testing.TB, p *Peer) transport.Destination

	// Message reads the message out of one entry, with a parser that is not
	// the adapter's own. With it, hostile messages are compared byte by byte
	// (invalid UTF-8 as U+FFFD). Leave it nil for formats that replace
	// characters for good.
	Message func(entry string) (string, error)

	// Unreachable is a destination where nothing answers, for receivers that
	// have no Kill. It is valid: Open accepts it.
	Unreachable transport.Destination

	// Invalid are destinations that Open refuses.
	Invalid []transport.Destination

	// Secrets are the credentials in the destinations of this Harness. None of
	// them may appear in an error.
	Secrets []string

	quick bool // set by this package's own tests, of transports that fail
}

func (h *Harness) bounds() bounds {
	if h.quick {
		// A case ends with the first bound that is broken, so these are what a
		// fault costs. Patience is not: a Send that ran out of it before it
		// reached the receiver would look like one that waits.
		return bounds{send: time.Second, promptly: 300 * time.Millisecond, arrival: time.Second, patience: 2 * time.Second}
	}
	return bounds{send: 30 * time.Second, promptly: 10 * time.Second, arrival: 30 * time.Second, patience: 200 * time.Millisecond}
}
