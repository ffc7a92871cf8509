// Package group makes one destination of several: [Failover] sends to the first
// of them that is healthy, [Balance] spreads the batches over those that are, and
// [Quorum] sends to all of them and wants so many to have taken each record.
//
//	route.Route{Name: "audit", To: group.Failover{Members: []transport.Destination{
//		relp.Destination{Addr: "near.example:2514"},
//		group.Quorum{Members: []transport.Destination{kafkaA, kafkaB, kafkaC}},
//		https.Destination{URL: "https://far.example/logs"},
//	}}}
//
// Members may be of any kind, each with a format of its own, as the records are
// encoded where they are sent; and groups themselves. A member that does not
// matter for the others' acknowledgement belongs in a route of its own instead:
// there it has a buffer, and gets every record.
//
// # Health
//
// A member is healthy until a Send or a Probe of it fails, by an error that is
// not about the records, or by taking too long. It is healthy again with the
// first success at least StableAfter after its last failure. One that fails
// again soon after that needs twice as long, up to sixteen times, so that a
// member which comes and goes is used ever less. A member that can be probed
// ([transport.Prober]) is, every HeartbeatInterval in which it was not sent to,
// from the group's first Send on; of any other a Send finds out, one at a time
// and without losing anything by it. A member that asks for a pause gets it.
//
// While no member is healthy, those that answer are used, and while there is
// none of these, all are tried with each Send: the worker's backoff is the pace.
//
// The state of each member is in the route's Stats (handler.RouteStats.Members).
// A Send that one member failed and another one took is no error, so that is
// where to look for a member that is gone.
//
// # Delivery
//
// Failover and Balance: nil means that each record was taken by one member, and
// that is as good as the member's own word. Quorum: by QuorumSize of them; the
// others may never get it, which State counts as Late. A record may arrive at
// several members, as one that has taken it may fail before it says so; it has the same
// ID everywhere. A Quorum that was not reached sends the records again only to
// those that have not acknowledged them, as long as the process lives.
//
// A member that does not acknowledge (tcp, udp, syslog) has its newest records in
// the route's buffer until it vouches for them, and if its connection breaks they
// go again, to whoever is used then. With them goes all that came after them,
// also what another member took meanwhile: the price of one cursor for all.
// For a Quorum, a record is safe when QuorumSize members have it for good, and
// only one that is not goes again.
//
// # Ordering
//
// Failover and Quorum: that of their members, with one batch in flight; over a
// switch, the order in which the batches were sent. Balance: within a batch.
//
// # Errors
//
// A Send tries each member at most once and never repeats itself; the worker
// does, with backoff.
//
//   - What is about the records, Permanent and ErrTooLarge, is passed up by
//     Failover and Balance without trying others, with the member's name: a
//     record that one member refuses is one for the dead letter.
//   - Of a BatchError only what is unresolved goes on to the next member.
//   - For Quorum a refusal is a missing vote. It is passed up if so many members
//     refuse a record that the others are no quorum.
//   - Resend is passed up, in the group's own count.
//   - If nobody takes the records the error is plain, with what each member said,
//     and wraps [ErrNoMember] or [ErrQuorum]. It asks for a pause if all members
//     that failed did, for the shortest.
//   - A panic in a member is a failure of that member.
//
// # Limits
//
// 1 to 64 members, nested up to 16 deep. MaxRecords and MaxBytes are those of
// the strictest member, and so is MaxInFlight; that of a Balance is the sum, and
// with a member that does not acknowledge it is 1. A group is Acknowledged and
// may be Direct if all members are; a Quorum is never Direct. A Send of a Quorum
// waits for all members that are healthy, at most SyncTimeout; then a member that
// was late is not healthy any more.
//
// Beside its members, a group has a goroutine for each of them that can be
// probed, and wakes up once a HeartbeatInterval for it.
//
// # Security
//
// A group opens no connections of its own. Members' errors in the state have the
// user information of URLs masked.
package group
