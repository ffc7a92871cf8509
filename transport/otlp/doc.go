// Package otlp delivers records to an OpenTelemetry Collector, or to any service
// that takes OTLP, over HTTP and gRPC.
//
//	resource, err := otlp.DetectResource(nil)
//	…
//	h, err := handler.New(&handler.Options{Dir: dir, Resource: resource, Trace: oteltrace.FromContext},
//		route.Route{Name: "otel", To: otlp.Destination{}}) // where OTEL_EXPORTER_OTLP_ENDPOINT says
//
// A record is a LogRecord: its message is the body, its level severity number and
// text, and groups are maps, as are
// structs and Go's maps. The ID is log.record.uid, the source code.*, the stack
// code.stacktrace. The first error among the attributes, also inside groups, is
// exception.type, exception.message and exception.stacktrace, with its causes; it
// keeps its own name, too, with its message. An attribute whose name is in use gets
// a number: "code.file.path_2". The resource is that of the process that logged the
// record: see [DetectResource].
//
// [FromExporter] makes a transport of any exporter of OpenTelemetry's SDK, and
// [NewProcessor] puts slogship's buffer behind the logging of an SDK. The trace of a
// log call is the package oteltrace's, which needs no SDK.
//
// # Delivery
//
// Acknowledged: a record is delivered when the receiver has answered 200 (over gRPC
// OK) to the request with it. What that is worth is the receiver's configuration:
// a collector's exporter with a sending_queue in memory, which is its default,
// answers before anything has been exported, and what is in the queue dies with it.
// With "sending_queue: {enabled: false}", or a queue with storage, an answer means
// that the next one has the records, or the disk.
//
// Delivery is at-least-once: what was under way when a receiver died goes again, as
// log.record.uid tells.
//
// # Ordering
//
// Records are in the request in their order, with MaxInFlight 1 (the default) and
// after any failure. OTLP itself promises none, and batching receivers may mix
// them; the observed time tells.
//
// # Errors
//
// Over HTTP, 400 and 422 are about records: the worker divides the batch until the
// guilty one stands alone, and it goes to the dead letter with the answer, an
// *httpstatus.Error. 413 divides, too. All others are plain: the same records go
// again, after Retry-After where one was sent. The protocol would have 401, 403,
// 404 and 500 dropped; none of these is about a record.
//
// Over gRPC it is INVALID_ARGUMENT, and RESOURCE_EXHAUSTED whose text says that the
// request is too large; see [StatusError]. RetryInfo is obeyed.
//
// A partial success is never sent again, as the protocol demands. If all records of
// a request are rejected they go to the dead letter, with a [Partial]. If some are,
// nobody says which: they count as delivered, are counted in [Partial] and shown by
// OnPartial. An answer that is none of an OTLP receiver accepts nothing.
//
// # Limits
//
// A request has at most MaxMessage bytes before compression (20 MiB over HTTP, 4
// MiB over gRPC); a Send that is larger takes several, and a record that is larger
// alone is permanent. Groups and lists nested deeper than 24 are cut with a mark. A
// stack has at most 128 frames, an error 16 causes. An unsigned number above the
// largest int64 is text, as is a time; a duration is in nanoseconds. Times before
// 1970, and from 2262 on, are left out. JSON over HTTP (http/json) is not spoken. Memory is about 3 ×
// MaxBytes × MaxInFlight.
//
// # Security
//
// TLS 1.3 and verified, unless lowered by name in the TLS options. http:// needs
// AllowPlaintext, or an endpoint from the environment, and then no credentials are
// allowed; headers of OTEL_EXPORTER_OTLP_HEADERS that are credentials are refused
// as well. Credentials appear in no error, nor in %v and %#v of a Destination.
// Answers are read up to 1 MiB; redirects are not followed. An invalid byte in a
// text is U+FFFD; control characters are as they were logged, as is the way with
// OTLP, so that what shows them has to escape them.
package otlp
