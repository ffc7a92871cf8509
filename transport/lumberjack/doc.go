// Package lumberjack delivers records into Logstash's beats input, over version
// 2 of the protocol that Filebeat and the other Beats speak (also called
// lumberjack), as documents of the Elastic Common Schema.
//
//	route.Route{Name: "elk", To: lumberjack.Destination{Addrs: []string{"logstash-1:5044", "logstash-2:5044"}}}
//
// The Logstash pipeline is the usual one:
//
//	input { beats { port => 5044 } }
//	output {
//	  elasticsearch {
//	    hosts => ["https://elasticsearch:9200"]
//	    index => "%{[@metadata][beat]}-%{[@metadata][version]}-%{+YYYY.MM.dd}"
//	    document_id => "%{[event.id]}"
//	    action => "create"
//	  }
//	}
//
// The document's id makes repeats harmless: the record's ID is the event's field
// "event.id". Names with dots are written as they are ("log.level", not an object
// "log"), as Elastic's own loggers do it: Elasticsearch takes both for the same,
// and Logstash writes [log.level], unless its filter de_dot with nested => true
// makes objects of them.
//
// The protocol was tried with the server of github.com/elastic/go-lumber, which
// is Elastic's own: as a process that is killed while it receives (see
// internal/interop), and not with Logstash itself.
//
// # Filebeat's way
//
// Where Filebeat runs anyway, package file writes what it reads, and no
// connection is needed:
//
//	route.Route{Name: "elk", To: file.Destination{Path: "/var/log/shop/shop.log", Encoder: encode.ECS{}}}
//
// with this in filebeat.yml:
//
//	filebeat.inputs:
//	  - type: filestream
//	    id: shop                              # keeps the position over restarts
//	    paths: ["/var/log/shop/shop.log*"]
//	    prospector.scanner.exclude_files: ['\.gz$']
//	    file_identity.native: ~               # by inode: a renamed file goes on where it was
//	    close.on_state_change.renamed: false
//	    parsers:
//	      - ndjson: {target: "", overwrite_keys: true, expand_keys: true, add_error_key: true}
//	output.logstash:
//	  hosts: ["logstash-1:5044", "logstash-2:5044"]
//
// A file that is full is renamed and a new one made, never copied and cut, so an
// agent that follows a file by its inode reads each line to its end; the newest
// rotated file is never compressed. The file's Mode is 0600: an agent that is not
// root needs 0640 and a group. Delivery is then the agent's promise: what it has
// not read when a rotated file is removed (file.Destination's Keep, KeepFor,
// KeepBytes) is lost, and nobody tells. An agent that watches a single name, as
// rsyslog's imfile does, also misses a file that came and went between two of
// its looks: let MaxSize be many seconds of records, and the agent match the
// names of rotated files, as above. This was tried with Filebeat 7.17, which was
// killed while it read, and with rsyslog's imfile (see internal/interop).
//
// # Delivery
//
// A batch is a window: its size, its events with the numbers 1, 2, 3, …, and then
// the receiver's acks. Send returns nil when the last number is acknowledged:
// Logstash does that when its queue has the events. That queue is in memory by
// default; with queue.type: persisted, what was acknowledged survives Logstash.
//
// An ack of a smaller number is for the events up to it. When a connection
// breaks, those are done, and the next Send begins with the one behind them. So
// at most a window arrives twice for each break.
//
// A receiver that is slow says so with acks that are no news (repeated ones, or
// 0). They begin AnswerTimeout anew. A Send that ends with its ctx meanwhile leaves
// the window as it is, and the next one, which brings the same records, goes on
// waiting for its acks, instead of sending all of it once more.
//
// # Ordering
//
// Events are sent in order on one connection, a window at a time. Those that go
// again after a break may follow newer ones that had arrived.
//
// # Errors
//
// The protocol cannot refuse an event. What the encoder refuses is permanent for
// that record alone. Everything else is about the connection, and plain for all
// records that are not acknowledged: names that do not resolve, refused and
// broken connections, failed handshakes, frames that are no acks, acks beyond
// the window, silence for AnswerTimeout, the end of ctx.
//
// # Limits
//
// An event is what [encode.ECS] makes of a record, at most a little over 1 MiB
// unless its MaxBytes says otherwise. Memory per destination: a batch in the
// format (compressed, unless Uncompressed), zlib's 1.2 MB, and 24 bytes for each
// record of a window. At most 4 MiB of it is kept between two Sends. Of what the
// receiver says 4 KiB are read ahead.
//
// # Security
//
// Without TLS everybody on the way can read, change and acknowledge records.
// With TLS the server is verified (see package tlsconfig); with a client
// certificate, the client is. Certificates and authorities are read anew for
// each connection, and when they have changed on disk, the connection is closed
// between two batches and made again. Nothing that was logged can become part of
// @metadata, from which index names are made: [encode.ECS] keeps attributes from
// it. Destination holds no secrets, and no error repeats what a receiver has said.
package lumberjack
