package httppost

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slogship/slogship/transport/httpstatus"
	"github.com/slogship/slogship/transport/tlsconfig"
)

const (
	// maxHeader bounds an answer's header; net/http's default is 10 MiB (T34).
	maxHeader = 64 << 10

	// maxStream and maxConn bound what an HTTP/2 server may send ahead of our
	// reading; net/http's defaults are 4 MiB and 1 GiB (T34).
	maxStream = 64 << 10
	maxConn   = 1 << 20

	// pingAfter and pingTimeout find an HTTP/2 connection dead whose peer has
	// gone without a word. An HTTP/1.1 connection is closed with its request.
	pingAfter   = 15 * time.Second
	pingTimeout = 10 * time.Second
)

// errEnvironmentProxy stands for ProxyFromEnvironment's error, which quotes the
// variable with the password in it.
var errEnvironmentProxy = errors.New("HTTPS_PROXY or HTTP_PROXY is no valid URL")

// wire keeps the links to the server: an http.Transport of our own, for
// http.DefaultTransport is everybody's to change and its connections to fill.
type wire struct {
	options *Options
	tls     *tlsconfig.Client
	names   names

	proxyPassword atomic.Pointer[string] // of the proxy used last, to be masked

	mu      sync.Mutex
	current *links // guarded by mu; nil before the first Send, after a failure and after close
	closed  bool   // guarded by mu
}

// enter returns the links for one Send, new ones if the TLS files have changed:
// net/http keeps one tls.Config for all connections, so a rotated authority
// needs a new transport, and a rotated client certificate a new connection. It
// returns nil after close.
func (w *wire) enter() *links {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return nil
	}
	if version := w.tls.Version(); w.current == nil || w.current.version != version {
		w.retireLocked()
		w.current = w.newLinks(version)
	}
	w.current.enter()
	return w.current
}

// leave ends the use of l by one Send. After a failure the next Send resolves
// and connects anew, whatever state the connections seem to be in: an HTTP/2
// connection through a firewall that has forgotten it looks well until its ping
// is not answered.
func (w *wire) leave(l *links, failed bool) {
	if failed {
		w.mu.Lock()
		if w.current == l {
			w.retireLocked()
		}
		w.mu.Unlock()
	}
	l.leave(failed)
}

// close lets the Sends under way finish, or be cut off by their ctx.
func (w *wire) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.retireLocked()
}

func (w *wire) retireLocked() {
	if w.current != nil {
		w.current.retire()
		w.current = nil
	}
}

// newLinks makes an http.Transport that waits, holds and unpacks no more than
// was decided here; what net/http would do by default is in T34. As many idle
// connections are kept as there may be Sends: with net/http's two, eight in flight
// over HTTP/1.1 would make six anew for each round.
func (w *wire) newLinks(version uint64) *links {
	o := w.options
	l := &links{version: version, names: &w.names, conns: map[*conn]bool{}}
	l.ended, l.end = context.WithCancel(context.Background()) // no Send's: it outlives each
	l.http = &http.Transport{
		Proxy:                  w.proxy,
		OnProxyConnectResponse: w.proxyAnswer,
		DialContext:            l.dial,
		TLSClientConfig:        w.tls.Config(""),
		TLSHandshakeTimeout:    o.ConnectTimeout,
		DisableCompression:     true, // we ask for no compressed answers and unpack none
		MaxIdleConnsPerHost:    o.MaxInFlight,
		IdleConnTimeout:        o.IdleTimeout,
		MaxResponseHeaderBytes: maxHeader,
		WriteBufferSize:        32 << 10,
		Protocols:              new(http.Protocols),
		HTTP2: &http.HTTP2Config{
			SendPingTimeout:               pingAfter,
			PingTimeout:                   pingTimeout,
			MaxReceiveBufferPerStream:     maxStream,
			MaxReceiveBufferPerConnection: maxConn,
		},
	}
	l.http.Protocols.SetHTTP1(!o.GRPC)
	l.http.Protocols.SetUnencryptedHTTP2(o.GRPC)
	l.http.Protocols.SetHTTP2(!o.HTTP1)
	return l
}

// watched is ctx for a request whose connection, if it makes one, is told of when
// its server is not verified.
func (w *wire) watched(ctx context.Context, host string) context.Context {
	if !w.tls.Insecure() {
		return ctx
	}
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{TLSHandshakeDone: func(_ tls.ConnectionState, err error) {
		if err == nil {
			w.tls.Warn(ctx, host)
		}
	}})
}

// proxy is Options.Proxy or the environment's, and remembers the password.
func (w *wire) proxy(r *http.Request) (*url.URL, error) {
	choose := w.options.Proxy
	if choose == nil {
		choose = http.ProxyFromEnvironment
	}
	u, err := choose(r)
	switch {
	case err != nil && w.options.Proxy == nil:
		return nil, errEnvironmentProxy
	case err != nil:
		return nil, httpstatus.RedactError(err)
	case u != nil && u.User != nil:
		password, _ := u.User.Password()
		w.proxyPassword.Store(&password)
	}
	return u, nil
}

// proxyAnswer makes a proxy's refusal of CONNECT an *httpstatus.Error with the
// proxy's URL. net/http would make the reason phrase the error: any text that the
// proxy likes, and not the status. It is not an Outcome: a proxy's 400 is not
// about records. The body is left unread, for it would be read without a
// deadline.
func (w *wire) proxyAnswer(_ context.Context, proxy *url.URL, _ *http.Request, resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	checker := httpstatus.Checker{Op: w.options.Adapter + ": connect through proxy", URL: proxy.String()}
	return checker.Refusal(&http.Response{StatusCode: resp.StatusCode, Header: resp.Header, Request: resp.Request})
}
