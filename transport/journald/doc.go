// Package journald delivers records to systemd's journal by its native protocol
// (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/): one entry a record, with a field
// for each attribute, so that "journalctl ORDER=42" finds them.
//
//	journald.Destination{}
//	journald.Destination{Encoder: encode.Journal{Identifier: "shop", MessageIDFrom: "message_id"}}
//
// Field names are those of encode.Journal. Linux only: elsewhere Open returns an
// error that wraps errors.ErrUnsupported.
//
// # Delivery
//
// An entry is one datagram to journald's socket, or, if it is too long for that,
// a sealed memory file (memfd) whose descriptor is passed. There is no
// acknowledgement, but the kernel tells when journald has read everything. Until
// then, and for half to one second more, records stay in the route's buffer; when the
// socket turns out to be dead they are sent again.
//
// On a machine run by systemd the socket outlives journald, with what is queued
// in it. So a record is lost only if
//
//   - journald dies between reading it and writing it, which it does at once, or
//     power fails within its SyncIntervalSec (5 minutes for most priorities);
//   - journald drops it: by its rate limit (RateLimitBurst, 10,000 messages within
//     30 s for a service by default; it says so in the journal), or as its disk is
//     full. Nobody tells us.
//
// A record may arrive twice, with the same LOG_ID.
//
// # Ordering
//
// Entries are sent in order, one batch at a time. The journal's own time is that
// of arrival; LOG_TIME is when the record was logged.
//
// # Errors
//
// Everything is about the socket, and plain, or transport.Resend if records were
// held: a socket that is not there, that nobody reads, or whose queue stays full
// until ctx is done. In that case what was sent of the batch stays sent.
//
// # Limits
//
// An entry has at most 900 attributes, those of the resource among them, as
// journald refuses entries of more than 1,024 fields; what is left out is counted
// in X_TRUNCATED. Message and attributes
// take up to Encoder.MaxBytes, 1 MiB by default.
//
// Attribute names that come from data are bad for a journal: its files have room
// for some hundreds of different ones, and journald begins a new file when they
// are used up. Measured, with three random names an entry: a file every 140
// entries, of which it keeps 100 (SystemMaxFiles), so that the oldest entries
// were gone after 14,000.
//
// # Security
//
// The socket is a path of this machine. journald itself adds who wrote an entry
// (_PID, _UID, _COMM: fields that begin with "_" and cannot be forged); those are
// this process's, also of records that another process left in the buffer, whose
// process id is SYSLOG_PID. A field's name or end cannot be forged by what is
// logged.
//
// # As it was tried
//
// systemd 252, without any settings for us. To read:
//
//	journalctl -t shop -o verbose
//	journalctl SYSLOG_IDENTIFIER=shop PRIORITY=3 -o json
//
// A service that logs more than 10,000 messages in 30 s sets in its unit
//
//	[Service]
//	LogRateLimitIntervalSec=0
//
// A journal of its own (LogNamespace=shop in the unit) has its socket at
// /run/systemd/journal.shop/socket: set Socket.
package journald
