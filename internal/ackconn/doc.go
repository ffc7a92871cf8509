// Package ackconn makes the connections of adapters whose receiver
// acknowledges (RELP, lumberjack): it resolves, connects, shakes hands, and
// bounds every read and write by a context and by the receiver's silence.
//
// Package tcp has connections of its own, because nobody answers there: what an
// interrupted write leaves has to be kept, and the socket watched for an end of
// file. Here a record without an acknowledgement is simply sent again, so a
// connection in doubt is dropped.
package ackconn
