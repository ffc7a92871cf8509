package otlp

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/slogship/slogship/internal/httppost"
	"github.com/slogship/slogship/internal/preflight"
	"github.com/slogship/slogship/transport"
)

var _ transport.Checker = (*sender)(nil)

// Check looks at the way to the receiver and exports a request without records,
// which a receiver should accept: OTLP's specification, section "Full Success",
// has it that a request without telemetry data SHOULD be answered with success.
func (s *sender) Check(ctx context.Context) []transport.Finding {
	found := s.client.Steps(ctx)
	return preflight.Then(found, preflight.Protocol, s.url, func() transport.Finding {
		body := []byte{} // an ExportLogsServiceRequest without resources
		if s.dest.Protocol == GRPC {
			body = make([]byte, grpcHead)
		}
		return s.client.Ask(ctx, httppost.Ask{Check: preflight.Protocol, Subject: s.url, Method: http.MethodPost, Body: body, Judge: s.judge})
	})
}

// judge reads the answer to a request without records.
func (s *sender) judge(a *httppost.Answer) (transport.Finding, bool) {
	if a.Status == http.StatusBadRequest {
		return preflight.Warn(preflight.Protocol, a.Subject, "answered 400 to a request without records", "nothing, if the receiver is known to be strict"), true
	}
	if a.Status != http.StatusOK {
		return transport.Finding{}, false
	}
	kind, _, _ := strings.Cut(a.Header.Get("Content-Type"), ";")
	if s.dest.Protocol == HTTP {
		if kind != "" && kind != "application/x-protobuf" && kind != "application/json" {
			return preflight.Bad(preflight.Protocol, a.Subject, httppost.NotOurs(a), "it is no OTLP receiver: correct the URL (port 4318, path /v1/logs)"), true
		}
		return preflight.Good(preflight.Protocol, a.Subject, "took a request without records"), true
	}
	return s.judgeGRPC(a, kind), true
}

// judgeGRPC reads the status, which is in the trailers, or in the header of an
// answer without a message.
func (s *sender) judgeGRPC(a *httppost.Answer, kind string) transport.Finding {
	trailer := a.Trailer
	if a.Header.Get("Grpc-Status") != "" {
		trailer = a.Header
	}
	code, err := strconv.ParseUint(trailer.Get("Grpc-Status"), 10, 16)
	if err != nil || !strings.HasPrefix(kind, "application/grpc") {
		return preflight.Bad(preflight.Protocol, a.Subject, httppost.NotOurs(a), "it is no OTLP receiver over gRPC: correct the URL (port 4317)")
	}
	if code == 0 {
		return preflight.Good(preflight.Protocol, a.Subject, "took a request without records")
	}
	failure := newStatusError(s.url, Code(code), trailer, a.Mask)
	switch failure.Code {
	case Unauthenticated, PermissionDenied:
		return preflight.Bad(preflight.Credentials, a.Subject, failure, "correct the credentials, or give them the right to write")
	case InvalidArgument:
		return preflight.Warn(preflight.Protocol, a.Subject, failure.Error(), "nothing, if the receiver is known to be strict")
	default:
		return preflight.Bad(preflight.Protocol, a.Subject, failure, "see the receiver's log; Unimplemented says that it has no logs service")
	}
}
