package httplog

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"slices"
	"sync"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
)

// requestKey is where a request is in its ctx.
type requestKey struct{}

// request is what is known of one request. Immutable but for extra.
type request struct {
	id      string
	trace   encode.Trace
	state   string // W3C tracestate, passed on as it came
	foreign bool   // the trace is another middleware's, which passes it on

	mu    sync.Mutex
	extra []slog.Attr // guarded by mu; of Add, for the access record
}

// headerID is the request's id in headers, on the way in, back and out.
const headerID = "X-Request-Id"

// begin finds out or decides what request r belongs to.
func (o *Options) begin(r *http.Request) *request {
	q := &request{id: r.Header.Get(headerID)}
	if o.Edge || !validID(q.id) {
		q.id = rand.Text()
	}
	if q.trace = o.Trace(r.Context()); !q.trace.IsZero() {
		q.foreign = true
		return q
	}
	parent, known := parseTraceparent(r.Header["Traceparent"])
	if o.Edge || !known {
		q.trace = newTrace(o.Sampled(r))
		return q
	}
	q.trace, q.state = child(parent), parseTracestate(r.Header["Tracestate"])
	return q
}

// context returns ctx with the request in it, and its id on every record.
func (q *request) context(ctx context.Context) context.Context {
	return handler.With(context.WithValue(ctx, requestKey{}, q), slog.String(keyRequestID, q.id))
}

func requestOf(ctx context.Context) *request {
	q, _ := ctx.Value(requestKey{}).(*request)
	return q
}

// maxID is the longest id of another's that is taken over, in bytes.
const maxID = 128

// validID reports whether id is safe to log, to send back and to search for:
// 1 to 128 letters, digits and -_.:/+=@, which is what uuids, ulids, base64 and
// the ids of proxies and clouds are made of.
func validID(id string) bool {
	for _, c := range []byte(id) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		digit := c >= '0' && c <= '9'
		if !letter && !digit && !slices.Contains([]byte("-_.:/+=@"), c) {
			return false
		}
	}
	return len(id) >= 1 && len(id) <= maxID
}

// Trace returns the trace of the request that ctx belongs to, zero without one:
// for handler.Options.Trace. The span is the one that this service's part of the
// request makes up.
func Trace(ctx context.Context) encode.Trace {
	if q := requestOf(ctx); q != nil {
		return q.trace
	}
	return encode.Trace{}
}

// RequestID returns the id of the request that ctx belongs to, "" without one.
func RequestID(ctx context.Context) string {
	if q := requestOf(ctx); q != nil {
		return q.id
	}
	return ""
}

// Add puts attrs on the access record of the request that ctx belongs to: what
// is known only deep inside, as who has logged in. Records logged meanwhile do not
// get them; see handler.With. It is safe for concurrent use, and without a
// request does nothing.
func Add(ctx context.Context, attrs ...slog.Attr) {
	if q := requestOf(ctx); q != nil {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.extra = append(q.extra, attrs...)
	}
}

// added returns what Add was given.
func (q *request) added() []slog.Attr {
	q.mu.Lock()
	defer q.mu.Unlock()
	return slices.Clone(q.extra)
}

// SetHeaders sets the headers with which the request that ctx belongs to goes on
// to another service: X-Request-Id, traceparent and tracestate, the last two only
// if the trace is this package's own (see Options.Trace). Without a request it
// does nothing.
//
//	out, err := http.NewRequestWithContext(ctx, "GET", url, nil)
//	httplog.SetHeaders(ctx, out.Header)
func SetHeaders(ctx context.Context, header http.Header) {
	q := requestOf(ctx)
	if q == nil {
		return
	}
	header.Set(headerID, q.id)
	if q.foreign {
		return
	}
	header.Set("Traceparent", formatTraceparent(q.trace))
	if header.Del("Tracestate"); q.state != "" {
		header.Set("Tracestate", q.state)
	}
}
