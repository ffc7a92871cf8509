package webhook

import (
	"net/http"
	"testing"

	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/transporttest"
)

func TestWebhook(t *testing.T) {
	transporttest.Run(t, transporttest.Harness{
		Start: func(t testing.TB, p *transporttest.Peer) transport.Destination {
			receive := func(w http.ResponseWriter, r *http.Request) { p.ReceivedLines(r.Body) }
			return Destination{URL: transporttest.ServeHTTP(t, p, receive) + "/T0K3N-8c1f5e9ab2d7604c"}
		},
		Invalid: []transport.Destination{Destination{}, Destination{URL: "/T0K3N-8c1f5e9ab2d7604c"}},
		Secrets: []string{"T0K3N-8c1f5e9ab2d7604c"},
	})
}
