package https

import (
	"bytes"
	"errors"
	"fmt"
	"mime"
	"strings"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// Format is how the records of a batch become one body.
type Format uint8

const (
	// NDJSON, the default, is one record a line, each line ended by "\n":
	// application/x-ndjson. Any Encoder will do; a line break that a record's
	// text has becomes a space, so that a record is always one line. Its
	// Content-Type is the encoder's own if that is not JSON.
	NDJSON Format = iota

	// JSONArray is one JSON array of the records: application/json. The
	// Encoder has to write JSON.
	JSONArray
)

// String returns the format's name.
func (f Format) String() string {
	switch f {
	case NDJSON:
		return "NDJSON"
	case JSONArray:
		return "JSONArray"
	default:
		return fmt.Sprintf("Format(%d)", uint8(f))
	}
}

// contentType returns the body's media type.
func (f Format) contentType(enc encode.Encoder) string {
	switch {
	case !writesJSON(enc):
		return enc.ContentType()
	case f == JSONArray:
		return "application/json"
	default:
		return "application/x-ndjson"
	}
}

// writesJSON reports whether enc's records are JSON texts.
func writesJSON(enc encode.Encoder) bool {
	media, _, err := mime.ParseMediaType(enc.ContentType())
	return err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
}

// appendBatch appends the body for recs to dst. sent is how many are in it; the
// others, which the encoder refused, have a Permanent error in answers.
func (f Format) appendBatch(dst []byte, enc encode.Encoder, recs []encode.Record, answers *transport.Answers) (body []byte, sent int) {
	if f == JSONArray {
		dst = append(dst, '[')
	}
	for i := range recs {
		start := len(dst)
		if f == JSONArray && sent > 0 {
			dst = append(dst, ",\n"...)
		}
		record := len(dst)
		next, err := enc.AppendRecord(dst, &recs[i])
		if err != nil {
			answers.Set(i, transport.Permanent(fmt.Errorf("https: encode %v: %w", recs[i].ID, err)))
			dst = dst[:start]
			continue
		}
		dst = next
		sent++
		if f == NDJSON {
			oneLine(dst[record:])
			dst = append(dst, '\n')
		}
	}
	if f == JSONArray {
		dst = append(dst, ']')
	}
	return dst, sent
}

// oneLine makes line breaks spaces. In JSON a raw one can stand only between
// tokens; in a text it would forge a record (S1).
func oneLine(record []byte) {
	if bytes.IndexByte(record, '\n') < 0 && bytes.IndexByte(record, '\r') < 0 {
		return // by far the most: two passes of vector code
	}
	for i, c := range record {
		if c == '\n' || c == '\r' {
			record[i] = ' '
		}
	}
}

// checkFormat is the part of Destination's validation that is about the body.
func checkFormat(f Format, enc encode.Encoder) error {
	if f > JSONArray {
		return fmt.Errorf("https: Format %v: %w: want NDJSON or JSONArray", f, ErrConfig)
	}
	if f == JSONArray && !writesJSON(enc) {
		return fmt.Errorf("https: Format JSONArray: the Encoder writes %q: %w: want JSON", enc.ContentType(), ErrConfig)
	}
	if err := encode.Validate(enc); err != nil {
		return fmt.Errorf("https: Encoder: %w", errors.Join(ErrConfig, err))
	}
	return nil
}
