package deliver

import "context"

// routeKey is the key of the feedback mark in a context.
type routeKey struct{}

// WithRoute marks everything that runs under the context as the work of the
// route's own delivery.
func WithRoute(ctx context.Context, route string) context.Context {
	return context.WithValue(ctx, routeKey{}, route)
}

// RouteOf returns the name of the route whose delivery runs under ctx, or ""
// if none does. The handler asks it so that what an adapter logs while it
// sends never re-enters the route that it sends for: each record would make
// another one, for ever.
func RouteOf(ctx context.Context) string {
	route, _ := ctx.Value(routeKey{}).(string)
	return route
}
