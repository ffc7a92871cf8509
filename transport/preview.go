package transport

import "github.com/slogship/slogship/encode"

// Previewer is implemented by transports that can show what they would send,
// for handler's Explain.
type Previewer interface {
	// Preview returns what a Send of rec alone would write, in the destination's
	// format: with what stands around a record (a frame, a line of metadata),
	// without what only the network sees (compression, TLS, requests' headers). It
	// sends nothing, changes nothing, keeps nothing of rec, and may be called at
	// any time, by many goroutines, also during Send and after Close. Its error is
	// what the encoder has against the record.
	Preview(rec *encode.Record) ([]byte, error)
}
