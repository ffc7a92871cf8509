package httpstatus

import "net/http"

// Class is what a status says about the batch that it answers.
type Class uint8

const (
	// Accepted: the destination has taken responsibility for the batch.
	Accepted Class = iota + 1

	// Refused: the records are at fault and will be refused every time.
	Refused

	// TooLarge: the batch as a whole is too large; its halves may not be.
	TooLarge

	// Retryable: the destination, or something on the way to it, is at fault.
	Retryable
)

// String returns the class's name in lower case.
func (c Class) String() string {
	switch c {
	case Accepted:
		return "accepted"
	case Refused:
		return "refused"
	case TooLarge:
		return "too large"
	case Retryable:
		return "retryable"
	default:
		return "invalid"
	}
}

// Classify is the table (RFC 9110 §15 names the statuses):
//
//	2xx            Accepted
//	400, 422       Refused
//	413            TooLarge
//	anything else  Retryable
//
// The short list of refusals is on purpose. Other libraries drop a batch on any
// 4xx, and lose hours of logs to an expired token (401), a firewall rule (403),
// a path that a deployment has moved (404, 405), a proxy (407), a wrong
// Content-Type (415) or a quota (402, 429). None of these is about a record,
// and all of them end. Nor is 409 final: it is what a server answers to a second
// request with an Idempotency-Key whose first is still under way.
//
// 3xx is Retryable, not followed here: 301, 302 and 303 turn a POST into a GET,
// whose 200 would acknowledge records that nobody has received. 1xx, 304 and
// numbers outside HTTP's range are no answer to a POST and so Retryable, too.
func Classify(status int) Class {
	switch {
	case status >= 200 && status <= 299:
		return Accepted
	case status == http.StatusBadRequest, status == http.StatusUnprocessableEntity:
		return Refused
	case status == http.StatusRequestEntityTooLarge:
		return TooLarge
	default:
		return Retryable
	}
}
