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
// # Which record goes where
//
// A route takes a record that is in its [Levels] and that its [Matcher] takes.
// Levels are a bound ([AtLeast]), a range ([Between]), names ([Only]), or by scope
// ([PerScope]); the first two can change while the program runs, and so can the last.
// Matchers see the values as they were logged, before any is sealed: also those
// of With and of a ctx.
//
//	route.First( // stop at the first of these that takes it
//		route.Route{Name: "audit", To: relp.Destination{…}, Match: route.Scope("audit")},
//		route.Route{Name: "slow", To: https.Destination{…}, Match: route.All(
//			route.Exists("http.status"), route.Range("took", time.Second, nil))},
//	)
//	route.Route{Name: "rest", To: syslog.Destination{…}, Fallback: true} // what no other has taken
//
// [Route.Final] and [Route.Fallback] go by what a route takes, not by what
// becomes of it there: a record that meets a full buffer, or a policy that discards
// it, has been taken. What a route's own delivery logs is not taken by it. handler's
// Explain tells of a record which way it goes, and why.
//
// Routes that differ by the value of one attribute are found by that value: sixty
// tenants' routes cost a call what ten do.
//
// [Environments] hold the routes of development, test and production in one value,
// and only those of the environment that the program names are opened.
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
// delivers or returns an error. Dead letters that come from other routes are not
// subject to them either, and neither is what DebugOnError ships.
//
// All are safe for concurrent use, allocate nothing for a record that they
// discard, and keep a bounded amount of memory, in this process: a restart
// begins anew.
package route
