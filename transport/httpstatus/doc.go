// Package httpstatus is slogship's one table of HTTP answers: which status
// accepts a batch, which refuses its records, and which says that the
// destination is at fault. Every adapter that speaks HTTP uses it, so that a
// 403 or a 413 means the same wherever it comes from, and so that no URL,
// password or token reaches an error text.
//
// An adapter needs three calls:
//
//	checker := httpstatus.Checker{Op: "https: send", URL: url, Secrets: secrets}
//	resp, err := roundTrip(req)
//	if err != nil {
//		return checker.Failed(err) // nothing was answered
//	}
//	defer httpstatus.Drain(resp.Body)
//	return checker.Check(resp) // nil, or an error as package transport has them
//
// # Errors
//
// [Classify] has the table. What is about the records (400, 413, 422) is
// Permanent or ErrTooLarge. All else that is not 2xx is a plain error, which
// the delivery worker answers by sending again: credentials are rotated, routes
// are repaired, quotas end, and a record that was thrown away meanwhile does
// not come back.
//
// # Limits
//
// A response is never trusted with memory or time: an error holds an excerpt
// of at most [MaxExcerpt] bytes, [Drain] reads at most [MaxDrain] bytes, and a
// Retry-After of more than [MaxRetryAfter] is cut to that.
//
// # Security
//
// [Redact] takes user information, query values, fragments and token-like path
// segments out of a URL; [RedactError] does so for errors that carry one;
// [Secrets] removes known secrets from what a server sent back. Excerpts hold no
// control character, so a hostile answer cannot forge a line on a terminal.
package httpstatus
