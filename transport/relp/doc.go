// Package relp delivers records over RELP, the Reliable Event Logging Protocol,
// as rsyslog speaks it (module imrelp): the way into syslog that cannot lose.
// The protocol is that of https://www.rsyslog.com/doc/relp.html, version 0.
//
// # Delivery
//
// Each record is a command "syslog" with a number, and the receiver answers
// each number. "200" is the acknowledgement: imrelp gives it when it has handed
// the message to its queue. Send returns nil when every record of the batch has
// its 200, so a record is lost only if the receiver loses what it acknowledged:
// rsyslog's queue is in memory by default, and what is in it dies with rsyslogd.
// Give the ruleset behind imrelp a queue of type Direct, as tried in
// internal/interop, or one on disk:
//
//	module(load="imrelp" tls.tlslib="openssl")
//	ruleset(name="in" queue.type="Direct") { action(type="omfile" file="/var/log/slogship") }
//	input(type="imrelp" port="2514" ruleset="in" maxDataSize="128k" tls="on"
//	      tls.caCert="/etc/pki/ca.pem" tls.myCert="/etc/pki/server.pem" tls.myPrivKey="/etc/pki/server.key"
//	      tls.authMode="name" tls.permittedPeer=["shop.example"])
//
// When a connection breaks, the records that have their answer are done, and
// those without one go again on the next: at most a batch arrives twice for each
// break, less what was answered.
//
// # Ordering
//
// Records are sent in order on one connection, up to Window of them without
// waiting. One that goes again after a break may follow a newer one that had
// arrived.
//
// # Errors
//
// "500" refuses a record: permanent for it alone, the rest of the batch is
// delivered. So is a record that the encoder refuses, that comes out empty or
// that is longer than MaxMessage. Any other answer to a record is a plain error
// of this record, which goes again.
//
// Everything else is about the connection, and plain for all records without an
// answer: names that do not resolve, refused and broken connections, failed
// handshakes, a session that is not opened, the receiver's serverclose, answers
// that fit nothing that was sent, silence for AnswerTimeout, the end of ctx.
//
// RELP has no way to say "wait". A receiver whose own queue is full is silent,
// and what it took but did not answer goes again on a new connection, after
// AnswerTimeout or the route's SendTimeout (30 s both), whichever is shorter.
// Where such pauses are usual, make both longer.
//
// # Limits
//
// All bytes of a message are kept, line feeds and zero bytes included, as
// messages have a length in front. What the receiver makes of them is its own:
// rsyslog writes control characters as #012 unless told not to
// (parser.escapeControlCharactersOnReceive="off"), and cuts messages at
// maxMessageSize (global; 8,096 bytes as measured with 8.2302 and nothing set)
// although it answers 200. Messages of encode.RFC5424 have at most 8,000 and fit,
// unless its MaxBytes says otherwise; then set rsyslog's, and imrelp's
// maxDataSize, to as much.
//
// Into rsyslog 8.2302 on the same machine, batches of 1,000 go at 116,000 to
// 150,000 records a second with windows of 10 and more, and one at a time
// (Window 1) at 20,000; over a network it is about Window records per round
// trip. On systems other than Linux, which cannot tell their kernel to confirm
// at once, rsyslog may hold its answers back for up to 40 ms per window; there a
// large Window matters.
//
// Memory per destination: a chunk of 64 KiB or the largest record, and 8 bytes
// for each record of a batch. An answer may have 8 KiB; a receiver that says
// more is cut off.
//
// # Security
//
// Without TLS everybody on the way can read, change and acknowledge records.
// With TLS the server is verified (see package tlsconfig); with a client
// certificate, which imrelp asks for unless tls.authMode is "anon", the client
// is. Certificates and authorities are read anew for each connection, and when
// they have changed on disk, the session is closed in order and opened again.
// Destination holds no secrets, and no error repeats what a receiver has said.
package relp
