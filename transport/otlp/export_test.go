package otlp

import "net/http"

// Judge is what becomes of an answer of 2xx to a request with n records, without a
// network.
func Judge(p Protocol, resp *http.Response, n int) error {
	s := &sender{dest: &Destination{Protocol: p}, url: "http://test"}
	s.show.to = func(Partial) {}
	return s.answer(resp, true, func(text string) string { return text }, &attempt{sent: n})
}
