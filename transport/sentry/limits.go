package sentry

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/slogship/slogship/transport/httpstatus"
)

// The categories that concern us. "" stands for all.
const (
	categoryAll     = ""
	categoryError   = "error"
	categoryLog     = "log_item"
	categoryLogByte = "log_byte"
)

const (
	// defaultLimit is for a 429 that says no time
	// (https://develop.sentry.dev/sdk/expected-features/rate-limiting/).
	defaultLimit = 60 * time.Second

	// maxLimit bounds what a server can ask for. A quota may be used up for the
	// rest of a month; one request a day finds out that it was raised.
	maxLimit = 24 * time.Hour
)

// limits are the times until which the server wants nothing of a category. They are
// of one Destination, as Sentry's are of one DSN, and end with the process: to
// keep them over a restart would save a request, at the price of a file.
//
// Two Sends at a time may see different moments of it. The one that is late sends
// what the server will refuse with 429, which is an answer like that to the first.
type limits struct {
	mu    sync.Mutex
	until map[string]time.Time // guarded by mu
}

// update reads the header of an answer, of a 200 as well.
func (l *limits) update(now time.Time, status int, h http.Header) {
	values := h.Values("X-Sentry-Rate-Limits")
	if len(values) == 0 {
		if status == http.StatusTooManyRequests {
			after := httpstatus.RetryAfter(h, now)
			if after == 0 {
				after = defaultLimit
			}
			l.set(categoryAll, now.Add(after))
		}
		return
	}
	for _, limit := range strings.Split(strings.Join(values, ","), ",") {
		l.read(now, limit)
	}
}

// read takes one limit: "60:error;log_item:organization:reason". The parts after
// the categories say why, and are not needed.
func (l *limits) read(now time.Time, limit string) {
	parts := strings.Split(strings.TrimSpace(limit), ":")
	seconds, err := strconv.ParseFloat(strings.TrimSpace(parts[0]), 64)
	if err != nil || math.IsNaN(seconds) || seconds <= 0 {
		return
	}
	until := now.Add(min(time.Duration(min(seconds, maxLimit.Seconds())*float64(time.Second)), maxLimit))
	if len(parts) == 1 {
		l.set(categoryAll, until)
		return
	}
	for category := range strings.SplitSeq(parts[1], ";") {
		switch category = strings.ToLower(strings.TrimSpace(category)); category {
		case categoryAll, categoryError, categoryLog, categoryLogByte:
			l.set(category, until)
		}
	}
}

// set keeps the later of two times.
func (l *limits) set(category string, until time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.until == nil {
		l.until = map[string]time.Time{}
	}
	if until.After(l.until[category]) {
		l.until[category] = until
	}
}

// wait returns how long nothing of these categories may be sent.
func (l *limits) wait(now time.Time, categories ...string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	wait := l.until[categoryAll].Sub(now)
	for _, c := range categories {
		wait = max(wait, l.until[c].Sub(now))
	}
	return max(wait, 0)
}
