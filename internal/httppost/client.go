package httppost

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/httpstatus"
)

// ErrEarlyAnswer is returned by Post for a 2xx that came before the request had
// been read: some proxies and mistaken handlers answer so, and what they have
// not read they cannot have taken responsibility for. The batch goes again.
var ErrEarlyAnswer = errors.New("accepted before all of the request was read")

// drainTime is how long the rest of an answer may take once all that counts of
// it is known.
const drainTime = 500 * time.Millisecond

// Client posts to one URL. It is safe for concurrent use. Its fields do not
// change after Open, but for what guards itself.
//
// It has no queue and no retries, and MaxInFlight is not enforced: that many Posts
// at a time is what the worker keeps to. Here it only says how many connections
// are worth keeping.
type Client struct {
	options     *Options    // with its defaults
	url         *url.URL    // without user information
	header      http.Header // of each request; cloned
	host        string      // Host header; "" for the URL's
	credentials *credentials
	secrets     []string // of the configuration, to be masked in errors
	buffers     buffers
	wire        wire
}

// client puts the parts together. o has its defaults.
func (o Options) client(u *url.URL, headers http.Header) (*Client, error) {
	secure, err := o.TLS.Client()
	if err != nil {
		return nil, fmt.Errorf("%s: TLS: %w", o.Adapter, err)
	}
	creds, err := newCredentials(&o, u, headers)
	if err != nil {
		return nil, err
	}
	c := &Client{options: &o, credentials: creds, secrets: append(httpstatus.SecretsOf(u, headers), o.Secrets...)}
	c.wire.options, c.wire.tls = &o, secure
	c.wire.names.resolver, c.wire.names.timeout = o.Resolver, o.ConnectTimeout
	c.setTarget(u, headers)
	return c, nil
}

// setTarget prepares what all requests share.
func (c *Client) setTarget(u *url.URL, headers http.Header) {
	target := *u
	target.User, target.Fragment = nil, "" // net/http would make a header of the one
	c.url = &target
	c.header = http.Header{
		"Content-Type": {c.options.ContentType},
		"User-Agent":   {userAgent()},
	}
	if c.options.GRPC {
		c.header["Te"] = []string{"trailers"}
	}
	for name, values := range headers {
		if name == "Host" {
			c.host = values[0] // net/http takes it from a field of its own
			continue
		}
		c.header[name] = values
	}
}

// Post makes one request of r. The error is one of package transport's, with the
// adapter's name and without secrets. silent says that the server was asked and
// gave no answer.
func (c *Client) Post(ctx context.Context, r *Request) (silent bool, err error) {
	to := c.wire.enter()
	if to == nil {
		return false, transport.ErrClosed
	}
	// enter comes before the packing, which takes milliseconds: a Close meanwhile
	// leaves the links to this Post.
	defer func() { c.wire.leave(to, silent) }()
	load, packed, err := c.pack(r)
	if err != nil || load == nil {
		return false, err
	}
	defer load.release()
	secret, err := c.credentials.get(ctx)
	if err != nil {
		return false, httpstatus.RedactError(err)
	}
	return c.exchange(ctx, to, &parcel{Request: r, load: load, packed: packed, secret: secret})
}

// parcel is a request that is packed. Its secret is the one that was sent: the
// file may hold another by the time of the answer, and it is the sent one that a
// 401 is about and that the answer may repeat.
type parcel struct {
	*Request
	load   *payload
	packed bool
	secret string
}

// pack makes the body and compresses it. load is nil if there is nothing in it. The
// body is made as a whole before it is sent, not while: its length is then known
// (chunks are what some proxies refuse), and a connection that breaks can be given
// it again.
func (c *Client) pack(r *Request) (load *payload, packed bool, err error) {
	plain := c.buffers.get()
	if *plain = r.Body(*plain); len(*plain) == 0 {
		c.buffers.put(plain)
		return nil, false, nil
	}
	if c.options.Compressor == nil || len(*plain) < minCompressed {
		return newPayload(&c.buffers, plain), false, nil
	}
	// The plain bytes are done with before the request begins, so that batches
	// in flight hold the small form only.
	defer c.buffers.put(plain)
	out := c.buffers.get()
	if *out, err = c.options.Compressor.AppendPacked(*out, *plain); err != nil {
		c.buffers.put(out)
		return nil, false, fmt.Errorf("%s: compress: %w", c.options.Adapter, err)
	}
	return newPayload(&c.buffers, out), true, nil
}

// exchange sends p and judges the answer.
func (c *Client) exchange(ctx context.Context, to *links, p *parcel) (silent bool, err error) {
	// The request's ctx ends with Send: whatever net/http still does for it then
	// is wound up.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	req, err := c.build(c.wire.watched(ctx, c.host), p)
	if err != nil {
		return false, err
	}
	resp, err := to.http.RoundTrip(req)
	if err != nil {
		return true, c.failed(ctx, err, p.secret)
	}
	to.answered()
	c.credentials.answered(resp.StatusCode, p.secret)
	// The end of ctx does not interrupt the reading of a body by itself: where an
	// HTTP/2 server has answered and leaves the request's body unread, net/http
	// waits for its flow control without looking at ctx. Close does interrupt it,
	// and may be called at any time.
	stop := context.AfterFunc(ctx, func() { _ = resp.Body.Close() })
	defer stop()
	if p.Answered != nil {
		p.Answered(resp.StatusCode, resp.Header)
	}
	// Once for all items of a bulk answer, and not at all for most: NewSecrets is
	// dear beside the reading of an answer that accepts.
	secrets := sync.OnceValue(func() httpstatus.Secrets { return c.checker(p.secret).Secrets })
	mask := func(text string) string { return secrets().Text(text) }
	whole := p.load.wasRead()
	accepted := p.taken(resp.StatusCode) && whole
	switch {
	case p.Answer != nil && httpstatus.Classify(resp.StatusCode) == httpstatus.Accepted:
		accepted, err = true, p.Answer(resp, whole, mask)
	case accepted && p.Accept != nil:
		err = p.Accept(resp.Body, mask)
	}
	// A server may send a status and then hang: what counts has been said.
	timer := time.AfterFunc(drainTime, cancel)
	defer timer.Stop()
	if !accepted {
		err = c.refused(p, resp)
	}
	httpstatus.Drain(resp.Body)
	return false, err
}

// refused makes an error of an answer that does not accept.
func (c *Client) refused(p *parcel, resp *http.Response) error {
	checker := c.checker(p.secret)
	if p.taken(resp.StatusCode) {
		return checker.Failed(fmt.Errorf("%d: %w", resp.StatusCode, ErrEarlyAnswer))
	}
	refusal := checker.Refusal(resp)
	if p.Refuse != nil {
		return p.Refuse(refusal)
	}
	return refusal.Outcome()
}

// failed adds to a handshake's error what would mend it, and why the TLS files
// are not what is in use. Not when ctx is done: then the handshake was cut off, and
// the advice would be about nothing.
func (c *Client) failed(ctx context.Context, err error, secret string) error {
	if ctx.Err() == nil {
		err = c.wire.tls.Explain(err)
	}
	return c.checker(secret).Failed(err)
}

// checker knows all secrets of a request. It is made per use: tokens change, and
// a healthy destination never needs the replacer behind it.
func (c *Client) checker(secret string) httpstatus.Checker {
	sent := http.Header{"Authorization": {secret, c.credentials.value(secret)}}
	secrets := append(httpstatus.SecretsOf(nil, sent), c.secrets...)
	if p := c.wire.proxyPassword.Load(); p != nil {
		secrets = append(secrets, *p)
	}
	return httpstatus.Checker{Op: c.options.Adapter + ": send", URL: cmp.Or(c.options.ShownURL, c.options.URL), Secrets: httpstatus.NewSecrets(secrets...)}
}

// Close closes the connections, those of an abandoned Send with its return.
func (c *Client) Close() {
	c.wire.close()
}
