// Package overload has the algorithms that keep a route's volume down: which
// record is sampled out ([Sampler]), over a rate ([Limiter]) or a repeat
// ([Dedupe]), and which records below a route's level are kept until their
// request logs an error ([Requests]). It knows no records and no routes: the
// handler asks it with levels, messages, ids and encoded bytes, and counts what
// it discards.
//
// Time is given by the caller, as nanoseconds of one monotonic clock that never
// is negative; callers may be late against each other. Nothing here starts a
// goroutine, and nothing grows beyond the bounds it was made with.
package overload
