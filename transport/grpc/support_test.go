package grpc_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	gogrpc "google.golang.org/grpc"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/grpc"
	"github.com/slogship/slogship/transport/grpc/logpb"
)

type pushStream = gogrpc.BidiStreamingServer[logpb.PushRequest, logpb.PushResponse]

// script is a receiver that does as a test says, for each stream.
type script struct {
	logpb.UnimplementedLogServiceServer
	push func(stream pushStream) error
}

func (s script) Push(stream pushStream) error { return s.push(stream) }

// listen serves a script until the test ends and returns its address.
func listen(t testing.TB, push func(stream pushStream) error, options ...gogrpc.ServerOption) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := gogrpc.NewServer(options...)
	if push != nil {
		logpb.RegisterLogServiceServer(server, script{push: push})
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(l) }) // until Stop
	t.Cleanup(func() {
		server.Stop()
		serving.Wait()
	})
	return l.Addr().String()
}

// greeting is a push that greets, and then does the rest.
func greeting(limits *logpb.Limits, rest func(stream pushStream) error) func(pushStream) error {
	return func(stream pushStream) error {
		if err := stream.Send(&logpb.PushResponse{Limits: limits}); err != nil {
			return err
		}
		return rest(stream)
	}
}

// answering is a push that answers each request with what answer returns; an
// error ends the stream, nil is no answer.
func answering(answer func(*logpb.PushRequest) (*logpb.PushResponse, error)) func(pushStream) error {
	return greeting(nil, func(stream pushStream) error {
		for {
			request, err := stream.Recv()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			response, err := answer(request)
			if err != nil {
				return err
			}
			if response == nil {
				continue
			}
			if err := stream.Send(response); err != nil {
				return err
			}
		}
	})
}

// receive serves a Receiver until the test ends.
func receive(t testing.TB, handle grpc.Handle, o *grpc.ReceiverOptions) (addr string, r *grpc.Receiver) {
	t.Helper()
	r, err := grpc.NewReceiver(handle, o)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := r.Serve(l); !errors.Is(err, grpc.ErrStopped) {
			t.Errorf("Serve: %v", err)
		}
	})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := r.Stop(ctx); err != nil {
			t.Errorf("Stop: %v", err)
		}
		serving.Wait()
	})
	return l.Addr().String(), r
}

// log collects messages.
type log struct {
	mu       sync.Mutex
	messages []string // guarded by mu
}

func (l *log) take(_ context.Context, recs []encode.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range recs {
		l.messages = append(l.messages, recs[i].Clone().Message)
	}
	return nil
}

func (l *log) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.messages...)
}

// records have ids of their own.
func records(messages ...string) []encode.Record {
	ids, recs := encode.NewIDSource(), make([]encode.Record, len(messages))
	for i, m := range messages {
		now := time.Now()
		recs[i] = encode.Record{ID: ids.Next(now), Time: now, Message: m, Resource: &encode.Resource{Service: "test"}}
	}
	return recs
}

func numbered(n int) []encode.Record {
	messages := make([]string, n)
	for i := range messages {
		messages[i] = fmt.Sprint("message ", i)
	}
	return records(messages...)
}

func texts(recs []encode.Record) (out []string) {
	for i := range recs {
		out = append(out, recs[i].Message)
	}
	return out
}

// open opens d, with requests of a record each if single. It is closed before the
// receiver, whose end it is.
func open(t testing.TB, d grpc.Destination, single bool) transport.Transport {
	t.Helper()
	d.ConnectTimeout = cmp.Or(d.ConnectTimeout, 20*time.Second) // of a machine that does much else
	tr, err := d.Open()
	if single {
		tr, err = grpc.OpenWithChunks(d, 1)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	return tr
}

// send is a Send that gets half a minute.
func send(t testing.TB, tr transport.Transport, recs []encode.Record) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	return tr.Send(ctx, recs)
}
