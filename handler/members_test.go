package handler_test

import (
	"encoding/json"
	"errors"
	"log/slog"
	"testing"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/group"
	"github.com/slogship/slogship/transport/memory"
)

// Stats have what a group says of its members, and nothing of that for others.
func TestStatsOfAGroup(t *testing.T) {
	first, second, alone := memory.New(), memory.New(), memory.New()
	first.Fail(errors.New("out of order"))
	both := group.Failover{Members: []transport.Destination{first, second}, Names: []string{"near", "far"}}
	for _, direct := range []bool{true, false} {
		h, err := handler.New([]route.Route{
			{Name: "group", To: both, Direct: direct},
			{Name: "alone", To: alone, Direct: direct},
		}, &handler.Options{InMemory: true})
		if err != nil {
			t.Fatal(err)
		}
		slog.New(h).Info("order placed")
		if err := h.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		routes := h.Stats().Routes
		m := routes[0].Members
		if len(m) != 2 || m[0].Name != "near" || m[0].Healthy || m[0].Failures != 1 || !m[1].Active || m[1].Sent != 1 {
			t.Errorf("Members: %+v", m)
		}
		if routes[1].Members != nil {
			t.Errorf("Members of a route without a group: %+v", routes[1].Members)
		}
		var shown struct {
			Routes []struct {
				Members []struct {
					LastError string `json:"last_error"`
				}
			}
		}
		if err := json.Unmarshal([]byte(h.Var().String()), &shown); err != nil || shown.Routes[0].Members[0].LastError != "out of order" {
			t.Errorf("as JSON: %+v, %v", shown, err)
		}
		if err := h.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
