package httplog

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// answer is the ResponseWriter that handlers get. It notes what becomes of the
// answer. It belongs to the request's goroutine, as every ResponseWriter does.
type answer struct {
	http.ResponseWriter
	head     bool  // the request is HEAD: bodies are not sent
	status   int   // 0: nothing yet
	bytes    int64 // of the body
	hijacked bool
}

// Unwrap is for http.ResponseController: deadlines, full duplex.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *answer) WriteHeader(status int) {
	// Informational answers (100, 102, 103) come before the answer; 101 is one.
	if a.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	a.implicit()
	n, err := a.ResponseWriter.Write(p)
	a.wrote(int64(n))
	return n, err
}

// WriteString spares the copy where the server can.
func (a *answer) WriteString(s string) (int, error) {
	a.implicit()
	n, err := io.WriteString(a.ResponseWriter, s)
	a.wrote(int64(n))
	return n, err
}

// implicit is the status of an answer that is begun without one.
func (a *answer) implicit() {
	if a.status == 0 {
		a.status = http.StatusOK
	}
}

func (a *answer) wrote(n int64) {
	if !a.head {
		a.bytes += n
	}
}

// begun reports whether the client may have seen something already.
func (a *answer) begun() bool { return a.status != 0 || a.hijacked }

// wrapped returns a with the abilities that the server's ResponseWriter has, and
// no others: who asks for one with a type assertion has to get the truth. (One
// type with all of them, the rejected alternative, answers Flush with nothing and
// Hijack with an error, where programs have another way that works.)
func (a *answer) wrapped() http.ResponseWriter {
	f, flushes := a.ResponseWriter.(http.Flusher)
	h, hijacks := a.ResponseWriter.(http.Hijacker)
	r, reads := a.ResponseWriter.(io.ReaderFrom)
	p, pushes := a.ResponseWriter.(http.Pusher)
	flush, hijack, read := flusher{a, f}, hijacker{a, h}, reader{a, r}
	switch {
	case flushes && hijacks && reads: // HTTP/1
		return struct {
			*answer
			flusher
			hijacker
			reader
		}{a, flush, hijack, read}
	case flushes && pushes: // HTTP/2
		return struct {
			*answer
			flusher
			http.Pusher
		}{a, flush, p}
	case flushes && hijacks:
		return struct {
			*answer
			flusher
			hijacker
		}{a, flush, hijack}
	case flushes && reads:
		return struct {
			*answer
			flusher
			reader
		}{a, flush, read}
	case flushes:
		return struct {
			*answer
			flusher
		}{a, flush}
	default:
		return a.unflushed(hijack, hijacks, read, reads, p)
	}
}

// unflushed is for writers that collect the answer, as http.TimeoutHandler's.
func (a *answer) unflushed(hijack hijacker, hijacks bool, read reader, reads bool, p http.Pusher) http.ResponseWriter {
	switch {
	case hijacks && reads:
		return struct {
			*answer
			hijacker
			reader
		}{a, hijack, read}
	case hijacks:
		return struct {
			*answer
			hijacker
		}{a, hijack}
	case reads:
		return struct {
			*answer
			reader
		}{a, read}
	case p != nil:
		return struct {
			*answer
			http.Pusher
		}{a, p}
	default:
		return a
	}
}

// flusher sends what has been written so far.
type flusher struct {
	a     *answer
	inner http.Flusher
}

func (f flusher) Flush() { _ = f.FlushError() }

// FlushError is what http.ResponseController looks for first.
func (f flusher) FlushError() error {
	f.a.implicit()
	if with, ok := f.inner.(interface{ FlushError() error }); ok {
		return with.FlushError()
	}
	f.inner.Flush()
	return nil
}

// hijacker hands the connection over. What is written there is not counted.
type hijacker struct {
	a     *answer
	inner http.Hijacker
}

func (h hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := h.inner.Hijack()
	if err == nil {
		h.a.hijacked = true
	}
	return conn, rw, err
}

// reader lets the server copy from a file without passing through this process.
type reader struct {
	a     *answer
	inner io.ReaderFrom
}

func (r reader) ReadFrom(from io.Reader) (int64, error) {
	r.a.implicit()
	n, err := r.inner.ReadFrom(from)
	r.a.wrote(n)
	return n, err
}
