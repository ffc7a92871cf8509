// Package handler is slogship's slog.Handler: it resolves a record on the
// goroutine that logs, stores it in the buffer of each route that takes it,
// and lets one worker per route deliver it.
//
//	h, err := handler.New([]route.Route{
//		{Name: "collector", To: tcp.Destination{Addr: "logs.internal:5170"}},
//	}, &handler.Options{Dir: dir})
//	if err != nil { … }
//	defer h.Close(ctx)
//	logger := slog.New(h)
//
// # What a log call does
//
// It encodes the record once into pooled memory and copies it into the
// memory-mapped buffer of each route: no lock, no system call but at most one
// wake-up of a sleeping worker, no allocation, and no waiting for a network. A
// call that has returned survives the death of the process (see
// route.Durability for the death of the machine). It never panics: a LogValuer
// or a method that does becomes a marked value.
//
// # What is lost, and when
//
// Nothing in silence. A full buffer, a stalled disk and a destination that
// refuses a record are each a policy of the route, counted by reason and level
// in [Stats], and reported to the destination as a record of their own.
//
// # Where a record goes
//
// To each route whose levels and matcher take it; package route says how. The
// routes are one immutable table that calls read without a lock, in which
// matchers are compiled: each path is looked up at most once a call, and a
// LogValuer is resolved for it only if a matcher asks. [Handler.Explain] says for
// a record where it would go, why not elsewhere, and what would arrive there.
//
// Options.Levels are the least levels of each scope ([Handler.WithScope]), for
// the routes that have none of their own, and can be changed at any time:
//
//	h.SetLevels("db=DEBUG,http.client=WARN,INFO")
//
// # What must not be read
//
// Options.Fields, and route.Route.Fields for one route, name the fields that are
// sealed, masked, hashed or left out (package crypto). It is done on the goroutine
// that logs: nothing of them is on the disk, in Options.Next or on the way.
// Matchers see plain values. A record is encoded once for each policy that differs
// from the others. Options.EncryptBuffers encrypts all that waits on disk besides.
//
//	opts.Fields = &crypto.Policy{Rules: []crypto.Rule{{Path: "customer.**"}, {Key: "*token*"}}}
//	opts.Keys, err = crypto.LoadKeyring(ctx, crypto.FileSource("/run/secrets/log-keys", nil))
//
// # Requests
//
// [With] puts attributes into a ctx that every record logged with it has, and
// package handler/httplog fills the ctx of each HTTP request, writes an access
// record and logs panics. [RedirectStdLog] makes records of what the old log
// package writes. MIGRATING.md is for services that log in another way today.
//
// # Before it runs
//
// [Validate] looks whether it would work, without starting anything or sending a
// record: rights, volume and room of Dir, and the way to each destination.
//
//	if err := handler.Validate(ctx, routes, opts).Err(); err != nil { … }
//
// # Too much
//
// A route's Sample, Dedupe and Limit keep its volume down, before the buffer:
// to decide takes 1 to 20 ns (a repeat is found once it is encoded), allocates
// nothing, and takes a bounded amount of memory. Each discard is counted by
// reason and level in [Stats], and told to the destination once a minute.
// route.DebugOnError keeps what is below a route's level in memory, for each
// request (a trace, or what [WithRequest] has begun), and ships it if the request
// logs an error. See package route, "Overload".
//
// # Other routes while it runs
//
// [Handler.Reload] puts another set of routes in force: log calls neither wait
// for it nor lose to it a record, and an acknowledged destination gets none twice.
// A route of the same name goes on with its buffer, and its backlog
// goes to its new destination; a route that is gone delivers what it has; one that
// is renamed takes its directory along. Where a route cannot be opened, the old
// set stays in force as it was.
//
//	err := h.Reload(routes, map[string]string{"old-name": "new-name"})
//
// # Errors
//
// slog discards what a handler returns, so background errors go to
// Options.OnError, and calls whose outcome matters use [Handler.Log] or
// [Handler.Deliver].
//
// # Records about slogship itself
//
// What a transport or its client library logs while it delivers for a route
// never enters that route: it would feed itself.
package handler
