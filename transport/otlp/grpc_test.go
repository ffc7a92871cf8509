package otlp_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	collogs "go.opentelemetry.io/proto/otlp/collector/logs/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	_ "google.golang.org/grpc/encoding/gzip" // the server's
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/httpstatus"
	"github.com/slogship/slogship/transport/otlp"
	"github.com/slogship/slogship/transport/tlsconfig"
	"github.com/slogship/slogship/transport/transporttest"
)

// service is a LogsService of google.golang.org/grpc, which is what speaks gRPC
// at the other end.
type service struct {
	collogs.UnimplementedLogsServiceServer
	export func(ctx context.Context, req *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error)
}

func (s service) Export(ctx context.Context, req *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error) {
	return s.export(ctx, req)
}

// TestConformanceGRPC runs the contract over gRPC, with TLS and a credential and
// without.
func TestConformanceGRPC(t *testing.T) {
	const token = "conformance-s3cret"
	ca := testpki.New(t, "authority")
	start := func(secure bool) func(t testing.TB, p *transporttest.Peer) transport.Destination {
		return func(t testing.TB, p *transporttest.Peer) transport.Destination {
			var options []grpc.ServerOption
			to := otlp.Destination{Protocol: otlp.GRPC, MaxInFlight: 8, Lookup: environ(nil), AllowPlaintext: !secure, Proxy: noProxy}
			scheme := "http://"
			if secure {
				scheme = "https://"
				pair := ca.Pair(testpki.Leaf{})
				options = append(options, grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: []tls.Certificate{pair}})))
				to.TLS = &tlsconfig.Options{Config: &tls.Config{RootCAs: ca.Pool()}}
				to.Headers = map[string]string{"authorization": "Bearer " + token}
			}
			addr := transporttest.Listen(t, p, func(l net.Listener) {
				node := grpc.NewServer(options...)
				collogs.RegisterLogsServiceServer(node, service{export: func(_ context.Context, req *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error) {
					p.Received(messages(req)...)
					return &collogs.ExportLogsServiceResponse{}, nil
				}})
				_ = node.Serve(l) // always an error: the listener was closed
			})
			to.URL = scheme + addr
			return to
		}
	}
	same := func(entry string) (string, error) { return entry, nil }
	t.Run("TLS", func(t *testing.T) {
		transporttest.Run(t, transporttest.Harness{Start: start(true), Message: same, Secrets: []string{token}})
	})
	t.Run("plain", func(t *testing.T) {
		transporttest.Run(t, transporttest.Harness{Start: start(false), Message: same})
	})
}

// serve runs a LogsService without TLS.
func serve(t testing.TB, export func(context.Context, *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error)) otlp.Destination {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	node := grpc.NewServer()
	collogs.RegisterLogsServiceServer(node, service{export: export})
	var serving sync.WaitGroup
	serving.Go(func() { _ = node.Serve(l) }) // ends with Stop
	t.Cleanup(func() { node.Stop(); serving.Wait() })
	return otlp.Destination{URL: "http://" + l.Addr().String(), Protocol: otlp.GRPC, AllowPlaintext: true, Lookup: environ(nil)}
}

// TestStatus is the table of gRPC's codes, and RetryInfo (T30).
func TestStatus(t *testing.T) {
	retry := func(c codes.Code, d time.Duration) error {
		st, err := status.New(c, "busy").WithDetails(&errdetails.ErrorInfo{Reason: "LOAD"}, &errdetails.RetryInfo{RetryDelay: durationpb.New(d)})
		if err != nil {
			t.Fatal(err)
		}
		return st.Err()
	}
	for _, c := range []struct {
		answer error
		want   transport.Outcome
	}{
		{status.Error(codes.InvalidArgument, "bad"), transport.Outcome{Permanent: true}},
		{status.Error(codes.ResourceExhausted, "grpc: received message larger than max (5 vs. 4)"), transport.Outcome{TooLarge: true}},
		{status.Error(codes.ResourceExhausted, "quota"), transport.Outcome{}},
		{retry(codes.ResourceExhausted, 3*time.Second), transport.Outcome{After: 3 * time.Second}},
		{retry(codes.Unavailable, 1500*time.Millisecond), transport.Outcome{After: 1500 * time.Millisecond}},
		{retry(codes.Unavailable, 1e6*time.Hour), transport.Outcome{After: httpstatus.MaxRetryAfter}},
		{retry(codes.Unavailable, -time.Hour), transport.Outcome{}},
		{status.Error(codes.Unauthenticated, ""), transport.Outcome{}},
		{status.Error(codes.PermissionDenied, ""), transport.Outcome{}},
		{status.Error(codes.Unimplemented, ""), transport.Outcome{}},
		{status.Error(codes.Internal, ""), transport.Outcome{}},
		{status.Error(codes.DataLoss, ""), transport.Outcome{}},
		{status.Error(codes.Code(99), "größe %"), transport.Outcome{}},
	} {
		d := serve(t, func(context.Context, *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error) {
			return nil, c.answer
		})
		err := open(t, d).Send(t.Context(), batch(0, 3))
		want := status.Convert(c.answer)
		got, ok := errors.AsType[*otlp.StatusError](err)
		if !ok {
			t.Errorf("%v: Send = %v", want.Code(), err)
			continue
		}
		if out := transport.Classify(err, 3); out != c.want {
			t.Errorf("%v %q: outcome %+v, want %+v", want.Code(), want.Message(), out, c.want)
		}
		if int(got.Code) != int(want.Code()) || got.Message != want.Message() {
			t.Errorf("%v %q came as %v %q", want.Code(), want.Message(), got.Code, got.Message)
		}
		denied := want.Code() == codes.Unauthenticated || want.Code() == codes.PermissionDenied
		if errors.Is(err, otlp.ErrCredentials) != denied {
			t.Errorf("%v: ErrCredentials in %v", want.Code(), err)
		}
	}
}

// TestGRPCRequest: what a server of gRPC's own library gets, compressed and not,
// small and large, with metadata.
func TestGRPCRequest(t *testing.T) {
	for _, how := range []otlp.Compression{otlp.Gzip, otlp.Uncompressed} {
		var got []string
		var md metadata.MD
		d := serve(t, func(ctx context.Context, req *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error) {
			got = append(got, messages(req)...)
			md, _ = metadata.FromIncomingContext(ctx)
			return &collogs.ExportLogsServiceResponse{}, nil
		})
		d.Compression, d.Headers = how, map[string]string{"x-tenant": "shop"}
		tr := open(t, d)
		for _, n := range []int{1, 1000} {
			if err := tr.Send(t.Context(), batch(len(got), n)); err != nil {
				t.Fatalf("%v: %v", how, err)
			}
		}
		if len(got) != 1001 || got[1000] != "record 1000" {
			t.Errorf("%v: %d records", how, len(got))
		}
		if md.Get("x-tenant")[0] != "shop" || !strings.HasPrefix(md.Get("user-agent")[0], "slogship/") {
			t.Errorf("metadata %v", md)
		}
	}
}

// TestGRPCSplits: a Send beyond the 4 MiB that gRPC's servers take is several
// requests, all below.
func TestGRPCSplits(t *testing.T) {
	got := 0
	d := serve(t, func(_ context.Context, req *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error) {
		got += len(messages(req))
		return &collogs.ExportLogsServiceResponse{}, nil
	})
	recs := batch(0, 11)
	for i := range recs {
		recs[i].Message = strings.Repeat("m", 1<<20)
	}
	if err := open(t, d).Send(t.Context(), recs); err != nil || got != len(recs) {
		t.Errorf("%d records, %v", got, err)
	}
}

// TestGRPCPartial: rejected records are counted, shown, and acknowledged; those
// that are rejected all together are Permanent (T32).
func TestGRPCPartial(t *testing.T) {
	d := serve(t, func(_ context.Context, req *collogs.ExportLogsServiceRequest) (*collogs.ExportLogsServiceResponse, error) {
		return &collogs.ExportLogsServiceResponse{PartialSuccess: &collogs.ExportLogsPartialSuccess{RejectedLogRecords: 2, ErrorMessage: "too old"}}, nil
	})
	var seen []otlp.Partial
	d.OnPartial = func(p otlp.Partial) { seen = append(seen, p) }
	tr := open(t, d)
	if err := tr.Send(t.Context(), batch(0, 5)); err != nil {
		t.Errorf("Send: %v", err)
	}
	wantAllRejected(t, tr.Send(t.Context(), batch(0, 2)), 2)
	if len(seen) != 2 || seen[0].Rejected != 2 || seen[0].Sent != 5 || seen[0].Message != "too old" || seen[1].Total != 4 {
		t.Errorf("shown: %+v", seen)
	}
}

// wantAllRejected checks that each of n records has its own final answer, so that
// none goes again.
func wantAllRejected(t *testing.T, err error, n int) {
	t.Helper()
	out := transport.Classify(err, n)
	if out.Batch == nil {
		t.Fatalf("Send = %v", err)
	}
	for i, e := range out.Batch.Errs {
		if !transport.Classify(e, 1).Permanent || !errors.Is(e, otlp.ErrRejected) {
			t.Errorf("record %d: %v", i, e)
		}
	}
}

// TestNoGRPC: what is at the port is no gRPC server, or breaks off, or is an old
// one of HTTP/1.1. Nothing is acknowledged, and nothing hangs (T34).
func TestNoGRPC(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			_, _ = io.CopyN(io.Discard, c, 24)
			c.Close()
		}
	})
	t.Cleanup(func() { l.Close(); serving.Wait() })
	d := otlp.Destination{URL: "http://" + l.Addr().String(), Protocol: otlp.GRPC, AllowPlaintext: true, Lookup: environ(nil)}
	err = open(t, d).Send(t.Context(), batch(0, 3))
	if out := transport.Classify(err, 3); err == nil || out != (transport.Outcome{}) {
		t.Errorf("Send = %v", err)
	}
	if err != nil && !strings.Contains(err.Error(), strconv.Quote(d.URL)) {
		t.Errorf("%v does not say where to, as it was configured", err)
	}
}

// TestGRPCHeaders: names that gRPC keeps for itself are refused by name, without
// the value.
func TestGRPCHeaders(t *testing.T) {
	d := otlp.Destination{Protocol: otlp.GRPC, Lookup: environ(nil), Headers: map[string]string{"grpc-encoding": "s3cret"}}
	if _, err := d.Open(); !errors.Is(err, otlp.ErrConfig) || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("Open: %v", err)
	}
}
