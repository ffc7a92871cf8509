// Package console writes records for people: to standard error, as text.
//
//	route.Route{Name: "console", To: console.Destination{}, Direct: true}
//
// On a terminal levels have colours and stacks have lines of their own; NO_COLOR,
// FORCE_COLOR and TERM=dumb are honoured. Elsewhere (a pipe, a container's log)
// every record is one line without any colour.
//
// # Delivery
//
// nil from Send means that the writer has taken the bytes. That is no
// acknowledgement: what a terminal or a collector does with them is unknown. A
// batch is one call of Write, under a lock. If it fails halfway, the next Send
// begins with a line break, and the whole batch is sent again.
//
// # Ordering
//
// Lines are in the order of Sends, and of records within one.
//
// # Errors
//
// What the writer returns is a plain error. Unlike [os.File.Write], writing to
// a standard output or error whose reader has gone returns an error here, and
// does not end the process. What the encoder refuses is permanent for that
// record alone.
//
// # Limits
//
// A terminal that is stopped, or a pipe that nobody reads, blocks Send, and with
// Direct the goroutine that logs, as it does with any writer to it; no ctx can
// interrupt a write. A route that is not Direct lets the worker wait instead.
// A Writer that several Destinations share must be safe for concurrent use, as
// files are.
//
// # Security
//
// The default encoder lets no control character of what was logged reach the
// terminal, nor one that turns the direction of text.
package console
