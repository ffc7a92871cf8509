// Package loki delivers records to Grafana Loki through its push API: few labels,
// which come from the configuration and the service's own resource, and all else
// as structured metadata.
//
//	r.To = loki.Destination{URL: "https://loki:3100", Tenant: "shop", PasswordFile: "/run/secrets/loki", Username: "shop"}
//	r.MaxAge, r.OnStale = 6*24*time.Hour, route.DeadLetter
//
// In Loki, a record is then an entry whose line is its message:
//
//	{service_name="shop", host_name="a1"} | detected_level="error" | order="42"
//
// A group's attributes have its name and "_" before theirs. All names are brought
// into Loki's own form, in which a run of anything but letters, digits and "_" is
// one "_"; a name that is in use, as log_id, level, trace_id and the labels' always
// are, gets a number: "level_2". An error is its message, with its type and stack
// as NAME_type and NAME_stack. An empty value, with which Loki would leave out the
// name, is written as "".
//
// # Delivery
//
// Acknowledged: a record is delivered when Loki has answered 204 (or 200) to the
// request with it. By then it is in the write-ahead log of as many ingesters as
// replication_factor demands, written but not synced: it survives a kill of each of
// them, and the power cut of one if there are three. An ingester whose disk is full
// goes on without its log, and answers the same. Another 2xx is no
// acknowledgement: 260 is what Loki says to a tenant that it blocks.
//
// One process by itself stands a kill, and not two within the time of a
// checkpoint: its replay ends at the record that the first one has torn, without a
// word, and what came after that is gone. wal.checkpoint_duration (5 min) bounds
// this time; replication is the remedy.
//
// Delivery is at-least-once. A copy has the same labels, nanosecond, line and
// metadata, and Loki drops it while it has the first one in the block that it is
// filling (256 KiB) of the same stream. Otherwise both are shown: after a kill some
// entries of the request under way, and more where a stream is divided by its
// load (shard_streams), or where Labels or Encoder were changed between two
// attempts. log_id tells. It is always among the metadata, since Loki would
// take two records that are the same in all else for one.
//
// # Ordering
//
// Entries of a request are sorted by time. Loki shows a stream by time, whatever
// came first; entries of one nanosecond are in the order in which they came.
//
// Loki refuses an entry that is an hour (half of max_chunk_age) behind the newest
// of its stream, older than a week (reject_old_samples_max_age) or more than ten
// minutes ahead. A backlog is sent oldest first and passes as long as its
// stream is its own, which is why the host is a label by default; see MaxSkew for
// records whose own clock is wrong. For a backlog older than a week there is the
// route's MaxAge: with 6 days, what OnStale says is done before Loki can refuse
// it, and Restamp sends it with the present time.
//
// # Errors
//
// Each stream has a request of its own, so that an answer is about one stream. If
// some are refused and others stored, only the refused ones go again. 400 and
// 422 are then Permanent: the worker divides the batch until the guilty record
// stands alone, and it is in the dead letter with Loki's reason, an
// *httpstatus.Error. Loki has stored the others at the first attempt and
// gets some of them again, as copies. 413 divides, too.
//
// 429 (limits of rate and of streams), 5xx, 401, 403, 404 and 260 are plain: the
// same records go again, after Retry-After where one was sent. So are failures to
// resolve, connect, verify, or get an answer. What is about the configuration and
// answered with 400 all the same (structured metadata that is not allowed, labels
// that are demanded) refuses every record, at which the worker holds them.
//
// Redirects are not followed.
//
// # Limits
//
// A line has at most MaxLine bytes (256 KiB) and is cut with a mark. The metadata
// of an entry has at most MaxMetadataCount names and MaxMetadata bytes (128 and
// 64 KiB). A record that has more of it loses nothing: its line is the whole
// record in JSON, and its metadata what identifies it. A request has at most
// MaxRecords and MaxBytes (5,000 and 1 MiB in the buffer). Memory is about
// 4 × MaxBytes × MaxInFlight.
//
// An idle worker waits 200 ms for more records, unless the route says otherwise.
//
// # Security
//
// TLS 1.3 and verified, unless lowered by name in the TLS options. http:// needs
// AllowPlaintext, and then no credentials are allowed. Credentials come from a
// file or a function, for each request. They appear in no error, nor in %v and
// %#v of a Destination. The tenant is no credential, and is shown.
//
// A record chooses neither tenant nor stream nor the name of a label, and takes
// none of the names that identify a record. Control characters and those that turn
// the direction of text are written as \u001b in lines and metadata, but for line
// feeds and tabs, so that no terminal obeys them; an Encoder has rules of its own.
package loki
