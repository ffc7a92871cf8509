// Package httppost is the HTTP client that slogship's adapters share: one POST
// per call, with credentials that may change while the process runs, TLS files
// that are rotated, connections that are made anew after a failure, pooled
// bodies, and answers that are bounded in size and time.
//
// It knows nothing of a protocol. An adapter fills a body, and is handed the
// answer of a server that took the request; [httpstatus] judges all others. What
// a user configures are fields of the adapter's own Destination, which passes
// them on in [Options]; errors begin with the adapter's name.
//
// Embedding Options in each Destination was rejected: a promoted field cannot be
// named in a composite literal, and each adapter leaves some out.
package httppost
