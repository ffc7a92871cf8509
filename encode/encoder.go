package encode

// Encoder turns records into one format's bytes.
//
// Implementations are safe for concurrent use and keep no state between
// records.
type Encoder interface {
	// AppendRecord appends rec in the encoder's format to dst and returns the
	// extended slice. It appends one whole record without any framing (no
	// trailing newline), does not change rec, and keeps neither rec nor what it
	// points to. On an error it returns dst as it got it; an error is about this
	// record alone and will be the same every time, so a transport passes it up
	// as permanent for that record.
	AppendRecord(dst []byte, rec *Record) ([]byte, error)

	// ContentType returns the format's media type, such as "application/json".
	ContentType() string
}
