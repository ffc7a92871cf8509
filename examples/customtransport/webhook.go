// Package webhook is a transport as you would write one: a batch is a POST of JSON lines.
package webhook

import (
	"bytes"
	"context"
	"net/http"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/httpstatus"
)

// Destination goes into a route: route.Route{To: webhook.Destination{URL: …}}.
type Destination struct{ URL string }

// Open checks the configuration, and connects to nothing.
func (d Destination) Open() (transport.Transport, error) {
	if _, err := httpstatus.ParseURL(d.URL, "http", "https"); err != nil {
		return nil, err // without the token that the URL may hold
	}
	return &hook{Destination: d, client: http.Client{Transport: &http.Transport{}}}, nil
}

type hook struct {
	Destination
	client http.Client
	closed bool // one Send at a time, and Close after the last: no lock
}

func (h *hook) Describe() transport.Description { return transport.Description{Acknowledged: true} }

func (h *hook) Send(ctx context.Context, recs []encode.Record) (err error) {
	if h.closed {
		return transport.ErrClosed
	}
	var body []byte
	for i := range recs {
		body, _ = encode.JSONLines{}.AppendRecord(body, &recs[i]) // its error is always nil
		body = append(body, '\n')
	}
	check := httpstatus.Checker{Op: "webhook: send", URL: h.URL}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(body))
	if err != nil {
		return check.Failed(err)
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return check.Failed(err)
	}
	defer httpstatus.Drain(resp.Body)
	return check.Check(resp) // 400: permanent, 413: too large, 503: as Retry-After says
}

func (h *hook) Close() error {
	h.closed = true
	h.client.CloseIdleConnections()
	return nil
}
