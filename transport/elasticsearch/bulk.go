package elasticsearch

import (
	"bytes"
	"fmt"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// appendBatch appends the request's body: for each record a line that says what
// to do, and the document on a line of its own. sent is how many documents are
// in it; the others, which the encoder refused, have a Permanent error in
// answers.
//
//	{"create":{"_index":"shop-2026.11.23","_id":"019ab0f2-…"}}
//	{"@timestamp":"2026-11-23T09:49:44.123Z", … }
//
// create, not index: data streams take nothing else, and a document that is
// there already is refused with 409 instead of being written, and its version
// raised, a second time.
func (s *sender) appendBatch(dst []byte, recs []encode.Record, answers *transport.Answers) (body []byte, sent int) {
	for i := range recs {
		start := len(dst)
		dst = s.appendAction(dst, &recs[i])
		document := len(dst)
		next, err := s.dest.Encoder.AppendRecord(dst, &recs[i])
		if err != nil {
			answers.Set(i, transport.Permanent(fmt.Errorf("elasticsearch: encode %v: %w", recs[i].ID, err)))
			dst = dst[:start]
			continue
		}
		dst = next
		oneLine(dst[document:])
		dst = append(dst, '\n')
		sent++
	}
	return dst, sent
}

// appendAction needs no escapes: the name was checked, and the ID is digits.
func (s *sender) appendAction(dst []byte, rec *encode.Record) []byte {
	dst = append(dst, `{"create":{`...)
	if s.chooser.fixed == "" {
		dst = append(dst, `"_index":"`...)
		dst = append(s.chooser.appendName(dst, rec), '"')
	}
	if !rec.ID.IsZero() {
		if s.chooser.fixed == "" {
			dst = append(dst, ',')
		}
		dst = append(dst, `"_id":"`...)
		dst, _ = rec.ID.AppendText(dst) // never fails
		dst = append(dst, '"')
	}
	return append(dst, "}}\n"...)
}

// oneLine makes line breaks spaces: an Encoder of the user's own may indent, and
// a line of a document would be taken for the next action (S1). In JSON a raw one
// can stand only between tokens.
func oneLine(document []byte) {
	if bytes.IndexByte(document, '\n') < 0 && bytes.IndexByte(document, '\r') < 0 {
		return // by far the most
	}
	for i, c := range document {
		if c == '\n' || c == '\r' {
			document[i] = ' '
		}
	}
}
