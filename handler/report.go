package handler

import (
	"fmt"
	"os"
	"sync"
	"time"
)

// reporter passes background errors to OnError or, by default, writes at most
// one line a second to stderr and says how many it left out.
type reporter struct {
	onError func(error)

	mu      sync.Mutex // guards the fields below
	last    time.Time
	skipped int
}

// failed reports err of a route, or with "" of none. It contains a panic of
// OnError: the host's hook must not cost the log call.
func (r *reporter) failed(route string, err error) {
	if err == nil {
		return
	}
	if route != "" {
		err = &RouteError{Route: route, Err: err}
	}
	if r.onError != nil {
		defer func() { _ = recover() }()
		r.onError(err)
		return
	}
	r.print(err)
}

func (r *reporter) print(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := time.Now(); r.last.IsZero() || now.Sub(r.last) >= time.Second {
		left := ""
		if r.skipped > 0 {
			left = fmt.Sprintf(" (%d more not shown)", r.skipped)
		}
		fmt.Fprintf(os.Stderr, "slogship: %v%s\n", err, left)
		r.last, r.skipped = now, 0
		return
	}
	r.skipped++
}
