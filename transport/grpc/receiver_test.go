package grpc_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gogrpc "google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/status"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/grpc"
	"github.com/slogship/slogship/transport/grpc/logpb"
)

func TestReceiverOptions(t *testing.T) {
	if _, err := grpc.NewReceiver(nil, nil); !errors.Is(err, grpc.ErrConfig) {
		t.Errorf("no callback: %v", err)
	}
	for _, o := range []grpc.ReceiverOptions{{MaxMessage: 1}, {MaxRecords: -1}, {MaxStreams: -1}, {KeepAlive: 1}} {
		if _, err := grpc.NewReceiver(taken, &o); !errors.Is(err, grpc.ErrConfig) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// A record comes to the callback once, over sends, transports and streams; one that
// was not taken comes again.
func TestDeduplicates(t *testing.T) {
	var got log
	fail := atomic.Bool{}
	addr, _ := receive(t, func(ctx context.Context, recs []encode.Record) error {
		if fail.Load() {
			return errors.New("no disk")
		}
		return got.take(ctx, recs)
	}, &grpc.ReceiverOptions{RetryAfter: -1})
	recs := numbered(5)
	first := open(t, grpc.Destination{Addr: addr}, false)
	fail.Store(true)
	if err := send(t, first, recs[:2]); err == nil {
		t.Error("the callback has failed")
	}
	fail.Store(false)
	for _, batch := range [][]encode.Record{recs[:3], recs[:4], append(slices.Clone(recs[3:]), recs...)} {
		if err := send(t, first, batch); err != nil {
			t.Fatal(err)
		}
	}
	if err := send(t, open(t, grpc.Destination{Addr: addr}, false), recs); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got.all(), texts(recs)) {
		t.Errorf("the callback got %q", got.all())
	}
	nameless := records("a", "a")
	nameless[0].ID, nameless[1].ID = encode.ID{}, encode.ID{}
	if err := send(t, first, nameless); err != nil || len(got.all()) != 7 {
		t.Errorf("of two records without an id %d came, %v", len(got.all())-5, err)
	}
}

// The window is bounded: the newest are known, the oldest forgotten.
func TestRemembered(t *testing.T) {
	var got log
	addr, _ := receive(t, got.take, &grpc.ReceiverOptions{Remembered: 10})
	tr, recs := open(t, grpc.Destination{Addr: addr}, false), numbered(100)
	for _, batch := range [][]encode.Record{recs, recs[90:], recs[:1]} {
		if err := send(t, tr, batch); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(got.all()); n != 101 {
		t.Errorf("%d came, want the hundred, none of the newest ten, and the first again", n)
	}
}

// A sender whose connection broke comes again while the callback still has the
// first copy. The second waits for it, and is not given to the callback if the first
// is taken; else it is.
func TestDuplicateWhileBusy(t *testing.T) {
	for _, succeeds := range []bool{true, false} {
		entered, release := make(chan struct{}, 2), make(chan struct{})
		calls := atomic.Int32{}
		addr, _ := receive(t, func(context.Context, []encode.Record) error {
			entered <- struct{}{}
			if calls.Add(1) == 1 {
				<-release
				if !succeeds {
					return errors.New("not this time")
				}
			}
			return nil
		}, nil)
		recs := numbered(3)
		first, second := open(t, grpc.Destination{Addr: addr}, false), open(t, grpc.Destination{Addr: addr}, false)
		ctx, cancel := context.WithCancel(t.Context())
		var both sync.WaitGroup
		both.Go(func() { _ = first.Send(ctx, recs) })
		<-entered
		cancel() // as the end of a connection would
		var err error
		both.Go(func() { err = send(t, second, recs) })
		select {
		case <-entered:
			t.Error("the callback has the same records twice at a time")
		case <-time.After(50 * time.Millisecond): // a wrong one would have come by then; a right one never
		}
		close(release)
		both.Wait()
		if want := map[bool]int32{true: 1, false: 2}[succeeds]; err != nil || calls.Load() != want {
			t.Errorf("first succeeds %v: %d calls, %v", succeeds, calls.Load(), err)
		}
	}
}

// TestCallbackErrors: what a Send may return, a callback may return, and the Send
// at the other end returns the same.
func TestCallbackErrors(t *testing.T) {
	plain := errors.New("internal detail")
	for name, c := range map[string]struct {
		err  error
		want transport.Outcome
	}{
		"plain":       {plain, transport.Outcome{After: time.Second}},
		"retry after": {transport.RetryAfter(plain, 7*time.Second), transport.Outcome{After: 7 * time.Second}},
		"permanent":   {transport.Permanent(plain), transport.Outcome{Permanent: true}},
		"too large":   {transport.ErrTooLarge, transport.Outcome{Permanent: true}},
		"resend":      {transport.Resend(plain, 3), transport.Outcome{After: time.Second}},
	} {
		reported := make(chan error, 10)
		addr, _ := receive(t, func(context.Context, []encode.Record) error { return c.err }, &grpc.ReceiverOptions{OnError: func(err error) { reported <- err }})
		err := send(t, open(t, grpc.Destination{Addr: addr}, false), numbered(3))
		if got := transport.Classify(err, 3); got != c.want {
			t.Errorf("%s: %v is %+v", name, err, got)
		}
		if got := <-reported; !errors.Is(got, c.err) {
			t.Errorf("%s: OnError got %v", name, got)
		}
	}
}

// Some of a batch are known, some refused: each answer comes to its own record.
func TestCallbackRefusesSome(t *testing.T) {
	refuse := atomic.Bool{}
	addr, _ := receive(t, func(_ context.Context, recs []encode.Record) error {
		answers := transport.AnswersFor(len(recs))
		for i := range recs {
			switch recs[i].Message {
			case "message 2":
				answers.Set(i, transport.Permanent(errors.New("no such index")))
			case "message 4":
				answers.Set(i, errors.New("later"))
			}
		}
		if refuse.Load() {
			return answers.Err()
		}
		return nil
	}, nil)
	tr, recs := open(t, grpc.Destination{Addr: addr}, false), numbered(6)
	if err := send(t, tr, recs[:2]); err != nil {
		t.Fatal(err)
	}
	refuse.Store(true)
	for range 2 { // the second time all but the refused are known
		out := transport.Classify(send(t, tr, recs), 6)
		if out.Batch == nil {
			t.Fatalf("%+v", out)
		}
		for i, err := range out.Batch.Errs {
			if (err != nil) != (i == 2 || i == 4) || transport.Classify(err, 1).Permanent != (i == 2) {
				t.Errorf("record %d: %v", i, err)
			}
		}
	}
}

// Stop lets the callback end, and its batch is acknowledged; nothing begins after it.
func TestStop(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	addr, r := receive(t, func(context.Context, []encode.Record) error {
		entered <- struct{}{}
		<-release
		return nil
	}, nil)
	tr := open(t, grpc.Destination{Addr: addr}, false)
	var sent, stopped error
	var both sync.WaitGroup
	both.Go(func() { sent = send(t, tr, numbered(1)) })
	<-entered
	short, cancel := context.WithCancel(t.Context())
	cancel()
	both.Go(func() { stopped = r.Stop(t.Context()) })
	close(release)
	both.Wait()
	if sent != nil || stopped != nil {
		t.Errorf("Send: %v, Stop: %v", sent, stopped)
	}
	if err := send(t, tr, numbered(1)); err == nil {
		t.Error("a stopped receiver takes records")
	}
	if err := r.Stop(short); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("the second Stop: %v", err)
	}
}

// A callback that does not end holds up Stop until its ctx is done, and no longer;
// its own ctx is done then.
func TestStopCutsOff(t *testing.T) {
	entered, ended := make(chan struct{}), make(chan struct{})
	r, err := grpc.NewReceiver(func(ctx context.Context, _ []encode.Record) error {
		close(entered)
		<-ctx.Done()
		close(ended)
		return ctx.Err()
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = r.Serve(l) })
	tr := open(t, grpc.Destination{Addr: l.Addr().String()}, false)
	var sending sync.WaitGroup
	sending.Go(func() {
		if send(t, tr, numbered(1)) == nil {
			t.Error("acknowledged")
		}
	})
	<-entered
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := r.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Stop: %v", err)
	}
	<-ended
	sending.Wait()
	serving.Wait()
	if err := r.Serve(l); !errors.Is(err, grpc.ErrStopped) {
		t.Errorf("Serve after Stop: %v", err)
	}
}

// There are no more than MaxStreams; who comes too many is told when to come again.
func TestMaxStreams(t *testing.T) {
	addr, _ := receive(t, taken, &grpc.ReceiverOptions{MaxStreams: 1, RetryAfter: 9 * time.Second})
	first, second := open(t, grpc.Destination{Addr: addr}, false), open(t, grpc.Destination{Addr: addr}, false)
	if err := send(t, first, numbered(1)); err != nil {
		t.Fatal(err)
	}
	if out := transport.Classify(send(t, second, numbered(1)), 1); out != (transport.Outcome{After: 9 * time.Second}) {
		t.Errorf("%+v", out)
	}
}

// rawStream is a sender of the generated code, past its greeting.
func rawStream(t *testing.T, addr string, options ...gogrpc.CallOption) gogrpc.BidiStreamingClient[logpb.PushRequest, logpb.PushResponse] {
	t.Helper()
	conn, err := gogrpc.NewClient("passthrough:///"+addr, gogrpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	stream, err := logpb.NewLogServiceClient(conn).Push(t.Context(), options...)
	if err != nil {
		t.Fatal(err)
	}
	if first, err := stream.Recv(); err != nil || first.GetSequence() != 0 || first.GetLimits().GetMaxMessageBytes() == 0 {
		t.Fatalf("the greeting is %v, %v", first, err)
	}
	return stream
}

// What a hostile sender sends ends its stream, with nothing given to the callback.
func TestHostileSender(t *testing.T) {
	entry := &logpb.LogEntry{Message: "hello"}
	many := make([]*logpb.LogEntry, 11)
	for i := range many {
		many[i] = entry
	}
	for name, c := range map[string]struct {
		request *logpb.PushRequest
		want    codes.Code
	}{
		"a sequence that begins with 2": {&logpb.PushRequest{Sequence: 2, Entries: many[:1]}, codes.InvalidArgument},
		"no sequence":                   {&logpb.PushRequest{Entries: many[:1]}, codes.InvalidArgument},
		"no entries":                    {&logpb.PushRequest{Sequence: 1}, codes.InvalidArgument},
		"too many entries":              {&logpb.PushRequest{Sequence: 1, Entries: many}, codes.InvalidArgument},
		"a number that was not told":    {&logpb.PushRequest{Sequence: 1, Entries: []*logpb.LogEntry{{MessageRef: 3}}}, codes.InvalidArgument},
		"too many bytes":                {&logpb.PushRequest{Sequence: 1, Entries: []*logpb.LogEntry{{Message: string(make([]byte, 70_000))}}}, codes.ResourceExhausted},
	} {
		var got log
		addr, _ := receive(t, got.take, &grpc.ReceiverOptions{MaxRecords: 10, MaxMessage: 64 << 10})
		for _, options := range [][]gogrpc.CallOption{nil, {gogrpc.UseCompressor(gzip.Name)}} { // a bomb is counted as it comes out
			stream := rawStream(t, addr, options...)
			if err := stream.Send(c.request); err != nil {
				t.Fatal(err)
			}
			if _, err := stream.Recv(); status.Code(err) != c.want {
				t.Errorf("%s: %v", name, err)
			}
		}
		if len(got.all()) != 0 {
			t.Errorf("%s: the callback got %q", name, got.all())
		}
	}
}

// The service can be one of several of a server.
func TestRegister(t *testing.T) {
	var got log
	r, err := grpc.NewReceiver(got.take, nil)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := gogrpc.NewServer(r.ServerOptions()...)
	r.Register(server)
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(l) })
	if err := send(t, open(t, grpc.Destination{Addr: l.Addr().String(), Compression: grpc.Gzip}, false), numbered(3)); err != nil {
		t.Error(err)
	}
	if err := r.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	server.GracefulStop()
	serving.Wait()
	if len(got.all()) != 3 {
		t.Errorf("%q came", got.all())
	}
}

// Stop waits for the callbacks of a server that is not its own as well.
func TestStopWaits(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	r, err := grpc.NewReceiver(func(context.Context, []encode.Record) error {
		close(entered)
		<-release
		return nil
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := gogrpc.NewServer(r.ServerOptions()...)
	r.Register(server)
	var running sync.WaitGroup
	running.Go(func() { _ = server.Serve(l) })
	tr := open(t, grpc.Destination{Addr: l.Addr().String()}, false)
	running.Go(func() {
		if err := send(t, tr, numbered(1)); err != nil {
			t.Errorf("not acknowledged: %v", err)
		}
	})
	<-entered
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := r.Stop(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Stop returned %v while a callback runs", err)
	}
	close(release)
	if err := r.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	server.GracefulStop() // not Stop, which cuts off an acknowledgement that is not on the wire yet
	running.Wait()
}

// A record that is too large is refused alone, and the numbers that were told in it
// are told again.
func TestTooLargeTellsNoNumbers(t *testing.T) {
	var got log
	addr, _ := receive(t, got.take, &grpc.ReceiverOptions{MaxMessage: 64 << 10})
	recs := records("first sight", "too large", "uses the number", "uses it again")
	for i := range recs {
		recs[i].Attrs = []slog.Attr{slog.Int("a key of its own", i)}
		recs[i].Resource = &encode.Resource{Service: "one"}
	}
	recs[1].Resource = &encode.Resource{Service: "two"}
	recs[2].Resource = recs[1].Resource
	recs[1].Attrs = append(recs[1].Attrs, slog.String("wide", string(make([]byte, 64<<10))))
	out := transport.Classify(send(t, open(t, grpc.Destination{Addr: addr}, false), recs), 4)
	if out.Batch == nil {
		t.Fatalf("%+v", out)
	}
	for i, err := range out.Batch.Errs {
		if (err != nil) != (i == 1) || transport.Classify(err, 1).Permanent != (i == 1) {
			t.Errorf("record %d: %v", i, err)
		}
	}
	if want := []string{"first sight", "uses the number", "uses it again"}; !slices.Equal(got.all(), want) {
		t.Errorf("%q came", got.all())
	}
}
