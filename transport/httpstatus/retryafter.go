package httpstatus

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// MaxRetryAfter is the longest wait that a destination can ask for. A longer
// Retry-After is cut to it: a proxy's maintenance page that says "next week", or
// seconds taken for milliseconds, must not park a route until someone restarts
// the process.
const MaxRetryAfter = time.Hour

// RetryAfter reads a Retry-After header (RFC 9110 §10.2.3), in seconds or as an
// HTTP date. It returns how long to wait from now on, between 0 (no header, not
// understood, or past) and [MaxRetryAfter].
//
// A date is compared with the response's own Date header where there is one,
// else with now: destination and client then need not agree on the time, only on
// how fast it goes. A client whose clock is an hour off would otherwise either
// ignore every such answer or sleep for an hour.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if value == "" {
		return 0
	}
	if isDigits(value) {
		return seconds(value)
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	if date, err := http.ParseTime(h.Get("Date")); err == nil {
		now = date
	}
	// Sub saturates, so that the year 9999 is a long time and no overflow.
	return min(max(at.Sub(now), 0), MaxRetryAfter)
}

// isDigits keeps out what Atoi would take: RFC 9110's delay-seconds has no sign.
func isDigits(s string) bool {
	return strings.Trim(s, "0123456789") == ""
}

func seconds(digits string) time.Duration {
	n, err := strconv.ParseUint(digits, 10, 32)
	if err != nil || n > uint64(MaxRetryAfter/time.Second) {
		return MaxRetryAfter // all digits: the only error is a number too large
	}
	return time.Duration(n) * time.Second
}
