package otlp

import (
	"net/http"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// Judge is what becomes of an answer of 2xx to a request with n records, without a
// network.
func Judge(p Protocol, resp *http.Response, n int) error {
	s := &sender{dest: &Destination{Protocol: p}, url: "http://test"}
	s.show.to = func(Partial) {}
	return s.answer(resp, true, func(text string) string { return text }, &attempt{sent: n})
}

// Encoder returns what writes a request of records, in memory that it uses again,
// and says how long it is.
func Encoder(limit int) func(recs []encode.Record) int {
	b, buf := &builder{limit: limit}, []byte(nil)
	return func(recs []encode.Record) int {
		answers := transport.AnswersFor(len(recs))
		buf = b.fill(buf[:0], recs, &attempt{}, &answers)
		return len(buf)
	}
}
