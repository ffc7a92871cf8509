// Package route says which record goes where: a [Route] is plain data that
// names a destination and states what it takes, how it is buffered, batched,
// retried, and what becomes of records that cannot be delivered.
//
//	routes := []route.Route{
//		{Name: "console", To: console.Destination{}, Levels: route.AtLeast(slog.LevelWarn), Direct: true},
//		{Name: "collector", To: tcp.Destination{Addr: "logs.internal:5170"}},
//	}
//
// A record goes to every route that takes it. Routes are read by handler.New
// and Reload, and not changed by anyone.
//
// # Overload
//
// Policies keep a route's volume down when there is too much. They apply to what
// its Levels and Match have let through, before the buffer, in this order:
//
//	DebugOnError  may add records below Levels
//	Sample        the cheapest comes first
//	Dedupe        then what is a repeat
//	Limit         so that tokens are spent on what would be sent
//
// A record that one of them discards is counted, in Logged and in Dropped by
// reason ("sampled", "deduplicated", "rate_limited") and level; the calls of
// slog, and Handler.Log, return nil for it, since the route did as it was told.
// The destination gets one report of the counts a minute, and one at the end:
// a record of level INFO, "slogship discarded records". Direct routes count, and
// report nothing. Handler.Deliver is subject to none of these policies: it
// delivers or returns an error.
//
// All are safe for concurrent use, allocate nothing for a record that they
// discard, and keep a bounded amount of memory, in this process: a restart
// begins anew.
package route
