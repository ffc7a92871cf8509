package udp

import (
	"errors"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// faulty is a socket whose writes fail as told.
type faulty struct {
	net.Conn
	answers []error // of the writes to come; then nil
	wrote   []string
}

func (f *faulty) SetWriteDeadline(time.Time) error { return nil }
func (f *faulty) Close() error                     { return nil }
func (f *faulty) Write(p []byte) (int, error) {
	if len(f.answers) > 0 {
		err := f.answers[0]
		if f.answers = f.answers[1:]; err != nil {
			return 0, &net.OpError{Op: "write", Err: os.NewSyscallError("write", err)}
		}
	}
	f.wrote = append(f.wrote, string(p))
	return len(p), nil
}

type message struct{}

func (message) AppendRecord(dst []byte, rec *encode.Record) ([]byte, error) {
	return append(dst, rec.Message...), nil
}
func (message) ContentType() string { return "text/plain" }

// What each of the kernel's answers to the second of three datagrams means.
func TestAnswers(t *testing.T) {
	other := errors.New("network is down")
	for _, c := range []struct {
		name    string
		answers []error
		wrote   string
		// The fates of the three records: s sent, p permanent, a again; "" for
		// one answer for all: again.
		fates string
	}{
		{"all sent", nil, "abc", "sss"},
		{"too long", []error{nil, errMessageSize, errMessageSize}, "ac", "sps"},
		{"an earlier one was too long", []error{nil, errMessageSize}, "abc", "sss"},
		{"queue full", []error{nil, errNoBuffers}, "a", "saa"},
		{"time is up", []error{nil, os.ErrDeadlineExceeded}, "a", "saa"},
		{"refused", []error{nil, other}, "a", ""},
		{"refused after too long", []error{nil, errMessageSize, other}, "a", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := &faulty{answers: c.answers}
			s := &sender{dest: Destination{Encoder: message{}, MaxDatagram: 100}, conn: conn}
			s.recent.sent(7, time.Now())
			err := s.Send(t.Context(), []encode.Record{{Message: "a"}, {Message: "b"}, {Message: "c"}})
			wrote := ""
			for _, w := range conn.wrote {
				wrote += w
			}
			if wrote != c.wrote {
				t.Errorf("wrote %q, want %q", wrote, c.wrote)
			}
			out := transport.Classify(err, 3)
			if c.fates == "" {
				if out.Resend != 7 || s.conn != nil {
					t.Errorf("got %v, want a new socket, and the 7 held ones again", err)
				}
				return
			}
			fates := "sss"
			if err != nil {
				if out.Batch == nil {
					t.Fatalf("got %v, want a BatchError", err)
				}
				fates = ""
				for _, child := range out.Batch.Errs {
					switch {
					case child == nil:
						fates += "s"
					case transport.Classify(child, 1).Permanent:
						fates += "p"
					default:
						fates += "a"
					}
				}
			}
			if fates != c.fates {
				t.Errorf("fates %q, want %q: %v", fates, c.fates, err)
			}
		})
	}
}

// An empty record is refused: an empty datagram is none.
func TestEmpty(t *testing.T) {
	s := &sender{dest: Destination{Encoder: message{}, MaxDatagram: 100}, conn: &faulty{}}
	err := s.Send(t.Context(), []encode.Record{{}, {Message: "b"}})
	out := transport.Classify(err, 2)
	if out.Batch == nil || !errors.Is(errors.Unwrap(out.Batch.Errs[0]), errEmpty) && !errors.Is(out.Batch.Errs[0], errEmpty) || out.Batch.Errs[1] != nil {
		t.Errorf("got %v", err)
	}
}

// A record is held for at least half a second and at most one.
func TestRecent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for offset := time.Duration(0); offset < 2*span; offset += span / 7 {
			var r recent
			r.sent(1, time.Now())
			time.Sleep(offset)
			r.sent(10, time.Now())
			time.Sleep(span - 1)
			if r.pass(time.Now()); r.held() < 10 {
				t.Errorf("offset %v: held %d before the time", offset, r.held())
			}
			time.Sleep(span + 1)
			if r.pass(time.Now()); r.held() != 0 {
				t.Errorf("offset %v: held %d after twice the time", offset, r.held())
			}
		}
	})
}
