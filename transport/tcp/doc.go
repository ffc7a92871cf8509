// Package tcp delivers records over a plain TCP or TLS connection, or a stream
// socket of this machine, one frame a record: JSON lines for Vector, Fluent Bit,
// Logstash or a program of your own, any other format with Destination.Encoder.
//
// # Delivery
//
// The protocol has no acknowledgements: a Write that succeeds says that the
// bytes are in this machine's kernel. What the receiving program has not read
// by the time it dies is gone, and nobody says so. Therefore the newest records
// stay in the route's buffer after they were sent: as many as fill
// Destination.WindowBytes (8 MiB by default), and on Linux, macOS and FreeBSD those
// as well that the receiver's kernel has not confirmed yet. When the connection
// breaks, they are sent again on the next one.
//
// They are let go when a window of further bytes has been sent, when the
// connection was closed in order (our end of file, then the receiver's), when
// the receiver closes a connection on which all had been confirmed a second
// after the last Send, or after 10 seconds without a Send on a connection that
// is up and has nothing unconfirmed (60 s where the kernel does not tell).
//
// So a record is lost only if
//
//   - more than WindowBytes bytes were sent behind it, and the receiver's kernel and
//     whatever stands in between (a load balancer, a sidecar) had still not
//     handed it to the receiving program when that died. A Linux kernel keeps up
//     to net.ipv4.tcp_rmem[2] bytes per connection, 6 MiB by default: give WindowBytes
//     that much, and that of each proxy in between;
//   - the receiving program stood still for more than 10 seconds of quiet with
//     the record in its kernel's memory, and died then without reading it;
//   - something in between, or a receiver's kernel that does so with bytes
//     unread (BSD and macOS may), ended the connection as if all had been read;
//   - the receiving program had read it. What it loses from there is its own.
//
// A record may arrive more than once: after each break up to a window of
// records, what the kernel had not confirmed and the batch being sent; after a
// restart of this process the same. Destinations can drop repeats by the
// record's ID. A receiver that closes each connection within a second of every
// batch, before it has carried a window of bytes, gets the same records over
// and over: give it a small or a negative WindowBytes.
//
// # Ordering
//
// One batch is in flight at a time, in order. After a break the records go
// again from the first held one on, so an older record may follow a newer one
// that had arrived.
//
// # Errors
//
// A record that the encoder refuses, or that comes out empty, is permanent; the
// rest of its batch is sent. Everything else is about the connection and is
// plain, or transport.Resend if records were held: names that do not resolve,
// refused and broken connections, failed handshakes, timeouts.
//
// A Send whose ctx ends while the receiver reads slowly keeps what was begun (at
// most about 256 KiB, or one record) and finishes it first in the next Send, so
// that a slow link makes progress, without a new connection and repeats for
// each SendTimeout. The connection is given up when for WriteTimeout not one
// byte could be written, when the receiver's end of file or a reset is seen
// (which is looked for before each write), and when data stays unconfirmed for
// UserTimeout.
//
// A receiver that closes its sending side and goes on reading (nc -l with its
// input closed) counts as gone.
//
// # Limits
//
// A newline or carriage return in an encoder's output becomes a space in
// newline framing, as a zero byte does in null framing: one record is one frame
// whatever was logged. Octet counting and length prefixes keep all bytes. Frames
// have no size limit here; receivers do have one.
//
// Memory per destination: a chunk of 256 KiB or the largest record, once, or
// twice while a Send is interrupted, and about 32 KiB of bookkeeping. What the
// receiver sends is read and thrown away.
//
// # Security
//
// Without TLS everybody on the way can read and change records. With TLS the
// server is verified (see package tlsconfig); with a client certificate, the
// client is. Certificates and authorities are read anew for each connection,
// and when they have changed on disk, the connection is closed in order and
// made again. Destination holds no secrets, and no error repeats what a peer
// has sent.
package tcp
