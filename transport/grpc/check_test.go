package grpc_test

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport/grpc"
	"github.com/slogship/slogship/transport/grpc/logpb"
)

func TestCheck(t *testing.T) {
	const way = "name ok, connect ok, "
	for _, c := range []struct {
		name, addr, want string
	}{
		{"a receiver", listen(t, answering(func(r *logpb.PushRequest) (*logpb.PushResponse, error) {
			if len(r.GetEntries()) > 0 {
				t.Error("a record was sent")
			}
			return &logpb.PushResponse{}, nil
		})), way + "protocol ok"},
		{"no LogService", listen(t, nil), way + "protocol failed"},
		{"a wrong token", listen(t, func(pushStream) error { return status.Error(codes.Unauthenticated, "who?") }), way + "credentials failed"},
		{"down", testkit.Closed(t), "name ok, connect failed, protocol skipped"},
	} {
		if found, got := testkit.Check(t, grpc.Destination{Addr: c.addr, AllowPlaintext: true}); got != c.want {
			t.Errorf("%s: %s, want %s: %v", c.name, got, c.want, found)
		}
	}
}
