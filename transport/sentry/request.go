package sentry

import (
	"bufio"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/slogship/slogship/transport/httpstatus"
)

// What of a request is logged.
const (
	maxHeaders = 64
	maxHeader  = 512 // characters of a value
	maxURL     = 2048
)

// request is r as the group that an event takes its request from.
func (m *middleware) request(r *http.Request) slog.Attr {
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	address := httpstatus.Redact(scheme + "://" + r.Host + r.URL.EscapedPath()) // masks what looks like a token in the path
	return slog.Group(requestKey, slog.String("method", r.Method), slog.String("url", cut(address, maxURL)),
		slog.String("query", cut(publicQuery(r.URL.RawQuery), maxURL)), slog.Attr{Key: "headers", Value: slog.GroupValue(m.headers(r.Header)...)})
}

// publicQuery masks the values of parameters that are credentials by their names.
func publicQuery(raw string) string {
	parts := strings.FieldsFunc(raw, func(r rune) bool { return r == '&' || r == ';' })
	for i, part := range parts {
		name, _, _ := strings.Cut(part, "=")
		plain, err := url.QueryUnescape(name)
		if err != nil || httpstatus.Sensitive(plain) {
			parts[i] = name + "=xxxxx"
		}
	}
	return strings.Join(parts, "&")
}

// headers are those that hold no secret, in the order of their names.
func (m *middleware) headers(h http.Header) []slog.Attr {
	names := make([]string, 0, len(h))
	for name := range h {
		if !private(name) && (m.Header == nil || m.Header(name)) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	attrs := make([]slog.Attr, 0, len(names))
	for _, name := range names[:min(len(names), maxHeaders)] {
		attrs = append(attrs, slog.String(name, cut(strings.Join(h[name], ", "), maxHeader)))
	}
	return attrs
}

// private reports whether a header is a credential, or says where a person is.
func private(name string) bool {
	switch name {
	case "Forwarded", "X-Forwarded-For", "X-Real-Ip", "X-Client-Ip", "True-Client-Ip", "Cf-Connecting-Ip", "Remote-Addr",
		"Set-Cookie2", "Cookie2", "X-Csrftoken", "X-Xsrf-Token", "Referer": // its query is another request's
		return true
	}
	return httpstatus.Sensitive(name)
}

// answer knows whether an answer has begun. It has what handlers look for in a
// ResponseWriter; where the one behind lacks it, they get http.ErrNotSupported.
type answer struct {
	http.ResponseWriter
	wrote bool // of the request's goroutine
}

// begun asks the writer behind as well, which a framework may have written to
// directly; Gin's has this method.
func (a *answer) begun() bool {
	if w, ok := a.ResponseWriter.(interface{ Written() bool }); ok && w.Written() {
		return true
	}
	return a.wrote
}

func (a *answer) WriteHeader(status int) {
	a.wrote = a.wrote || status >= 200 // those below announce, and do not answer
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	a.wrote = true
	return a.ResponseWriter.Write(p)
}

// ReadFrom keeps net/http's way of sending files.
func (a *answer) ReadFrom(r io.Reader) (int64, error) {
	a.wrote = true
	return io.Copy(a.ResponseWriter, r)
}

// Flush sends what there is, headers included.
func (a *answer) Flush() {
	a.wrote = true
	_ = http.NewResponseController(a.ResponseWriter).Flush() // as of a writer that has none
}

// Hijack hands the connection over: the answer is somebody else's.
func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(a.ResponseWriter).Hijack()
	a.wrote = a.wrote || err == nil
	return conn, rw, err
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
