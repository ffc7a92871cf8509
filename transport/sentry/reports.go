package sentry

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"
)

// Reasons for which something is discarded, by Sentry's names
// (https://develop.sentry.dev/sdk/telemetry/client-reports/).
const (
	reasonRateLimit  = "ratelimit_backoff"
	reasonBeforeSend = "before_send"
)

// outcome is what is counted.
type outcome struct{ reason, category string }

// reports count what was discarded until an event's envelope takes the figures
// along. A request of their own is made with Mode Logs alone: else it would be one
// more, to a server that wants fewer.
type reports struct {
	mu     sync.Mutex
	counts map[outcome]int // guarded by mu
}

func (r *reports) add(reason, category string, n int) {
	r.restore(map[outcome]int{{reason, category}: n})
}

// take returns the counts and begins anew.
func (r *reports) take() map[outcome]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	counts := r.counts
	r.counts = nil
	return counts
}

// restore adds counts whose envelope did not arrive.
func (r *reports) restore(counts map[outcome]int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for key, n := range counts {
		if r.counts == nil {
			r.counts = map[outcome]int{}
		}
		r.counts[key] += n
	}
}

// discarded is one figure of a client report. sentry-go's own type has a field of
// an internal type.
type discarded struct {
	Reason   string `json:"reason"`
	Category string `json:"category"`
	Quantity int    `json:"quantity"`
}

// clientReport is the payload of an item that says counts.
func clientReport(now time.Time, counts map[outcome]int) []byte {
	list := make([]discarded, 0, len(counts))
	keys := slices.SortedFunc(maps.Keys(counts), func(a, b outcome) int {
		return cmp.Or(cmp.Compare(a.reason, b.reason), cmp.Compare(a.category, b.category))
	})
	for _, key := range keys {
		list = append(list, discarded{key.reason, key.category, counts[key]})
	}
	payload, _ := json.Marshal(struct { // strings and numbers: no error is possible
		Timestamp time.Time   `json:"timestamp"`
		Discarded []discarded `json:"discarded_events"`
	}{now.UTC(), list})
	return payload
}
