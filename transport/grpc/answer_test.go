package grpc_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/grpc"
	"github.com/slogship/slogship/transport/grpc/logpb"
)

func later(code codes.Code, after time.Duration) error {
	st, err := status.New(code, "busy").WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(after)})
	if err != nil {
		return err
	}
	return st.Err()
}

// TestStatus is the table of the package's Errors section, for the request that is
// the oldest without an answer.
func TestStatus(t *testing.T) {
	const credential = "s3cret-token"
	for _, c := range []struct {
		name string
		err  error
		want transport.Outcome
		code codes.Code
	}{
		{"invalid", status.Error(codes.InvalidArgument, "no"), transport.Outcome{Permanent: true}, codes.InvalidArgument},
		{"unavailable", status.Error(codes.Unavailable, "no"), transport.Outcome{}, codes.Unavailable},
		{"unavailable for 3 s", later(codes.Unavailable, 3*time.Second), transport.Outcome{After: 3 * time.Second}, codes.Unavailable},
		{"unavailable for a year", later(codes.Unavailable, 9000*time.Hour), transport.Outcome{After: time.Hour}, codes.Unavailable},
		{"unavailable since yesterday", later(codes.Unavailable, -24*time.Hour), transport.Outcome{}, codes.Unavailable},
		{"exhausted", status.Error(codes.ResourceExhausted, "quota"), transport.Outcome{}, codes.ResourceExhausted},
		{"exhausted for 2 s", later(codes.ResourceExhausted, 2*time.Second), transport.Outcome{After: 2 * time.Second}, codes.ResourceExhausted},
		{"too large in Go", status.Error(codes.ResourceExhausted, "grpc: received message larger than max (5 vs. 4)"), transport.Outcome{TooLarge: true}, codes.ResourceExhausted},
		{"too large in Java", status.Error(codes.ResourceExhausted, "gRPC message exceeds maximum size 4: 5"), transport.Outcome{TooLarge: true}, codes.ResourceExhausted},
		{"unauthenticated", status.Error(codes.Unauthenticated, "bad token "+credential), transport.Outcome{}, codes.Unauthenticated},
		{"denied", status.Error(codes.PermissionDenied, "Bearer "+credential), transport.Outcome{}, codes.PermissionDenied},
		{"internal", status.Error(codes.Internal, "bug"), transport.Outcome{}, codes.Internal},
		{"the end", nil, transport.Outcome{}, codes.OK},
	} {
		t.Run(c.name, func(t *testing.T) {
			addr := listen(t, greeting(nil, func(stream pushStream) error {
				if _, err := stream.Recv(); err != nil {
					return err
				}
				return c.err
			}))
			tr := open(t, grpc.Destination{Addr: addr, AllowPlaintext: true, Authorize: fixed(credential)}, false)
			err := send(t, tr, numbered(3))
			if got := transport.Classify(err, 3); got != c.want || err == nil {
				t.Errorf("%v is %+v, want %+v", err, got, c.want)
			}
			st, ok := errors.AsType[*grpc.StatusError](err)
			if c.err != nil && (!ok || st.Code != c.code) {
				t.Errorf("no status %v in %v", c.code, err)
			}
			isCredentials := c.code == codes.Unauthenticated || c.code == codes.PermissionDenied
			if errors.Is(err, grpc.ErrCredentials) != isCredentials {
				t.Errorf("ErrCredentials: %v", err)
			}
			if strings.Contains(err.Error(), credential) { // S10
				t.Errorf("the token is in %v", err)
			}
		})
	}
}

// What was answered before the stream ended is done; the rest goes again, and is
// not judged for the request that ended it until it is alone with it.
func TestHalfAnswered(t *testing.T) {
	for code, permanent := range map[codes.Code]bool{codes.InvalidArgument: true, codes.Unavailable: false} {
		addr := listen(t, answering(func(r *logpb.PushRequest) (*logpb.PushResponse, error) {
			if r.GetEntries()[0].GetMessage() == "message 2" {
				return nil, status.Error(code, "no")
			}
			return &logpb.PushResponse{Sequence: r.GetSequence()}, nil
		}))
		tr := open(t, grpc.Destination{Addr: addr}, true)
		recs := numbered(5)
		out := transport.Classify(send(t, tr, recs), 5)
		if out.Batch == nil {
			t.Fatalf("%v: %+v", code, out)
		}
		for i, err := range out.Batch.Errs {
			if (err != nil) != (i >= 2) || transport.Classify(err, 1).Permanent {
				t.Errorf("%v: record %d: %v", code, i, err)
			}
		}
		if again := transport.Classify(send(t, tr, recs[2:]), 3); again.Permanent != permanent {
			t.Errorf("%v: the rest: %+v", code, again)
		}
	}
}

// Single records are refused, and the others are not.
func TestRefused(t *testing.T) {
	addr := listen(t, answering(func(r *logpb.PushRequest) (*logpb.PushResponse, error) {
		return &logpb.PushResponse{Sequence: r.GetSequence(), Refused: []*logpb.Refusal{
			{Index: 1, Permanent: true, Reason: "no \x1b[2Jsuch\nindex"}, {Index: 3, Reason: "later"},
		}}, nil
	}))
	tr := open(t, grpc.Destination{Addr: addr}, false)
	out := transport.Classify(send(t, tr, numbered(5)), 5)
	if out.Batch == nil {
		t.Fatalf("%+v", out)
	}
	for i, err := range out.Batch.Errs {
		if (err != nil) != (i == 1 || i == 3) || transport.Classify(err, 1).Permanent != (i == 1) {
			t.Errorf("record %d: %v", i, err)
		}
	}
	if text := out.Batch.Errs[1].Error(); strings.ContainsAny(text, "\x1b\n") || !strings.Contains(text, "index") {
		t.Errorf("the reason came as %q", text)
	}
}

// An answer that fits nothing ends the stream, and is no reason to condemn anything.
func TestProtocolErrors(t *testing.T) {
	for name, answer := range map[string]*logpb.PushResponse{
		"a sequence that was not sent":       {Sequence: 7},
		"sequence 0":                         {},
		"a refusal of what was not sent":     {Sequence: 1, Refused: []*logpb.Refusal{{Index: 0, Permanent: true}, {Index: 3, Permanent: true}}},
		"a refusal far from what was sent":   {Sequence: 1, Refused: []*logpb.Refusal{{Index: 1 << 31, Permanent: true}}},
		"a sequence as large as they can be": {Sequence: 1<<64 - 1},
	} {
		addr := listen(t, answering(func(*logpb.PushRequest) (*logpb.PushResponse, error) { return answer, nil }))
		err := send(t, open(t, grpc.Destination{Addr: addr}, false), numbered(3))
		if err == nil || transport.Classify(err, 3) != (transport.Outcome{}) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// One answer may be for all requests so far.
func TestCumulativeAnswers(t *testing.T) {
	addr := listen(t, answering(func(r *logpb.PushRequest) (*logpb.PushResponse, error) {
		if r.GetSequence()%3 != 0 {
			return nil, nil
		}
		return &logpb.PushResponse{Sequence: r.GetSequence()}, nil
	}))
	if err := send(t, open(t, grpc.Destination{Addr: addr}, true), numbered(9)); err != nil {
		t.Error(err)
	}
}

// No more than Window requests are without an answer: the receiver, which answers
// nothing before it has seen the last that it may see, would see another.
func TestWindow(t *testing.T) {
	const window = 4
	addr := listen(t, greeting(nil, func(stream pushStream) error {
		for held := uint64(0); ; held++ {
			r, err := stream.Recv()
			if err != nil {
				return nil
			}
			if r.GetSequence()%window != 0 {
				continue // and the sender would wait for ever if it had fewer
			}
			if err := stream.Send(&logpb.PushResponse{Sequence: r.GetSequence()}); err != nil {
				return err
			}
		}
	}))
	if err := send(t, open(t, grpc.Destination{Addr: addr, Window: window}, true), numbered(10*window)); err != nil {
		t.Error(err)
	}

	tooMany := make(chan uint64, 1)
	silent := listen(t, greeting(nil, func(stream pushStream) error {
		for range window {
			if _, err := stream.Recv(); err != nil {
				return err
			}
		}
		go func() { // ends with the stream
			if r, err := stream.Recv(); err == nil {
				tooMany <- r.GetSequence()
			}
		}()
		select {
		case n := <-tooMany:
			t.Errorf("request %d came without an answer to the first", n)
		case <-time.After(100 * time.Millisecond): // a wrong one would have come by then; a right one never
		}
		return status.Error(codes.Unavailable, "enough")
	}))
	if err := send(t, open(t, grpc.Destination{Addr: silent, Window: window}, true), numbered(10*window)); err == nil {
		t.Error("nothing was answered")
	}
}

// The receiver's limits hold, if they are lower than ours.
func TestReceiverLimits(t *testing.T) {
	limits := &logpb.Limits{MaxMessageBytes: 20_000, MaxEntries: 7}
	var got []string
	addr := listen(t, greeting(limits, func(stream pushStream) error {
		for {
			r, err := stream.Recv()
			if err != nil {
				return nil
			}
			if len(r.GetEntries()) > 7 {
				t.Errorf("%d entries", len(r.GetEntries()))
			}
			for _, e := range r.GetEntries() {
				if e.GetMessageRef() != 0 || e.GetResourceRef() != 0 || e.GetResource().GetService() != "test" {
					t.Errorf("numbers, which were not asked for: %v", e)
				}
				got = append(got, e.GetMessage())
			}
			if err := stream.Send(&logpb.PushResponse{Sequence: r.GetSequence()}); err != nil {
				return err
			}
		}
	}))
	recs := numbered(30)
	recs[3].Message = strings.Repeat("a", 19_800)
	recs[4].Message = strings.Repeat("b", 20_001) // larger than a request may be
	recs[5].Message = strings.Repeat("c", 19_800)
	tr := open(t, grpc.Destination{Addr: addr}, false)
	out := transport.Classify(send(t, tr, recs), len(recs))
	if out.Batch == nil {
		t.Fatalf("%+v", out)
	}
	for i, err := range out.Batch.Errs {
		if transport.Classify(err, 1).Permanent != (i == 4) {
			t.Errorf("record %d: %v", i, err)
		}
	}
	tr.Close() // so that got is not written to any more
	if want := slices.Delete(texts(recs), 4, 5); !slices.Equal(got, want) {
		t.Errorf("%d messages came, want %d", len(got), len(want))
	}
}

// A peer that is not what it should be is a plain error, soon.
func TestNoReceiver(t *testing.T) {
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	for name, push := range map[string]func(pushStream) error{
		"no such service": nil,
		"an answer first": func(s pushStream) error { return s.Send(&logpb.PushResponse{Sequence: 1}) },
		"the end first":   func(pushStream) error { return nil },
		"a limit too low": greeting(&logpb.Limits{MaxMessageBytes: 1}, func(s pushStream) error { <-s.Context().Done(); return nil }),
		"silence":         func(pushStream) error { <-hang; return nil },
	} {
		addr := listen(t, push)
		err := send(t, open(t, grpc.Destination{Addr: addr, ConnectTimeout: 300 * time.Millisecond}, false), numbered(1))
		if err == nil || transport.Classify(err, 1) != (transport.Outcome{}) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Numbers are used, and records with them are the same as ever, through
// generated code on the other side.
func TestNumbersOnTheWire(t *testing.T) {
	refs := 0
	addr := listen(t, greeting(&logpb.Limits{MaxStringRef: 100, MaxResourceRef: 1}, func(stream pushStream) error {
		for {
			r, err := stream.Recv()
			if err != nil {
				return nil
			}
			for _, e := range r.GetEntries() {
				if e.GetMessage() == "" && e.GetMessageRef() != 0 && e.GetResource() == nil && e.GetResourceRef() == 1 {
					refs++
				}
			}
			if err := stream.Send(&logpb.PushResponse{Sequence: r.GetSequence()}); err != nil {
				return err
			}
		}
	}))
	recs := records(slices.Repeat([]string{"the same"}, 10)...)
	for i := range recs {
		recs[i].Resource = &encode.Resource{Service: "shop"}
	}
	tr := open(t, grpc.Destination{Addr: addr}, false)
	if err := send(t, tr, recs); err != nil {
		t.Fatal(err)
	}
	tr.Close()
	if refs != 8 { // the first in full, the second with its number
		t.Errorf("%d of 10 messages were numbers alone", refs)
	}
}
