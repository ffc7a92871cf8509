// Package elasticsearch delivers records to Elasticsearch and OpenSearch through
// the _bulk API, as ECS documents whose _id is the record's ID.
//
//	route.To = elasticsearch.Destination{
//		URLs:       []string{"https://es1:9200", "https://es2:9200"},
//		Index:      "logs-shop-default",
//		APIKeyFile: "/run/secrets/elastic-api-key",
//	}
//
// # Delivery
//
// Acknowledged: a record is delivered when the server has answered 201 to it
// within the answer to the request, or 409: it is there already. By then it is in
// the translog of the primary and of all replicas that are in sync, on their
// disks, unless the index was set to index.translog.durability: async. It can be
// searched after the next refresh, a second later by default.
//
// Delivery is at-least-once, and duplicates are refused by the server: documents
// are created under the record's ID, which is the same for every attempt and
// after a restart, and so is the name of the index. An ID is unique within one
// index, though. Where the name stands for several in turn, which is a data
// stream or an alias with a rollover, an attempt before the rollover and
// one after it (that is, at most the requests under way when it came) can store a
// record twice; event.id is then the field to tell by. Indices with a date
// in the name have no such gap. A time series data stream (TSDS) takes no ID of
// ours, and is no place for logs.
//
// # Ordering
//
// Documents of one request are indexed in their order, shard by shard; those
// that the server asks to send again come after the others. Searches sort by
// @timestamp, to the millisecond; encode.ECS{Nanos: true} with a mapping as
// date_nanos tells more apart.
//
// # Errors
//
// A 2xx is read item by item. 429 and 5xx are plain, for these records alone:
// the worker sends them again and the others are done. 400, 413 and 422 are
// Permanent, with the server's reason as an *ItemError: it is in the dead letter.
// What is about the index and not about the document (a closed one, the limit of
// shards, an alias without a write index, a pipeline that is not there) is plain,
// as are 403 and 404.
//
// A refusal of the whole request is classified by package httpstatus: 413 is
// ErrTooLarge (the worker splits the batch), 400 and 422 are Permanent but for a
// parameter that the server does not know, all others are plain and go
// again, after Retry-After where the server sent one. So are failures to
// resolve, connect, verify, or get an answer, and what is no answer to a bulk
// request (ErrAnswer). One that is cut off counts as far as it goes.
//
// Nodes take turns. One that gives no answer, or 502, 503 or 504, is left out for
// 10 s, twice as long with each further failure, at most 5 min; then one
// request tries it. A Send makes one request to one node, whatever comes of it:
// the pause before the next belongs to the worker, so that a cluster that is
// down is not asked more often for having many nodes.
//
// Redirects are not followed.
//
// # Limits
//
// A request holds at most MaxRecords and MaxBytes (5,000, and 5 MiB in the
// buffer, some 8 MiB of JSON); Elasticsearch takes 100 MiB
// (http.max_content_length). A document of encode.ECS is at most about 1 MiB. An
// answer is read as it comes, up to 64 KiB, 8 KiB for each document and six times
// the request, and little of it is held.
// Memory is about 2.5 × MaxBytes × MaxInFlight.
//
// An idle worker waits 200 ms for more records, unless the route says otherwise.
//
// # Security
//
// TLS 1.3 and verified, unless lowered by name in the TLS options. http:// needs
// AllowPlaintext, and then no credentials are allowed. Credentials come from a
// file or a function, for each request. They appear in no error, nor in %v and
// %#v of a Destination. An API key needs the index privileges create_doc and, for
// data streams and indices that are not there yet, auto_configure; nothing more.
//
// Names of indices come from the configuration alone: a record can choose among
// them and adds nothing to them. A record can not leave its line, so it can be
// no action of its own. What a server quotes of a document in an error is asked
// not to be sent (SourceOnError), and removed where it is recognised.
package elasticsearch
