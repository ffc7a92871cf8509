package https

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/httpstatus"
)

// ErrEarlyAnswer is returned by Send for a 2xx that came before the request had
// been read: some proxies and mistaken handlers answer so, and what they have
// not read they cannot have taken responsibility for. The batch goes again.
var ErrEarlyAnswer = errors.New("accepted before all of the request was read")

// drainTime is how long the rest of an answer may take once its status is known.
const drainTime = 500 * time.Millisecond

// client is the transport. Its fields do not change after Open, but for what
// guards itself.
type client struct {
	dest        *Destination
	url         *url.URL    // without user information
	header      http.Header // of each request; cloned
	host        string      // Host header; "" for the URL's
	credentials *credentials
	secrets     []string // of the configuration
	compressor  compressor
	buffers     buffers
	wire        wire
}

var _ transport.Transport = (*client)(nil)

// client puts the parts together. d has its defaults.
func (d Destination) client(u *url.URL, headers http.Header) (*client, error) {
	secure, err := d.TLS.Client()
	if err != nil {
		return nil, fmt.Errorf("https: TLS: %w", err)
	}
	creds, err := newCredentials(&d, u, headers)
	if err != nil {
		return nil, err
	}
	comp, err := newCompressor(d.Compression, d.MaxInFlight)
	if err != nil {
		return nil, err
	}
	c := &client{dest: &d, credentials: creds, compressor: comp, secrets: httpstatus.SecretsOf(u, headers)}
	c.wire.dest, c.wire.tls = &d, secure
	c.wire.names.resolver, c.wire.names.timeout = d.Resolver, d.ConnectTimeout
	c.setTarget(u, headers)
	return c, nil
}

// setTarget prepares what all requests share.
func (c *client) setTarget(u *url.URL, headers http.Header) {
	target := *u
	target.User, target.Fragment = nil, "" // net/http would make a header of the one
	c.url = &target
	c.header = http.Header{
		"Content-Type": {c.dest.Format.contentType(c.dest.Encoder)},
		"User-Agent":   {userAgent()},
	}
	for name, values := range headers {
		if name == "Host" {
			c.host = values[0] // net/http takes it from a field of its own
			continue
		}
		c.header[name] = values
	}
}

// Describe: the destination acknowledges; sizes are left to the worker's
// defaults.
func (c *client) Describe() transport.Description {
	return transport.Description{MaxInFlight: c.dest.MaxInFlight, Acknowledged: true}
}

// Send makes one request of recs.
func (c *client) Send(ctx context.Context, recs []encode.Record) error {
	to := c.wire.enter()
	if to == nil {
		return transport.ErrClosed
	}
	failed := false
	defer func() { c.wire.leave(to, failed) }()
	answers := transport.AnswersFor(len(recs))
	load, packed, err := c.pack(recs, &answers)
	if err != nil {
		return err
	}
	if load != nil {
		failed, err = c.post(ctx, to, recs, load, packed)
		load.release()
	}
	if err != nil {
		return err
	}
	return answers.Err()
}

// pack encodes and compresses recs. load is nil if the encoder refused them all.
func (c *client) pack(recs []encode.Record, answers *transport.Answers) (load *payload, packed bool, err error) {
	plain := c.buffers.get()
	var sent int
	*plain, sent = c.dest.Format.appendBatch(*plain, c.dest.Encoder, recs, answers)
	if sent == 0 {
		c.buffers.put(plain)
		return nil, false, nil
	}
	if c.compressor == nil || len(*plain) < minCompressed {
		return newPayload(&c.buffers, plain), false, nil
	}
	// The plain bytes are done with before the request begins, so that batches
	// in flight hold the small form only.
	defer c.buffers.put(plain)
	out := c.buffers.get()
	if *out, err = c.compressor.appendPacked(*out, *plain); err != nil {
		c.buffers.put(out)
		return nil, false, fmt.Errorf("https: compress: %w", err)
	}
	return newPayload(&c.buffers, out), true, nil
}

// post sends load and judges the answer. failed means that there was none.
func (c *client) post(ctx context.Context, to *links, recs []encode.Record, load *payload, packed bool) (failed bool, err error) {
	secret, err := c.credentials.get(ctx)
	if err != nil {
		return false, httpstatus.RedactError(err)
	}
	// The request's ctx ends with Send: whatever net/http still does for it then
	// is wound up.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	req, err := c.request(ctx, recs, load, packed, secret)
	if err != nil {
		return false, err
	}
	resp, err := to.http.RoundTrip(req)
	if err != nil {
		return true, c.failed(ctx, err, secret)
	}
	to.answered()
	defer drain(ctx, resp, cancel)()
	c.credentials.answered(resp.StatusCode, secret)
	if httpstatus.Classify(resp.StatusCode) != httpstatus.Accepted {
		return false, c.checker(secret).Check(resp)
	}
	if !load.wasRead() {
		return false, c.checker(secret).Failed(fmt.Errorf("%d: %w", resp.StatusCode, ErrEarlyAnswer))
	}
	return false, nil
}

// request builds the POST. RoundTrip is used without an http.Client around it:
// there is then no redirect to follow, no cookie jar, and no *url.Error that
// quotes the URL.
func (c *client) request(ctx context.Context, recs []encode.Record, load *payload, packed bool, secret string) (*http.Request, error) {
	body, err := load.open()
	if err != nil {
		return nil, err
	}
	h := c.header.Clone()
	// Not under its canonical name: for that, net/http takes the request for
	// idempotent, and sends it again by itself when the connection breaks before
	// the answer. Sending again is the worker's, which waits, counts and knows
	// when to stop; a batch that kills its server would else kill it twice. On
	// the wire the case of a header's name means nothing.
	h["idempotency-key"] = []string{idempotencyKey(recs)}
	c.credentials.set(h, secret)
	if packed {
		h["Content-Encoding"] = []string{c.compressor.encoding()}
	}
	req := &http.Request{
		Method: http.MethodPost, URL: c.url, Host: c.host, Header: h,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Body: body, GetBody: load.open, ContentLength: int64(load.size),
	}
	return req.WithContext(ctx), nil
}

// failed adds to a handshake's error why the TLS files are not what is in use.
func (c *client) failed(ctx context.Context, err error, secret string) error {
	if cause := c.wire.tls.Err(); cause != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w (%w)", err, cause)
	}
	return c.checker(secret).Failed(err)
}

// checker knows all secrets of a request. It is made per use: tokens change, and
// a healthy destination never needs the replacer behind it.
func (c *client) checker(secret string) httpstatus.Checker {
	secrets := append(httpstatus.SecretsOf(nil, http.Header{"Authorization": {secret}}), c.secrets...)
	if p := c.wire.proxyPassword.Load(); p != nil {
		secrets = append(secrets, *p)
	}
	return httpstatus.Checker{Op: "https: send", URL: c.dest.URL, Secrets: httpstatus.NewSecrets(secrets...)}
}

// Close closes the connections, those of an abandoned Send with its return.
func (c *client) Close() error {
	c.wire.close()
	return nil
}

// drain gives the body of the answer drainTime from now on, and returns what
// reads the rest of it, so that the connection can be used again. A server may
// send a status and then hang: what counts has been said.
//
// The end of ctx does not interrupt the reading by itself: where an HTTP/2
// server has answered and leaves the request's body unread, net/http waits for
// its flow control without looking at ctx. Close does interrupt it, and may be
// called at any time.
func drain(ctx context.Context, resp *http.Response, cancel context.CancelFunc) (rest func()) {
	timer := time.AfterFunc(drainTime, cancel)
	stop := context.AfterFunc(ctx, func() { _ = resp.Body.Close() })
	return func() {
		httpstatus.Drain(resp.Body)
		stop()
		timer.Stop()
	}
}

// idempotencyKey is a hash of the records' IDs: 32 hexadecimal digits, the same
// whenever the same records go in the same batch, also after a restart
// (draft-ietf-httpapi-idempotency-key-header). It is sent without the draft's
// quotation marks, as the services that have the header expect it.
func idempotencyKey(recs []encode.Record) string {
	h := sha256.New()
	for i := range recs {
		h.Write(recs[i].ID[:])
	}
	var sum [sha256.Size]byte
	return hex.EncodeToString(h.Sum(sum[:0])[:16])
}
