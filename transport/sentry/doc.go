// Package sentry makes issues of errors at Sentry, or at another server that takes
// its envelopes, and structured logs of other records.
//
//	import slogsentry "github.com/slogship/slogship/transport/sentry"
//
//	to := slogsentry.Destination{DSN: "https://KEY@o1.ingest.sentry.io/7", Tags: []string{"tenant"}}
//	h, err := handler.New([]route.Route{everything, to.Route("sentry")}, &handler.Options{
//		Context: []func(context.Context) []slog.Attr{slogsentry.Context},
//	})
//	slog.SetDefault(slog.New(slogsentry.NewHandler(h, nil)))
//	http.ListenAndServe(addr, slogsentry.Middleware(nil)(mux))
//
// An event is a record from ERROR up. The first error among its attributes is the
// exception, with its causes, and the stack that it carries or that of the log
// call (handler.Options.StackFrom). Issues are grouped by the message with "*" for
// what changes in it ([Template]), and by the function where it is a panic; a type
// that says nothing, as *errors.errorString, is replaced with the message in the
// title. Tags are the attributes that Destination.Tags names, "service" and
// "instance"; the group "user" is the user; all else is the context "attributes".
// Release (service@version), dist (the resource's attribute "sentry.dist"),
// environment and server name are those of the process that logged it: a backlog
// of version 1 that version 2 ships is version 1's. The event's ID is the
// record's.
//
// [NewHandler] collects breadcrumbs, in memory and per request or job, of records
// that go nowhere else. [Context] adds them, and the scope of a sentry-go hub, in
// the log call. [Middleware] logs the panics of HTTP handlers.
//
// Of sentry-go, the types and their JSON are used, and its scopes. Its transports
// are not: they are asynchronous, drop what they cannot send, and tell nobody what
// arrived.
//
// # Delivery
//
// Acknowledged: a record is delivered when the server has answered 200 to the
// envelope with it. Sentry has it in a queue by then and may still drop it, for a
// quota or a filter of the project, and counts that in the project's statistics.
//
// Delivery is at-least-once: an event whose answer was lost is sent again with the
// same ID, and Sentry answers 200 and drops the second, as Bugsink does. A log has the record's ID as the attribute
// log.record.uid; nothing drops its copies, and a failed request has up to 100.
//
// What counts as delivered, too, and is not sent: with Mode Events, a record below
// EventsFrom; an event for which BeforeSend returned nil; what a rate limit
// discards (see Errors). [Destination.OnDiscard] hears of the last two, and Sentry
// by a client report with the next event, or after the next logs with Mode Logs. A
// report that nothing follows is gone with the process.
//
// # Ordering
//
// One event after the other, in the order of the route, with MaxInFlight 1. With
// Mode Both, the events of a batch go before its logs.
//
// # Errors
//
// Sentry's rules for clients are applied. X-Sentry-Rate-Limits, on a 200 as well,
// says for how long nothing of a category (error, log_item, log_byte, or all) is
// wanted, at most a day here; a 429 without it, what Retry-After says, or 60 s.
// Until then, records of the category are discarded. KeepLimited keeps them
// instead: for a server of one's own, or a route with a MaxAge that the backlog
// may fill.
//
//	429, limits      discarded, or RetryAfter with KeepLimited (ErrLimited)
//	400, 422         Permanent: that record goes to the dead letter
//	413              the same, as too large
//	401, 403, 404    plain: a wrong DSN; records wait until it is put right
//	3xx, 5xx         plain, after Retry-After where one was sent
//	no answer        plain
//
// A refusal is about one event. Of logs refused together the worker looks for the
// guilty one. Records for which BeforeSend or Template panics, or the former makes no JSON, are Permanent
// (ErrEvent). A server that answers 503 for an hour costs nothing but what
// is older than MaxAge; [Destination.Route] sets that to an hour, after which
// route.Route.OnStale applies. The zero MaxAge of a route made by hand is no bound.
//
// # Limits
//
// An event takes one request, as an envelope holds no more, so one connection
// sends as many events a second as there are round trips; MaxInFlight multiplies
// them and gives up the order. It has at most MaxEvent bytes of JSON (1,000,000;
// Sentry refuses more than 1 MiB): beyond it loses breadcrumbs, attributes, the
// inner exceptions, and at last everything but message, release and fingerprint,
// and has the tag slogship.cut. Tags are cut at 200 characters, exceptions at
// 8,192, a chain at 32. A log envelope holds 100. A trail keeps 50 breadcrumbs (at
// most 1,000) of 512 characters and 16 attributes; what a record carries of its
// ctx is at most 64 KiB of JSON. Memory is about 4 × MaxBytes × MaxInFlight.
//
// # Security
//
// TLS 1.3 and verified, unless lowered by name in the TLS options. An http:// DSN
// needs AllowPlaintext; the key goes with it, as Sentry calls it public. No error
// and no %v of a Destination shows it all the same. Middleware logs neither
// headers that are credentials by their names (Authorization, Cookie, X-Api-Key)
// nor those with a client's address, nor bodies, and masks credentials in the
// query. Everything else that is logged is sent: handler.Options.ReplaceAttr and
// BeforeSend are the places to remove it.
//
// The attribute "sentry.scope" is this package's. Who can log an attribute of this
// name at the top level, in JSON, can write the event's breadcrumbs and tags.
package sentry
