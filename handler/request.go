package handler

import (
	"context"

	"github.com/slogship/slogship/internal/overload"
)

// requestKey is where WithRequest keeps its request in a ctx.
type requestKey struct{}

// WithRequest returns a ctx whose records belong together, and the function that
// ends that: what route.DebugOnError takes for one request. For a server it is a
// request (httplog's middleware calls it), for a worker a job. Within a request
// it returns ctx as it is, and a function that does nothing.
//
//	ctx, end := handler.WithRequest(ctx)
//	defer end()
//
// Records that are logged after the end are not kept. Without the end, what is
// kept stays until it goes for room.
func WithRequest(ctx context.Context) (context.Context, func()) {
	if requestOf(ctx) != nil {
		return ctx, func() {}
	}
	r := new(overload.Request)
	return context.WithValue(ctx, requestKey{}, r), r.End
}

func requestOf(ctx context.Context) *overload.Request {
	r, _ := ctx.Value(requestKey{}).(*overload.Request)
	return r
}
