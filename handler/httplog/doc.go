// Package httplog logs the requests of a net/http server: who belongs to which
// request, how each ended, and what panicked.
//
//	h, err := handler.New(routes, &handler.Options{Dir: dir, Trace: httplog.Trace})
//	…
//	logged := httplog.Middleware(&httplog.Options{Logger: slog.New(h), Skip: httplog.Paths("/healthz")})
//	http.ListenAndServe(addr, logged(mux))
//
// Middleware gives each request an id and a place in a W3C trace
// (https://www.w3.org/TR/trace-context/, the Recommendation of 23 November 2021),
// both in the request's ctx: every record logged with that ctx has them, the id
// as an attribute and the trace as [github.com/slogship/slogship/encode.Record].Trace.
// [SetHeaders] passes them on to services that this one calls.
//
// A request is one for route.DebugOnError: what it logs below a route's level is
// shipped if it fails, which an access record of level ERROR, a panic's or the
// handler's own says.
//
// # Attributes
//
// Names are those of OpenTelemetry's semantic conventions for HTTP, version 1.30
// (https://opentelemetry.io/docs/specs/semconv/http/), and mean what they say
// there:
//
//	http.request.method            GET, …; _OTHER for a method that HTTP has not
//	http.request.method_original   then, what the client sent
//	http.route                     the pattern of http.ServeMux without its method
//	url.path                       without the query, which may hold secrets; at most 1,024 bytes
//	http.response.status_code      none if the connection was taken over or aborted before
//	http.response.body.size        bytes of the answer's body; 0 for HEAD
//	http.server.request.duration   seconds (a metric's name there: it has none for logs)
//	error.type                     the status from 500 up, a panic's type, or "aborted"
//	client.address                 with Options.Client
//	user_agent.original            with Options.UserAgent; at most 256 bytes
//	exception.stacktrace           of a panic, for handlers that write no stacks themselves
//
// The request's id has no name there and goes by ECS's, http.request.id
// (https://www.elastic.co/docs/reference/ecs/ecs-http).
package httplog
