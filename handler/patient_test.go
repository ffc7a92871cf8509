package handler_test

import (
	"cmp"
	"slices"
	"time"

	"github.com/slogship/slogship/route"
)

// A busy machine may take longer for a segment than a call waits by default: then
// the record is counted as disk_stalled, as it should be. Where a test says that
// all are taken, its routes wait longer than any machine is busy.

// patiently returns routes that wait for a segment, and where they block for
// room, as long as it takes, unless they say for how long. It changes nothing else.
// It is for one goroutine that logs.
func patiently(routes ...route.Route) []route.Route {
	routes = slices.Clone(routes)
	for i := range routes {
		b := &routes[i].Buffer
		b.StallTimeout, b.BlockTimeout = cmp.Or(b.StallTimeout, time.Minute), cmp.Or(b.BlockTimeout, time.Minute)
	}
	return routes
}

// blocking is a buffer for which several goroutines may wait. With another policy
// a stall is known after a second, and then none waits, however long it would.
func blocking() route.Buffer {
	return route.Buffer{WhenFull: route.Block, BlockTimeout: time.Minute, StallTimeout: time.Minute}
}
