package loki

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/slogship/slogship/internal/httppost"
	"github.com/slogship/slogship/internal/preflight"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/httpstatus"
)

var _ transport.Checker = (*sender)(nil)

// Check asks the server whether it is ready. Gateways answer that with 404 or
// keep it for themselves; then no more can be known without an entry.
func (s *sender) Check(ctx context.Context) []transport.Finding {
	found := s.client.Steps(ctx)
	ready := s.readyURL()
	if ready == nil {
		return append(found, preflight.Skip(preflight.Protocol, "", "the URL is none of Loki's own, so nobody knows where it says whether it is ready"))
	}
	return preflight.Then(found, preflight.Protocol, httpstatus.Redact(ready.String()), func() transport.Finding {
		return s.client.Ask(ctx, httppost.Ask{Check: preflight.Protocol, URL: ready, Judge: judgeReady})
	})
}

// readyURL stands beside the push API; nil if the path is not known.
func (s *sender) readyURL() *url.URL {
	push, err := s.dest.pushURL()
	if err != nil {
		return nil // Open has made it
	}
	u, err := httpstatus.ParseURL(push, "https", "http")
	if err != nil {
		return nil
	}
	base, known := strings.CutSuffix(u.Path, "/loki/api/v1/push")
	if !known {
		return nil
	}
	u.User, u.Path, u.RawPath, u.RawQuery = nil, base+"/ready", "", ""
	return u
}

func judgeReady(a *httppost.Answer) (transport.Finding, bool) {
	switch a.Status {
	case http.StatusNotFound, http.StatusForbidden:
		return preflight.Skip(preflight.Protocol, a.Subject, "a gateway that does not say whether Loki is ready"), true
	case http.StatusServiceUnavailable:
		return preflight.Warn(preflight.Protocol, a.Subject, fmt.Sprintf("not ready: %.200q", bytes.TrimSpace(a.Body)), "wait; a server that has just started needs some 15 s"), true
	default:
		return transport.Finding{}, false
	}
}
