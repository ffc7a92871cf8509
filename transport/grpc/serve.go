package grpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	gogrpc "google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/grpc/logpb"
)

var (
	errStopping = errors.New("the receiver is stopping")
	errStreams  = errors.New("too many streams")
	errSequence = errors.New("sequence numbers have to be 1, 2, 3, …")
	errEmpty    = errors.New("a request without entries")
)

// service is the receiver's side of logentry.proto. It is not the Receiver
// itself, which would have to show the generated methods.
type service struct {
	logpb.UnimplementedLogServiceServer
	receiver *Receiver
}

type pushStream = gogrpc.BidiStreamingServer[logpb.PushRequest, logpb.PushResponse]

// Push serves one stream.
func (s service) Push(stream pushStream) error {
	r := s.receiver
	if err := r.enter(); err != nil {
		return r.later(codes.ResourceExhausted, err, r.options.RetryAfter)
	}
	defer r.leave()
	if err := r.authorize(stream.Context()); err != nil {
		r.options.OnError(fmt.Errorf("grpc: stream refused: %w", err))
		return refusal(err)
	}
	in := &intake{receiver: r, stream: stream, decoder: decoder{limit: r.options.MaxRecords}}
	return in.run()
}

// authorize asks Options.Authorize.
func (r *Receiver) authorize(ctx context.Context) error {
	if r.options.Authorize == nil {
		return nil
	}
	token := ""
	if values := metadata.ValueFromIncomingContext(ctx, "authorization"); len(values) > 0 {
		token, _ = strings.CutPrefix(values[0], "Bearer ")
	}
	return r.options.Authorize(ctx, token)
}

// refusal keeps a status, and tells nothing of any other error. status.FromError is
// not used: of a status that is wrapped it takes the code, and the text of whatever
// is around it. A status of OK refuses nothing, and whoever returned it has.
func refusal(err error) error {
	var own interface{ GRPCStatus() *status.Status }
	if errors.As(err, &own) {
		if st := own.GRPCStatus(); st.Code() != codes.OK {
			return st.Err()
		}
	}
	return status.Error(codes.Unauthenticated, "not authorized")
}

// intake is one stream, on its handler's goroutine.
type intake struct {
	receiver *Receiver
	stream   pushStream
	decoder  decoder
	sequence uint64
	places   []int       // reused
	ids      []encode.ID // reused
}

// run greets the sender, and then takes one request after the other.
//
// Receiving blocks, and the handler has to end when the receiver stops. So a
// second goroutine receives; it hands over one message, and has the next one
// ready while the callback works. When the handler returns, grpc ends the stream,
// and with it what receives.
func (in *intake) run() error {
	if err := in.greet(); err != nil {
		return err
	}
	messages, ended := make(chan string), make(chan error, 1)
	ctx := in.stream.Context()
	in.receiver.streams.Go(func() { ended <- in.receive(ctx, messages) })
	for {
		select {
		case <-in.receiver.stopping:
			return status.Error(codes.Unavailable, errStopping.Error())
		case err := <-ended:
			return err
		case msg := <-messages:
			if err := in.take(ctx, msg); err != nil {
				return err
			}
		}
	}
}

func (in *intake) greet() error {
	return in.stream.Send(&logpb.PushResponse{Limits: &logpb.Limits{
		MaxMessageBytes: uint32(in.receiver.options.MaxMessage), MaxEntries: uint32(in.receiver.options.MaxRecords),
		MaxStringRef: maxStringRef, MaxResourceRef: maxResourceRef,
	}})
}

// receive hands over messages until the stream ends, and returns with what.
func (in *intake) receive(ctx context.Context, messages chan<- string) error {
	for {
		var f frame
		err := in.stream.RecvMsg(&f)
		if errors.Is(err, io.EOF) {
			return nil // the sender has nothing more to send
		}
		if err != nil {
			return err
		}
		select {
		case messages <- f.in:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// take decodes a request, gives it to the callback and answers. An error ends
// the stream.
func (in *intake) take(ctx context.Context, msg string) error {
	b, err := in.decoder.decode(msg)
	switch {
	case err != nil:
	case b.sequence != in.sequence+1:
		err = errSequence
	case len(b.recs) == 0:
		err = errEmpty
	}
	if err != nil {
		in.receiver.options.OnError(fmt.Errorf("grpc: request %d: %w", in.sequence+1, err))
		return status.Error(codes.InvalidArgument, err.Error()) // our own words: nothing of the message is in it
	}
	in.sequence = b.sequence
	answer := &logpb.PushResponse{Sequence: b.sequence}
	if err := in.give(ctx, b.recs, answer); err != nil {
		return err
	}
	return in.stream.Send(answer)
}

// give passes what is new to the callback, and puts what it refuses into the
// answer.
func (in *intake) give(ctx context.Context, recs []encode.Record, answer *logpb.PushResponse) error {
	c, err := in.receiver.seen.begin(ctx, recs, in.places)
	if err != nil {
		return status.FromContextError(err).Err()
	}
	in.places, in.ids = c.places, in.ids[:0]
	for i := range c.recs {
		in.ids = append(in.ids, c.recs[i].ID)
	}
	taken := func(int) bool { return false }
	defer func() { c.end(in.ids, taken) }() // also if the callback panics
	if len(c.recs) == 0 {
		return nil
	}
	err = in.receiver.handle(ctx, c.recs)
	if err == nil {
		taken = func(int) bool { return true }
		return nil
	}
	out := transport.Classify(err, len(c.recs))
	if out.Batch == nil {
		return in.receiver.failed(err, out)
	}
	taken = func(i int) bool { return out.Batch.Errs[i] == nil }
	in.receiver.options.OnError(fmt.Errorf("grpc: callback: %w", err))
	for i, refused := range out.Batch.Errs {
		if refused != nil {
			answer.Refused = append(answer.Refused, refuse(c.places[i], refused))
		}
	}
	return nil
}

// refuse is the answer to one record.
func refuse(place int, err error) *logpb.Refusal {
	out := transport.Classify(err, 1)
	if !out.Permanent && !out.TooLarge {
		return &logpb.Refusal{Index: uint32(place), Reason: "not taken"}
	}
	return &logpb.Refusal{Index: uint32(place), Permanent: true, Reason: reason(err.Error())}
}

// reason is text of at most maxReason bytes that protobuf takes.
func reason(s string) string {
	return strings.ToValidUTF8(s[:min(len(s), maxReason)], "")
}

const maxReason = 512

// failed is the status for a batch that the callback did not take.
func (r *Receiver) failed(err error, out transport.Outcome) error {
	r.options.OnError(fmt.Errorf("grpc: callback: %w", err))
	if out.Permanent || out.TooLarge {
		return status.Error(codes.InvalidArgument, reason(err.Error()))
	}
	after := r.options.RetryAfter
	if out.After > 0 {
		after = out.After
	}
	return r.later(codes.Unavailable, errNotTaken, after)
}

var errNotTaken = errors.New("the batch was not taken")

// later is a status that says when to come again.
func (r *Receiver) later(code codes.Code, err error, after time.Duration) error {
	st := status.New(code, err.Error())
	if after <= 0 {
		return st.Err()
	}
	detailed, detailErr := st.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(after)})
	if detailErr != nil {
		return st.Err()
	}
	return detailed.Err()
}
