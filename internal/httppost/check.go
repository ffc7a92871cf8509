package httppost

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/slogship/slogship/internal/hostaddr"
	"github.com/slogship/slogship/internal/preflight"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/httpstatus"
)

// maxAnswer bounds what Ask reads of an answer.
const maxAnswer = 64 << 10

// Steps looks at the way to the server, or to the proxy before it.
func (c *Client) Steps(ctx context.Context) []transport.Finding {
	proxy, err := c.wire.proxy(&http.Request{URL: c.url})
	if err != nil {
		return []transport.Finding{preflight.Bad("proxy", c.url.Host, err, "correct the proxy's URL")}
	}
	if proxy == nil {
		return c.way(ctx, c.url)
	}
	found := c.way(ctx, proxy)
	return append(found, preflight.Skip(preflight.Name, c.url.Host, "it is reached through the proxy "+proxy.Host))
}

// way looks at the way to the host that u names. The names known from Post are not
// used: an address that failed there is what a preflight has to find.
func (c *Client) way(ctx context.Context, u *url.URL) []transport.Finding {
	ports := map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}
	addr := net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), ports[u.Scheme]))
	name, err := hostaddr.Parse("tcp", addr, c.options.Resolver)
	if err != nil {
		return []transport.Finding{preflight.Bad(preflight.Name, u.Host, err, "correct the URL")}
	}
	h := preflight.Host{Name: name}
	if u.Scheme == "https" {
		h.TLS, h.ALPN = c.wire.tls, []string{"h2", "http/1.1"}
		if c.options.HTTP1 {
			h.ALPN = h.ALPN[1:]
		}
	}
	return h.Check(ctx)
}

// Ask is a request of a preflight, with the credentials of every other.
type Ask struct {
	Check   string   // what the finding is about
	Subject string   // "": the URL
	Method  string   // "": GET
	URL     *url.URL // nil: the client's
	Body    []byte   // nil: none, and then no Content-Type
	// Judge makes a finding of an answer; ok is false for one that means what it
	// does everywhere. nil: for all of them. Secrets that the server repeats are
	// removed from the finding's texts afterwards.
	Judge func(a *Answer) (f transport.Finding, ok bool)
}

// Answer is what Judge sees.
type Answer struct {
	Subject string
	Status  int
	Header  http.Header
	Trailer http.Header
	Body    []byte // at most 64 KiB

	// Mask removes the secrets that the server repeats. It is for text that Judge
	// cuts: of a secret that is cut no half is recognised afterwards.
	Mask func(text string) string
}

// Ask makes one request and judges the answer. It uses Post's own links: a
// connection of another kind could find well what Post fails on.
func (c *Client) Ask(ctx context.Context, a Ask) transport.Finding {
	target := a.URL
	if target == nil {
		target = c.url
	}
	a.Subject = cmp.Or(a.Subject, httpstatus.Redact(target.String()))
	secret, err := c.credentials.get(ctx)
	if err != nil {
		return preflight.Bad(preflight.Credentials, "", httpstatus.RedactError(err), "let this process read them")
	}
	checker := c.checker(secret)
	checker.Op, checker.URL = c.options.Adapter+": check", target.String()
	to := c.wire.enter()
	if to == nil {
		return preflight.Bad(a.Check, a.Subject, transport.ErrClosed, "check before Close")
	}
	resp, err := to.http.RoundTrip(c.question(ctx, &a, target, secret))
	if err != nil {
		c.wire.leave(to, true)
		return preflight.Bad(a.Check, a.Subject, checker.Failed(c.wire.tls.Explain(err)), "see the error, and the steps before")
	}
	defer c.wire.leave(to, false)
	body := resp.Body                                           // judge puts another one in its place, and ctx may end meanwhile
	stop := context.AfterFunc(ctx, func() { _ = body.Close() }) // as in exchange
	defer stop()
	return c.judge(&a, resp, checker)
}

// question builds the request.
func (c *Client) question(ctx context.Context, a *Ask, target *url.URL, secret string) *http.Request {
	h := c.header.Clone()
	if a.Body == nil {
		h.Del("Content-Type")
	}
	c.credentials.set(h, secret)
	to := *target // a copy: Options.Proxy gets the request, and may write to it
	req := &http.Request{
		Method: cmp.Or(a.Method, http.MethodGet), URL: &to, Host: c.host, Header: h,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	if a.Body != nil {
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(a.Body)), int64(len(a.Body))
	}
	return req.WithContext(ctx)
}

// judge asks a's own function first.
func (c *Client) judge(a *Ask, resp *http.Response, checker httpstatus.Checker) transport.Finding {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer)) // what came is enough
	httpstatus.Drain(resp.Body)
	answer := &Answer{Subject: a.Subject, Status: resp.StatusCode, Header: resp.Header, Trailer: resp.Trailer, Body: body, Mask: checker.Secrets.Text}
	if a.Judge != nil {
		if f, ok := a.Judge(answer); ok {
			f.Found, f.Remedy = checker.Secrets.Text(f.Found), checker.Secrets.Text(f.Remedy)
			f.Err = checker.Secrets.Error(f.Err)
			return f
		}
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return answered(a, resp.StatusCode, checker.Refusal(resp))
}

// answered is what a status means everywhere.
func answered(a *Ask, status int, refusal *httpstatus.Error) transport.Finding {
	bad := func(check, remedy string) transport.Finding { return preflight.Bad(check, a.Subject, refusal, remedy) }
	switch {
	case status >= 200 && status <= 299:
		return preflight.Good(a.Check, a.Subject, "answered %d", status)
	case status == http.StatusUnauthorized:
		return bad(preflight.Credentials, "set credentials, or renew them: the server does not know these")
	case status == http.StatusForbidden:
		return bad(preflight.Credentials, "give the user or the token the right to do this, or let a firewall pass it")
	case status == http.StatusProxyAuthRequired:
		return bad("proxy", "put the proxy's user and password into its URL")
	case status >= 300 && status <= 399:
		return bad(a.Check, "set the URL that it points to: redirects are not followed")
	case status == http.StatusNotFound:
		return bad(a.Check, "correct the URL's path")
	case status == http.StatusTooManyRequests, status == http.StatusServiceUnavailable:
		return preflight.Warn(a.Check, a.Subject, refusal.Error(), "the server is busy or not ready; records wait for it")
	default:
		return bad(a.Check, "look at the server, or at what stands before it")
	}
}

// errNotOurs: what answers is not what the adapter speaks to.
var errNotOurs = errors.New("not what is expected there")

// NotOurs is the error of an answer that another kind of server has given.
func NotOurs(a *Answer) error {
	return fmt.Errorf("status %d, Content-Type %.60q: %w", a.Status, a.Header.Get("Content-Type"), errNotOurs)
}
