package grpc_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"

	gogrpc "google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/grpc"
	"github.com/slogship/slogship/transport/grpc/logpb"
	"github.com/slogship/slogship/transport/tlsconfig"
	"github.com/slogship/slogship/transport/transporttest"
)

// TestConformance runs the contract against this package's Receiver, and against
// a server of the generated code alone, which numbers nothing. T27: kills in the
// middle of a batch are among its cases.
func TestConformance(t *testing.T) {
	const secret = "conformance-s3cret"
	variants := map[string]struct {
		dest  grpc.Destination
		start func(testing.TB, *transporttest.Peer) string
	}{
		"receiver":          {dest: grpc.Destination{Authorize: fixed(secret), AllowPlaintext: true}, start: startReceiver},
		"receiver, many":    {dest: grpc.Destination{MaxInFlight: 8, Window: 2, Compression: grpc.Gzip}, start: startReceiver},
		"generated code":    {start: startGenerated},
		"one after another": {dest: grpc.Destination{Window: 1, WindowBytes: 1}, start: startReceiver},
	}
	for name, v := range variants {
		t.Run(name, func(t *testing.T) {
			transporttest.Run(t, transporttest.Harness{
				Start: func(t testing.TB, p *transporttest.Peer) transport.Destination {
					d := v.dest
					d.Addr = v.start(t, p)
					return d
				},
				Message: message,
				Invalid: invalid(t),
				Secrets: []string{secret},
			})
		})
	}
}

// startReceiver is a Receiver that hands over JSON, and remembers nothing: a
// record that comes twice has to be seen twice.
func startReceiver(t testing.TB, p *transporttest.Peer) string {
	handle := func(_ context.Context, recs []encode.Record) error {
		entries := make([]string, len(recs))
		for i := range recs {
			line, err := encode.JSONLines{MaxBytes: 4 << 20}.AppendRecord(nil, &recs[i])
			if err != nil {
				return err
			}
			entries[i] = string(line)
		}
		p.Received(entries...)
		return nil
	}
	r, err := grpc.NewReceiver(handle, &grpc.ReceiverOptions{Remembered: -1})
	if err != nil {
		t.Fatal(err)
	}
	return transporttest.Listen(t, p, func(l net.Listener) { _ = r.Serve(l) }) // the listener is closed
}

// generated is what anybody may write with the generated code.
type generated struct {
	logpb.UnimplementedLogServiceServer
	peer *transporttest.Peer
}

func (s generated) Push(stream gogrpc.BidiStreamingServer[logpb.PushRequest, logpb.PushResponse]) error {
	if err := stream.Send(&logpb.PushResponse{}); err != nil {
		return err
	}
	for {
		request, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var entries []string
		for _, e := range request.GetEntries() {
			line, err := protojson.Marshal(e)
			if err != nil {
				return err
			}
			entries = append(entries, `{"msg":`+quote(e.GetMessage())+`,"entry":`+string(line)+`}`)
		}
		s.peer.Received(entries...)
		if err := stream.Send(&logpb.PushResponse{Sequence: request.GetSequence()}); err != nil {
			return err
		}
	}
}

func quote(s string) string {
	b, _ := json.Marshal(s) // never an error for a string
	return string(b)
}

func startGenerated(t testing.TB, p *transporttest.Peer) string {
	return transporttest.Listen(t, p, func(l net.Listener) {
		server := gogrpc.NewServer()
		logpb.RegisterLogServiceServer(server, generated{peer: p})
		_ = server.Serve(l) // the listener is closed
		server.Stop()
	})
}

func message(entry string) (string, error) {
	var fields struct{ Msg string }
	err := json.NewDecoder(strings.NewReader(entry)).Decode(&fields)
	return fields.Msg, err
}

func invalid(t *testing.T) []transport.Destination {
	const addr = "127.0.0.1:1"
	return []transport.Destination{
		grpc.Destination{},
		grpc.Destination{Addr: "host"},
		grpc.Destination{Addr: addr, MaxMessage: 1},
		grpc.Destination{Addr: addr, MaxMessage: 2 << 30},
		grpc.Destination{Addr: addr, Compression: grpc.Gzip + 1},
		grpc.Destination{Addr: addr, MaxRecords: -1},
		grpc.Destination{Addr: addr, MaxInFlight: 65},
		grpc.Destination{Addr: addr, Window: -1},
		grpc.Destination{Addr: addr, WindowBytes: -1},
		grpc.Destination{Addr: addr, ConnectTimeout: -1},
		grpc.Destination{Addr: addr, CloseTimeout: -1},
		grpc.Destination{Addr: addr, KeepAlive: 1},
		grpc.Destination{Addr: addr, Lifetime: -1},
		grpc.Destination{Addr: addr, TokenFile: "token"},
		grpc.Destination{Addr: addr, TokenFile: "token", AllowPlaintext: true, Authorize: func(context.Context) (string, error) { return "", nil }},
		grpc.Destination{Addr: addr, TLS: &tlsconfig.Options{CAFile: filepath.Join(t.TempDir(), "none")}},
	}
}
