// Package deliver moves the records of one route from its buffer to its
// destination: one [Worker] per route reads, batches, sends, retries,
// condemns and acknowledges. Everything that is the same for all destinations
// is here, so that an adapter only has to say what its destination answered.
//
// # Who runs what
//
// One goroutine, the worker's own, reads the buffer, decides and acknowledges;
// all state without a mutex is its. Whatever may block for long or is foreign
// code (Send, Held, Probe, Close of the transport, storing a dead letter) runs
// on a lane: a goroutine that takes one job and posts one result. There is one
// lane per Send in flight; a route at rest has one. The price is two channel
// operations a batch, and they buy three things: the next batch is read and
// decoded while this one is sent, a Send that ignores its context can be left
// behind at Close, and a panic or runtime.Goexit in an adapter costs an error
// and not the route.
//
// # The life of a batch
//
// A batch is read into a chunk, decoded into reused memory, and cut into
// spans: ranges of its records that go into one Send, at first one span with
// all of them. An answer accepts records, refuses them, splits the span or
// leaves it for the next attempt (settle.go has one function per kind of
// answer). When no record is left undecided, dead letters are stored, and the
// batch is committed: its outcomes go to the ledger in reading order, and the
// cursor follows, behind what the transport still holds. Counters, watches and
// losses change only when the cursor passes a record, so that a rewind never
// counts one twice.
//
// # What may arrive twice
//
// The cursor is a prefix of what was read, so a crash repeats what was sent
// beyond it: at most MaxInFlight batches (the window also counts those that
// are done and wait for an older one) and what the transport holds. A Resend
// repeats what it asks for, and with it what was read after that. Nothing else
// is sent again after it was accepted: not the accepted part of a BatchError,
// nor the half of a batch that went through.
//
// Replace adds to that only what a transport without acknowledgements still
// holds after its Close. A batch that was read for the old transport goes to the
// new one in as many Sends as that needs, and counts as one batch until it is
// through. To read it again with the new limits would be simpler, but a full
// buffer may have dropped it meanwhile: then the worker is the last to have it.
//
// # When a worker sleeps
//
// The worker is an event loop: read ahead, take the earliest step that is due,
// else sleep until its time, a result, a record or Close. A route at rest has
// no step and so no timer. It is woken by the source at most once per change
// from idle to busy, because it arms the source only when a record could be
// sent at once; while a Send runs, callers pay for no wake-up, and what they
// append is found when the Send ends.
//
// Replace waits like a Send that has no lane: while one is wanted no job is
// begun, and when the last one has landed nobody but the worker knows the
// transport.
//
// # Two kinds of refusal
//
// A record refused alone is at first only a suspect. It becomes condemned
// when the destination accepts some other record (so it does accept records),
// or when its batch ends with fewer than 20 refusals in a row behind it. At 20
// in a row without one acceptance the worker stops condemning: the suspects of
// the batches in memory become pending again, the breaker opens, and the
// oldest record alone is tried at the backoff's pace until the destination
// takes it. So a destination that refuses everything costs at most 19 dead
// letters, whatever the size of the backlog, and the undecided ones never take
// more memory than the batches they came in. The rejected alternatives:
// trying a later record instead of the oldest would get past 20 bad records in
// a row, but delivers out of order when the destination heals in between;
// keeping suspects until something is accepted would make one bad record hold
// Flush for as long as nothing else is logged.
package deliver
