package httppost

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport/httpstatus"
)

// Request is one POST to the client's URL.
type Request struct {
	// Body appends the plain body to a pooled buffer, which it must not keep. If
	// nothing is appended there is nothing to send, and Post returns nil.
	Body func(dst []byte) []byte

	// Key is sent as Idempotency-Key, unless empty. See [IdempotencyKey].
	Key string

	// Query, unless empty, is sent in place of the URL's own.
	Query string

	// Answered, unless nil, hears of the header of each answer before it is judged:
	// Sentry's says how long it wants no more, also with a 200.
	Answered func(status int, h http.Header)

	// Takes reports whether a status of 2xx means that the records are taken; if
	// not, the answer goes to Refuse. nil: every 2xx does. Grafana Loki has one
	// that does not.
	Takes func(status int) bool

	// Accept reads the body of a 2xx and returns what Send has to. It bounds what
	// it reads; a read fails when ctx is done. What it takes into an error goes
	// through mask, which removes secrets that the server repeats. nil: no answer
	// but the status is expected.
	Accept func(body io.Reader, mask func(string) string) error

	// Answer, unless nil, judges every answer of 2xx by itself, header, body and
	// trailers, and Takes and Accept are not asked: gRPC says in its trailers what
	// became of a request, and may say it before it has read all of that; whole
	// is whether it has. It bounds what it reads, as Accept does.
	Answer func(resp *http.Response, whole bool, mask func(string) string) error

	// Refuse makes of any other answer what Send has to return. nil:
	// [httpstatus.Error.Outcome], which is the table of DESIGN §4.
	Refuse func(*httpstatus.Error) error
}

// taken reports whether status says that the records are.
func (r *Request) taken(status int) bool {
	return httpstatus.Classify(status) == httpstatus.Accepted && (r.Takes == nil || r.Takes(status))
}

// IdempotencyKey is a hash of the records' IDs: 32 hexadecimal digits, the same
// whenever the same records go in the same batch, also after a restart
// (draft-ietf-httpapi-idempotency-key-header). It is sent without the draft's
// quotation marks, as the services that have the header expect it.
func IdempotencyKey(recs []encode.Record) string {
	h := sha256.New()
	for i := range recs {
		h.Write(recs[i].ID[:])
	}
	var sum [sha256.Size]byte
	return hex.EncodeToString(h.Sum(sum[:0])[:16])
}

// build makes the POST. RoundTrip is used without an http.Client around it:
// there is then no redirect to follow, no cookie jar, and no *url.Error that
// quotes the URL.
func (c *Client) build(ctx context.Context, p *parcel) (*http.Request, error) {
	body, err := p.load.open()
	if err != nil {
		return nil, err
	}
	h := c.header.Clone()
	if p.Key != "" {
		// Not under its canonical name: for that, net/http takes the request for
		// idempotent, and sends it again by itself when the connection breaks
		// before the answer. Sending again is the worker's, which waits, counts
		// and knows when to stop; a batch that kills its server would else kill
		// it twice. On the wire the case of a header's name means nothing.
		h["idempotency-key"] = []string{p.Key}
	}
	c.credentials.set(h, p.secret)
	if p.packed {
		h["Content-Encoding"] = []string{c.options.Compressor.Encoding()}
	}
	target := *c.url // a copy: Options.Proxy gets the request, and may write to it
	if p.Query != "" {
		target.RawQuery = p.Query
	}
	req := &http.Request{
		Method: http.MethodPost, URL: &target, Host: c.host, Header: h,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: body, GetBody: p.load.open, ContentLength: int64(p.load.size),
	}
	return req.WithContext(ctx), nil
}
