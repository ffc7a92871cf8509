// Package codec turns a log record into the bytes that the buffer keeps, and
// back.
//
// The caller of a log function runs the first half: [AppendHeader], then one
// [AppendAttr] an attribute, into a slice it reuses. This is the hot path of
// the library, so the format (FORMAT.md) is made for a cheap write: no record
// length, no attribute count, no field table; an attribute is appended and
// forgotten. Because nothing refers backwards, a handler encodes the groups and
// attributes of its With calls once and puts those bytes behind each header
// with [AppendEncoded].
//
// The delivery worker runs the second half: a [Decoder] reads a batch of
// payloads into memory it reuses. Strings it returns are parts of the payload.
//
// # Bad input
//
// A log call must not fail because of what it logs, so every input becomes a
// payload. LogValue, Error, String and the marshal methods run here, on the
// goroutine that logged: their panics become text that begins with "!PANIC: ",
// values that cannot be encoded text that begins with "!ERROR: ". What exceeds a
// limit is cut, and the record then ends with an attribute "!TRUNCATED" whose
// value says how many things were cut or left out. Invalid UTF-8 is kept as it
// is, except in [encode.JSON]; each encoder escapes it in its own way.
//
// # Limits
//
// [Limit] bounds the payload. A payload is therefore built in a slice of its
// own, from index 0: len(dst) tells each call how much the record has used.
// Attributes ([MaxAttrs]) and nesting ([MaxDepth]) are bounded within one
// AppendAttr by the encoder, which so needs no state between calls, and over
// the whole record by the decoder.
package codec
