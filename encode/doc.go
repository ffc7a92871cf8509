// Package encode holds the record that slogship ships and the formats it can be
// written in.
//
// A [Record] is a slog.Record after everything about it has been settled: its
// values are resolved, its groups are nested values, it has an [ID], and it
// knows the [Resource] that logged it. An [Encoder] turns one into bytes:
//
//	tcp.Destination{Addr: "logs:6000", Encoder: encode.JSONLines{}}
//	https.Destination{URL: url, Encoder: encode.JSONLines{Keys: encode.Keys{Message: "message"}}}
//	console.Destination{Encoder: encode.Text{Color: encode.WantColor(os.Stderr, os.LookupEnv)}}
//
// Encoders are plain structs whose zero value is the default. They are
// comparable, so that a route can be compared with its next version. Not one of
// them has a constructor; what they would prepare in it is either constant or
// cheaper than a pointer to follow.
//
//   - [JSONLines], [Logfmt] and [Text] are for any program, and for people.
//   - [ECS] is for Elasticsearch and OpenSearch, also by way of Filebeat.
//   - [GELF] is for Graylog.
//   - [Pickle] is for Python programs that receive from logging's SocketHandler.
//   - [Protobuf] is for receivers of transport/grpc, and small.
//   - [RFC5424] and [RFC3164] are syslog messages.
//   - [Journal] is for systemd's journal.
//
// [SeverityOf] is the syslog severity of a level, for formats that have one.
//
// # What is logged is data
//
// Messages, keys and values may come from anybody. No encoder lets them end a
// line, start another record, move a terminal's cursor, turn text around, pass
// for the record's own fields, or make output that a parser refuses. What is
// not written as it was is escaped, numbered or marked: see [JSONLines]. The binary
// formats alone keep all characters: there, they end nothing.
//
// # Errors
//
// The encoders of this package never fail: they have an answer to any value.
// Others may; see [Encoder].
//
// # IDs
//
// [IDSource] makes a record's ID in a few nanoseconds: UUIDs of version 7, which
// sort by time, and which a cloned virtual machine does not repeat once its
// clock has been set.
package encode
