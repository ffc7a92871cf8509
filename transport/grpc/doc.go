// Package grpc delivers records over one bidirectional gRPC stream, and receives
// them: [Destination] is a sender for any receiver of the service in
// logentry.proto, and [Receiver] is such a receiver. Code for receivers in Go is in
// package logpb; for other languages it is generated from logentry.proto, which
// describes the protocol.
//
//	import sloggrpc "github.com/slogship/slogship/transport/grpc"
//
//	route.Route{Name: "collector", To: sloggrpc.Destination{Addr: "collector:4400", TLS: &tlsconfig.Options{}}}
//
// # Delivery
//
// A Send's records go out in requests of some 64 KiB, up to Window of them without
// an answer. The receiver answers each when it has taken responsibility for its
// records; a Receiver does when its callback has returned nil. That is the
// acknowledgement: Send returns nil when each request has it, so a record is lost
// only if the receiver loses what its callback said it had.
//
// When a stream ends, the records of requests that have an answer are done, and the
// others go again on the next. At most MaxInFlight batches arrive twice for each
// break, less what was answered. Each record has the same id then, and a Receiver
// gives its callback no record whose id is among the newest 100,000. It knows them
// as long as it runs: a callback that must not see a record twice over a restart
// has to look at the id itself.
//
// # Ordering
//
// With MaxInFlight 1, the default, records arrive in the order in which they were
// logged; one of which the receiver said that it goes again may follow a newer
// one. With more in flight a batch that goes again may follow newer ones.
//
// # Errors
//
// What ends a stream, with gRPC's code, is about the oldest request without an
// answer; Send returns it as a [StatusError] within:
//
//	INVALID_ARGUMENT                   permanent: the worker sends less at a time until the record is
//	                                   found. A Receiver names the record, and the stream goes on
//	UNAVAILABLE, RESOURCE_EXHAUSTED    plain, not before the time in RetryInfo if there is one (an hour at most)
//	RESOURCE_EXHAUSTED for the size    too large: the worker splits
//	UNAUTHENTICATED, PERMISSION_DENIED plain, [ErrCredentials]: the records wait for other credentials
//	UNIMPLEMENTED, NOT_FOUND, any other   plain: the destination is not what it should be
//
// A record that is larger alone than a request may be is permanent. Names that do
// not resolve, refused and broken connections and failed handshakes are plain, with
// the cause in the chain (x509.HostnameError and the like). Nothing is sent again
// by gRPC itself.
//
// # Limits
//
// A request has 4 MiB at most, gRPC's own limit, or what the receiver names, if
// that is lower. Keys, messages, names of loggers, types of errors, functions and
// files that come again and again are numbered in each stream, if the receiver wants
// it: up to 1,024 of at most 1 KiB, the oldest number being given to another, and
// 16 resources. Their tables take some 200 KiB and those texts on the sender's side.
// What waits for an answer takes at most WindowBytes. HTTP/2's flow control holds
// a sender back when the callback is slower than the network.
//
// A Receiver refuses a request of more than MaxMessage bytes (after
// decompression), MaxRecords records, 262,144 attributes, values, frames and
// errors, 100 levels, or whose numbers stand for more than 64 MiB; and more
// than MaxStreams streams. It holds two requests of each stream at a time.
//
// gRPC's proxies from the environment are not used.
//
// # Security
//
// Without TLS everybody on the way can read, change and acknowledge records. With
// TLS the server is verified (see package tlsconfig); with a client certificate it is
// mTLS. Certificates and authorities are read anew for each connection, and when
// they have changed on disk, an idle stream is closed in order and opened anew. A
// token goes into the metadata of each stream and is refused without TLS unless
// AllowPlaintext is set; it is masked in what a receiver says. What receivers say is
// cut to 512 printable bytes.
//
// A Receiver believes nothing that a sender says of lengths and numbers. It gives
// records to its callback as their sender made them: text for a terminal has to be
// escaped there, which the encoders of package encode do.
package grpc

//go:generate sh -c "cd internal/generate && GOWORK=off go run ."
