package grpc

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"sync/atomic"
	"time"

	gogrpc "google.golang.org/grpc"
	"google.golang.org/grpc/mem"

	"github.com/slogship/slogship/transport/grpc/logpb"
	"github.com/slogship/slogship/transport/httpstatus"
)

// session is a connection with its one stream. Who sends has the lock sending,
// and with it what is said to be guarded by it.
type session struct {
	conn    *gogrpc.ClientConn
	stream  gogrpc.ClientStream
	cancel  context.CancelFunc // ends the stream, whatever it does
	addr    netip.AddrPort
	opened  time.Time
	version uint64             // of the TLS files
	secrets httpstatus.Secrets // the token

	maxMessage, maxEntries int
	chunk                  int

	sending   chan struct{} // a lock that can be given up: full while somebody has it
	strings   *interner     // guarded by sending
	resources *resources    // guarded by sending

	pool   *pool
	window *window
	done   chan struct{} // closed when the goroutine that receives has ended
	worked atomic.Bool   // something was answered
}

// send sends a request whose entries are in body, and gives body to grpc.
func (s *session) send(sequence uint64, body *[]byte) error {
	*body = binary.AppendUvarint(append(*body, tagSequence), sequence)
	f := frame{out: mem.BufferSlice{mem.NewBuffer(body, s.pool)}}
	err := s.stream.SendMsg(&f)
	if err == nil {
		return nil
	}
	// grpc's errors of SendMsg are io.EOF: what ended the stream is told to
	// who receives.
	s.cancelUnlessEOF(err)
	<-s.done
	return s.window.ended()
}

func (s *session) cancelUnlessEOF(err error) {
	if !errors.Is(err, io.EOF) {
		s.fail(newStatusError(err, s.secrets))
	}
}

// receive takes answers until the stream ends. It is the session's goroutine.
func (s *session) receive() {
	defer close(s.done)
	for {
		var a logpb.PushResponse
		if err := s.stream.RecvMsg(&a); err != nil {
			s.window.end(s.streamError(err))
			return
		}
		if err := s.window.answer(&a); err != nil {
			s.fail(err)
			return
		}
		s.worked.Store(true)
	}
}

func (s *session) streamError(err error) error {
	if errors.Is(err, io.EOF) {
		return errStreamEnd
	}
	return newStatusError(err, s.secrets)
}

// fail ends the session for that reason, unless it has ended already. It does not
// wait.
func (s *session) fail(err error) {
	s.window.end(err)
	s.cancel()
}

// close ends the session in order if nothing is under way, and waits for its
// goroutine.
func (s *session) close(patience time.Duration) {
	if s.window.ended() == nil && s.window.idle() {
		_ = s.stream.CloseSend()
		late := time.NewTimer(patience)
		defer late.Stop()
		select {
		case <-s.done:
		case <-late.C:
		}
	}
	s.abort()
}

// abort ends the session at once, and waits for its goroutine, which a cancelled
// stream does not hold up.
func (s *session) abort() {
	s.fail(errAborted)
	s.conn.Close()
	<-s.done
}

var errAborted = errors.New("the stream was given up")
