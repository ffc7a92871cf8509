package crypto

import "errors"

// Counts say what became of the tokens in a document or a stream. Each token is
// counted once.
type Counts struct {
	Opened      uint64
	Moved       uint64 // whole, and not where the Layout says it belongs
	Tampered    uint64
	Truncated   uint64
	UnknownKey  uint64
	WrongKey    uint64
	Unavailable uint64 // a key service gave no key
	Version     uint64 // of a newer format

	// LongLines counts lines beyond MaxLine, which pass as they are, with the
	// tokens in them.
	LongLines uint64
}

// Failed returns how many tokens were not opened.
func (c *Counts) Failed() uint64 {
	return c.Moved + c.Tampered + c.Truncated + c.UnknownKey + c.WrongKey + c.Unavailable + c.Version
}

// mark counts a failure and returns what is written before the token that is
// left where it was.
func (c *Counts) mark(err error) string {
	for _, k := range []struct {
		err  error
		n    *uint64
		mark string
	}{
		{ErrMoved, &c.Moved, markMoved},
		{ErrTruncated, &c.Truncated, markTruncated},
		{ErrUnknownKey, &c.UnknownKey, markUnknownKey},
		{ErrWrongKey, &c.WrongKey, markWrongKey},
		{ErrUnavailable, &c.Unavailable, markUnavailable},
		{ErrVersion, &c.Version, markVersion},
	} {
		if errors.Is(err, k.err) {
			*k.n++
			return k.mark
		}
	}
	c.Tampered++
	return markTampered
}

// Marks before tokens that were not opened. The token stays, so that a later run
// with other keys opens it.
const (
	markMoved       = "!MOVED "
	markTampered    = "!TAMPERED "
	markTruncated   = "!TRUNCATED "
	markUnknownKey  = "!UNKNOWN_KEY "
	markWrongKey    = "!WRONG_KEY "
	markUnavailable = "!UNAVAILABLE "
	markVersion     = "!NEWER_VERSION "
)

// marks returns all of them, for text that an earlier run has left.
func marks() []string {
	return []string{markMoved, markTampered, markTruncated, markUnknownKey, markWrongKey, markUnavailable, markVersion}
}
