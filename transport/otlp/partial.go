package otlp

import (
	"errors"
	"fmt"
	"math"
	"os"
	"sync"
	"time"

	"github.com/slogship/slogship/transport/httpstatus"
)

// ErrRejected is wrapped by the answers for records that a receiver has rejected
// in a partial success. They do not go again.
var ErrRejected = errors.New("rejected by the receiver in a partial success")

// Partial is what a receiver says beside its acceptance of a request
// (ExportLogsPartialSuccess). It does not say which records it means.
type Partial struct {
	Rejected int    // records of this request that the receiver did not take; 0: a warning
	Sent     int    // records in the request
	Message  string // the receiver's words; at most 512 bytes, printable, without credentials
	Total    int64  // rejected records since Open, these included
	URL      string // of the destination, redacted
}

// Error returns one line. A Partial is the error in the dead letters of records
// that were rejected all together.
func (p Partial) Error() string {
	s := fmt.Sprintf("otlp: send %q: %d of %d records rejected, %d since the start", p.URL, p.Rejected, p.Sent, p.Total)
	if p.Message != "" {
		s += fmt.Sprintf(": %q", p.Message)
	}
	return s
}

// Unwrap returns ErrRejected.
func (p Partial) Unwrap() error { return ErrRejected }

// readPartial reads an ExportLogsServiceResponse:
//
//	ExportLogsServiceResponse { ExportLogsPartialSuccess partial_success = 1; }
//	ExportLogsPartialSuccess  { int64 rejected_log_records = 1; string error_message = 2; }
func readPartial(response []byte, mask func(string) string) (p Partial, err error) {
	message := ""
	err = each(response, func(outer field) error {
		if outer.number != 1 {
			return nil
		}
		return each(outer.bytes, func(f field) error {
			switch f.number {
			case 1:
				p.Rejected = int(min(f.value, math.MaxInt32))
			case 2:
				message = string(f.bytes)
			}
			return nil
		})
	})
	p.Message = shown(message, mask)
	return p, err
}

// shown is a receiver's text as it may be printed. It is masked before it is cut:
// half a token would not be recognised.
func shown(text string, mask func(string) string) string {
	if text == "" {
		return ""
	}
	return httpstatus.Excerpt([]byte(mask(text)))
}

// everyMinute is how often the default shows something.
const everyMinute = time.Minute

// shower counts what was rejected and shows it.
type shower struct {
	to func(Partial) // nil: stderr

	mu    sync.Mutex
	total int64     // guarded by mu
	last  time.Time // guarded by mu; when stderr got a line
}

// show returns p with the total. The callback is called without the lock, so that
// one which logs, or asks for the handler's Stats, cannot come to a halt here.
func (s *shower) show(p Partial) Partial {
	p.Total = s.count(p.Rejected)
	switch {
	case s.to != nil:
		s.to(p)
	case s.due():
		fmt.Fprintln(os.Stderr, p.Error())
	}
	return p
}

func (s *shower) count(n int) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total += int64(n)
	return s.total
}

func (s *shower) due() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); s.last.IsZero() || now.Sub(s.last) >= everyMinute {
		s.last = now
		return true
	}
	return false
}
