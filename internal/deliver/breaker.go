package deliver

// breakerState is one of three. The words in Stats are the ones that operators
// know.
type breakerState uint8

const (
	closed   breakerState = iota // all is well, or has failed fewer times than it takes
	open                         // nothing is sent before the backoff is over
	halfOpen                     // one probe or one batch is on its way
)

func (s breakerState) String() string {
	return [...]string{"closed", "open", "half-open"}[s]
}

// openAfter is how many Sends in a row have to fail. Fewer would call each
// hiccup an outage; more would let Close wait long for a dead destination.
const openAfter = 5

// breaker says whether the destination is worth more than one try at a time.
// It is the worker goroutine's own.
type breaker struct {
	state    breakerState
	failures int  // Sends and probes that failed since something was accepted
	probed   bool // half-open: the Prober said yes, a batch may try
}

// fail counts one failure.
func (b *breaker) fail() {
	b.failures++
	if b.state != closed || b.failures >= openAfter {
		b.trip()
	}
}

// trip opens the breaker.
func (b *breaker) trip() { b.state, b.probed = open, false }

// recover closes the breaker and reports whether it was not closed. What has
// failed so far is forgotten only if the success is proven.
func (b *breaker) recover(proven bool) bool {
	was := b.state
	b.state, b.probed = closed, false
	if proven {
		b.failures = 0
	}
	return was != closed
}
