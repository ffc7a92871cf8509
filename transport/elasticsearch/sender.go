package elasticsearch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/httppost"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/httpstatus"
)

// linger lets an idle worker wait a moment for more: a search sees new documents
// after a second anyway (index.refresh_interval), and each request costs the
// cluster as much as some hundred documents.
const linger = 200 * time.Millisecond

// sender is the transport. Its fields do not change after Open, but for what
// guards itself.
type sender struct {
	dest    *Destination
	chooser *chooser
	queries queries
	nodes   nodes

	// quoting is set once the server has said that it does not know
	// sourceParameter.
	quoting atomic.Bool
}

var _ transport.Transport = (*sender)(nil)

// Describe: the destination acknowledges.
func (s *sender) Describe() transport.Description {
	return transport.Description{
		MaxRecords: s.dest.MaxRecords, MaxBytes: s.dest.MaxBytes, MaxInFlight: s.dest.MaxInFlight,
		Linger: linger, Acknowledged: true,
	}
}

// Send makes one request of recs to the next node; and a second one, once, if
// the server does not know a parameter that it can do without.
func (s *sender) Send(ctx context.Context, recs []encode.Record) error {
	hide := s.hides()
	err := s.post(ctx, recs, hide)
	if hide && errors.Is(err, errQuoting) {
		s.quoting.Store(true)
		err = s.post(ctx, recs, false)
	}
	return err
}

// hides reports whether the server is asked not to quote documents.
func (s *sender) hides() bool {
	switch s.dest.SourceOnError {
	case SourceHidden:
		return true
	case SourceUnset:
		return false
	default:
		return !s.quoting.Load()
	}
}

// post makes one request.
func (s *sender) post(ctx context.Context, recs []encode.Record, hide bool) error {
	answers := transport.AnswersFor(len(recs))
	sent, length, answered, ailing := 0, 0, false, false
	request := httppost.Request{
		Query: s.queries.plain,
		Body: func(dst []byte) (body []byte) {
			body, sent = s.appendBatch(dst, recs, &answers)
			length = len(body) - len(dst)
			return body
		},
		Answered: func(int, http.Header) { answered = true },
		Accept: func(body io.Reader, mask func(string) string) error {
			return readAnswer(body, mask, &answers, len(recs), sent, length)
		},
		Refuse: func(e *httpstatus.Error) error {
			ailing = unavailable(e.Status)
			return s.refused(e)
		},
	}
	if hide {
		request.Query = s.queries.hidden
	}
	to := s.nodes.pick(time.Now())
	silent, err := to.client.Post(ctx, &request)
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		// Nobody waited for the node's answer: that says nothing about it.
	case silent || ailing:
		s.nodes.failed(to, time.Now())
	case answered: // not where there was nothing to send, or no secret to send it with
		s.nodes.worked(to)
	}
	if err != nil {
		return err
	}
	return answers.Err()
}

// errQuoting: the server does not know sourceParameter.
var errQuoting = errors.New("elasticsearch: the server has no " + sourceParameter)

// refused makes of an answer to the whole request what Send returns. A parameter
// that the server does not know is no fault of the records, whatever its status.
func (s *sender) refused(e *httpstatus.Error) error {
	any, source := unknownParameter(e)
	switch {
	case source && s.dest.SourceOnError == SourceAuto:
		return fmt.Errorf("%w: %w", errQuoting, e)
	case any:
		return e
	default:
		return e.Outcome()
	}
}

// unavailable reports whether a status says that another node may do better.
// 429 is not one: an overloaded cluster is not helped by fewer nodes.
func unavailable(status int) bool {
	return status == http.StatusBadGateway || status == http.StatusServiceUnavailable || status == http.StatusGatewayTimeout
}

// Close closes the connections, those of an abandoned Send with its return.
func (s *sender) Close() error {
	s.nodes.close()
	return nil
}
