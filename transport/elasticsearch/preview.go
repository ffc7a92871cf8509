package elasticsearch

import (
	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

var _ transport.Previewer = (*sender)(nil)

// Preview returns the body of a request with rec alone: what is to be done, and
// the document.
func (s *sender) Preview(rec *encode.Record) ([]byte, error) {
	answers := transport.AnswersFor(1)
	body, _ := s.appendBatch(nil, []encode.Record{*rec}, &answers)
	if err := answers.At(0); err != nil {
		return nil, err
	}
	return body, nil
}
