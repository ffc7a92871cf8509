// Package udp delivers records as datagrams, one a record, over UDP or a local
// datagram socket: JSON by default, any other format with Destination.Encoder. For
// Graylog:
//
//	udp.Destination{Addr: "graylog:12201", Encoder: encode.GELF{}, Chunks: udp.GELF}
//
// # Delivery
//
// Datagrams are not acknowledged, and neither the network nor the two kernels
// promise to keep them. A record is lost when
//
//   - a network, or the receiver's socket buffer (often 208 KiB), is full.
//     Nobody says so;
//   - the receiver's host is down, or a firewall drops datagrams. Nobody says so;
//   - the receiving program dies with it in its socket buffer, later than half a
//     second after it was sent.
//
// A receiver that is not running on a host that is up is noticed: the host
// answers with ICMP port unreachable, which comes back as "connection refused"
// (on a local socket, the send itself fails). The records of the last half to one
// second before that stay in the route's buffer and are sent again, so a receiver
// on the same machine or network that is restarted loses only what was in its
// buffer. Hosts limit how many such answers they send, and firewalls drop them.
//
// Use tcp or a transport with acknowledgements for records that matter. A record
// may arrive more than once: the network may repeat a datagram, and records are
// sent again after a refusal.
//
// # Ordering
//
// Datagrams leave in order, one batch at a time. The network may reorder them.
//
// # Errors
//
// A record that the encoder refuses, that comes out empty, or that does not fit
// MaxDatagram under Oversize's Refuse is permanent, as is one that the kernel says is
// too long; the rest of the batch is sent. When the kernel's own queue is full
// (ENOBUFS), what has not been sent goes again after the worker's backoff. When
// a datagram was refused, the whole batch and what was held go again. All other
// errors are plain.
//
// # Limits
//
// A datagram holds at most 65,507 bytes over IPv4. One that is larger than the
// path's MTU (1,500 on most networks) is sent in fragments, and lost if one of
// them is; MaxDatagram 1432 avoids that on nearly every path. A record is not split
// over datagrams, unless Chunks says so: in GELF's chunks it may be 128 times as
// long (1,047,040 bytes at the default of 8,192 a datagram), and is lost if one
// chunk is. What is longer still is refused for good, or cut, as Oversize says.
//
// The name in Addr is resolved again every ResolveEvery and after errors.
//
// # Security
//
// There is no encryption and no authentication: everybody on the way can read,
// forge and drop records. Framing cannot be forged: a datagram is a record
// whatever is in it.
package udp
