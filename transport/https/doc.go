// Package https delivers batches as HTTP POST requests: newline-delimited JSON
// or a JSON array, compressed, with credentials that may change while the
// process runs.
//
//	route.To = https.Destination{
//		URL:       "https://logs.example.com/ingest",
//		TokenFile: "/run/secrets/log-token",
//	}
//
// # Delivery
//
// Acknowledged: Send returns nil when the server has answered 2xx to the whole
// request. A 2xx that comes before the request has been read is no
// acknowledgement (ErrEarlyAnswer). Delivery is at-least-once: a server that
// dies between storing a batch and answering gets it again. Each record has its
// ID, and each request an Idempotency-Key made of them, which is the same when
// the same batch goes again; a server that knows one of them can drop
// duplicates.
//
// Send makes one request. net/http may repeat it where no server can have seen
// it: nothing of it had been written, or an HTTP/2 server says that it has turned
// it away unprocessed.
//
// # Ordering
//
// Within a request always; between requests with MaxInFlight 1, the default.
//
// # Errors
//
// Statuses are classified by package httpstatus: 400 and 422 are Permanent, 413
// is ErrTooLarge (the worker splits the batch), all others are plain and the
// batch goes again, after Retry-After where the server sent one. So are failures
// to resolve, connect, verify, or get an answer. A record that the Encoder
// refuses is Permanent in a BatchError; the others of its batch are sent.
//
// After a failure the name is resolved and connected to anew. Of several
// addresses, those that could not be connected to, or gave no answer, are tried
// behind the others from then on.
//
// Redirects are not followed: they are plain errors that name the new place.
// 301, 302 and 303 would turn the POST into a GET, and any of them may lead the
// records and credentials elsewhere; whoever operates the route sets its URL.
//
// # Limits
//
// No more than 68 KiB of an answer's body are read, for half a second, never
// uncompressed; its header may take 64 KiB. Buffers over 4 MiB are not kept. A
// Send holds its encoded batch once and its compressed form once, so memory is
// about 1.5 × MaxBytes × MaxInFlight for JSON, plus 1 MiB for each compressor.
//
// # Security
//
// TLS 1.3 and verified, unless lowered by name in the TLS options. http:// needs
// AllowPlaintext, and then no credentials are allowed. No error holds what a
// URL's user information or query, a header, a token or a proxy's URL says, nor
// do %v and %#v of a Destination. Proxies are taken from the environment as
// net/http does (HTTPS_PROXY, NO_PROXY) unless Proxy says otherwise.
package https
