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

// Validator is implemented by encoders whose fields can be wrong, such as two
// that share a name.
type Validator interface {
	// Validate returns what is wrong with the encoder's configuration, or nil.
	// The encoder writes valid output even so.
	Validate() error
}

// Validate asks enc if it is a [Validator]. Transports call it when they are
// opened, so that a mistake is found then and not in the output.
func Validate(enc Encoder) error {
	if v, ok := enc.(Validator); ok {
		return v.Validate()
	}
	return nil
}
