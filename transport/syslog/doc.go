// Package syslog delivers records as syslog messages: RFC 5424 by default, over
// TCP, TLS (RFC 5425), UDP (RFC 5426) or the socket of this machine's syslog
// daemon.
//
//	import slogsyslog "github.com/slogship/slogship/transport/syslog"
//
//	slogsyslog.Destination{Addr: "logs.example:6514", TLS: &tlsconfig.Options{CAFile: "ca.pem"}}
//	slogsyslog.Destination{Addr: "logs.example", Network: "udp", Encoder: encode.RFC5424{Facility: encode.FacilityLocal0}}
//	slogsyslog.Destination{} // /dev/log
//
// (The standard library has a package log/syslog; hence the name for it.)
//
// What a message looks like is the encoder's: see encode.RFC5424 and
// encode.RFC3164 for facility, names, structured data, "@cee:" and limits. Daemons
// that take any TCP or datagram work: rsyslog, syslog-ng, Vector, Fluent Bit.
//
// # Delivery
//
// Syslog has no acknowledgements in any of these forms. Over TCP, TLS and local
// streams this is package tcp with another format: the newest WindowBytes bytes stay
// in the route's buffer after they were sent and go again when the connection
// breaks; its Delivery section says what can still be lost. Over UDP and local
// datagrams this is package udp: what its Delivery section says about loss holds.
// A queue in the daemon's memory is lost with the daemon, whatever arrives there.
// Use transport/relp for records that must not be lost.
//
// Measured with rsyslog 8.2302 (imtcp, imptcp, imtcp with TLS), killed with
// SIGKILL and restarted 8 times under load, 20,000 records of 8 producers, about
// 40 MB: 0 lost with the default window and some 3,000 repeats a kill; 0 and 4
// lost, in two runs, with 64 KiB and 30 repeats a kill; 101, 674 and 1,171 lost, in
// three runs, with none. That rsyslog reads as fast as we send, so that little
// waits in the kernels. One that stands still may have net.ipv4.tcp_rmem[2] bytes
// waiting, 6 MiB by default: the window has to hold those, as the default does.
//
// # Ordering
//
// One batch is in flight at a time, in order. After a break what was held goes
// again, behind newer records that had arrived; the parameter log_id (or the word,
// in RFC 3164) tells repeats. UDP may reorder.
//
// # Errors
//
// Those of packages tcp and udp, whose names they carry. A local daemon that is
// not there is a plain error: the record waits for it.
//
// # Limits
//
// A message is at most MaxMessage bytes, cut so that it stays a valid one: 8,000 on
// streams and local sockets, 2,048 over UDP. Both are what receivers take without
// being told: rsyslog's limit is 8,096, and its TCP inputs make a second message
// of what is beyond, which would begin with whatever was logged there. Give
// maxMessageSize in rsyslog and MaxMessage here the same larger value. Over UDP, RFC
// 5424 §6.1 wants receivers to take 2,048; one message is one datagram and never
// split. One of more than 1,432 may travel in fragments, and is lost if one of
// them is.
//
// # Security
//
// Framing cannot be forged: with octet counting (the default) a message is as
// long as is said before it, in newline framing there is no line feed in it, and
// a datagram is one message. Control characters are escaped by the encoders, so
// that the daemon's files are safe to look at, and to read by lines.
//
// Without TLS everybody on the way can read and change records. With TLS the
// server is verified; give CertFile and KeyFile for servers that want to know
// their clients. On UDP anybody can send messages in our name.
//
// # rsyslog, as it was tried
//
// TLS, octet counting as it comes; the port takes RFC 5424 and RFC 3164. The driver
// gtls of rsyslog 8.2302 has no TLS 1.3, so that AllowTLS12 has to be set here; ossl
// (Debian's package rsyslog-openssl), which examples/syslog has, needs nothing:
//
//	global(maxMessageSize="64k" defaultNetstreamDriver="gtls"
//	       defaultNetstreamDriverCAFile="/etc/rsyslog.d/ca.pem"
//	       defaultNetstreamDriverCertFile="/etc/rsyslog.d/server.pem"
//	       defaultNetstreamDriverKeyFile="/etc/rsyslog.d/server.key")
//	module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon")
//	input(type="imtcp" port="6514")
//
// With streamDriver.authMode="x509/certvalid" rsyslog asks for a client
// certificate of that authority. Plain TCP is module(load="imtcp")
// and UDP module(load="imudp"), each with its input.
//
// Attributes are in the property structured-data. mmpstrucdata parses them:
//
//	module(load="mmpstrucdata")
//	action(type="mmpstrucdata")    # then %$!rfc5424-sd!slogship@32473!order%
//
// Or the record comes as JSON, by encode.RFC5424{Message: encode.SyslogCEE} (or
// RFC3164), which keeps types, groups and line breaks, and has:
//
//	module(load="mmjsonparse")
//	action(type="mmjsonparse")     # then %$!order%
//
// Local sockets: imuxsock and journald (/run/systemd/journal/dev-log) take the
// default, encode.RFC3164{OmitHost: true}, and find tag, process id, facility and
// severity in it. imuxsock does not understand RFC 5424 as it comes, nor does
// journald: for its fields there is transport/journald.
package syslog
