// Package memory keeps records where a test can look at them.
//
//	sink := memory.New()
//	h, err := handler.New(
//		[]route.Route{{Name: "test", To: sink, Direct: true}},
//		&handler.Options{InMemory: true})
//	...
//	logger := slog.New(h)
//	logger.Info("order placed", "id", 42)
//	got := sink.Records()[0]
//	// got.Message is "order placed", memory.Attr(got, "id").Int64() is 42
//
// With Direct, a record is there when the log call returns: nothing to wait for
// and no goroutine. Without it the records go through a buffer and a worker, as
// in production; [Sink.Wait] waits for them. A Sink starts no goroutine, so it
// agrees with leak detectors, and waits on channels only, so it agrees with
// testing/synctest.
//
// # Delivery
//
// nil from Send means that the records are in the Sink. [Sink.Fail] makes a
// destination that refuses.
//
// # Ordering
//
// Records are kept in the order of Sends, and in their order within one.
//
// # Errors
//
// Send returns what the test gave to [Sink.Fail], and [transport.ErrClosed]
// after Close.
//
// # Limits
//
// None: a Sink grows until [Sink.Reset]. It is made for tests.
//
// # Security
//
// Records are held as they were sent: what a policy has sealed is sealed.
package memory
