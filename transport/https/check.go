package https

import (
	"context"
	"net/http"

	"github.com/slogship/slogship/internal/httppost"
	"github.com/slogship/slogship/internal/preflight"
	"github.com/slogship/slogship/transport"
)

var _ transport.Checker = (*client)(nil)

// Check looks at the way to the server, through the proxy if there is one, and
// asks for the URL with HEAD, which stores nothing. Whether the server takes
// records is for a POST to find out.
func (c *client) Check(ctx context.Context) []transport.Finding {
	found := c.http.Steps(ctx)
	return preflight.Then(found, preflight.Protocol, "", func() transport.Finding {
		return c.http.Ask(ctx, httppost.Ask{Check: preflight.Protocol, Method: http.MethodHead, Judge: judge})
	})
}

// judge knows the answers to HEAD of endpoints that are made for POST.
func judge(a *httppost.Answer) (transport.Finding, bool) {
	switch a.Status {
	case http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusLengthRequired, http.StatusUnsupportedMediaType,
		http.StatusUnprocessableEntity, http.StatusNotImplemented:
		return preflight.Good(preflight.Protocol, a.Subject, "answered %d to HEAD, which is usual for an endpoint that takes POST", a.Status), true
	case http.StatusInternalServerError:
		return preflight.Warn(preflight.Protocol, a.Subject, "answered 500 to HEAD", "look at the server, unless it is HEAD that it trips over"), true
	case http.StatusNotFound:
		return preflight.Warn(preflight.Protocol, a.Subject, "answered 404 to HEAD", "correct the URL's path, unless the endpoint knows POST alone"), true
	default:
		return transport.Finding{}, false
	}
}
