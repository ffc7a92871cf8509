package sentry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/httppost"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/httpstatus"
)

// ErrLimited is wrapped by the error of a Send that waits for the end of a rate
// limit, with KeepLimited.
var ErrLimited = errors.New("the server's rate limit")

// errDiscard is between post and its callers: the server wants the envelope no
// more, and has counted it.
var errDiscard = errors.New("discarded")

// sender is the transport. Its fields do not change after Open, but for what
// guards itself.
type sender struct {
	dest    *Destination
	client  *httppost.Client
	maker   *maker
	limits  limits
	reports reports
	now     func() time.Time
}

var (
	_ transport.Transport = (*sender)(nil)
	_ transport.Client    = (*sender)(nil)
)

// Describe: the destination acknowledges.
func (s *sender) Describe() transport.Description {
	return transport.Description{
		MaxRecords: s.dest.MaxRecords, MaxBytes: s.dest.MaxBytes, MaxInFlight: s.dest.MaxInFlight, Acknowledged: true,
	}
}

// ImportPaths names sentry-go, some of whose parts log.
func (s *sender) ImportPaths() []string { return []string{"github.com/getsentry/sentry-go"} }

// Close closes the connections.
func (s *sender) Close() error {
	s.client.Close()
	return nil
}

// Send makes one request for each event, as an envelope may hold only one, and
// one for up to 100 logs. It stops at the first answer that is not about a
// record.
func (s *sender) Send(ctx context.Context, recs []encode.Record) error {
	b := batch{recs: recs, answers: transport.AnswersFor(len(recs))}
	if s.dest.Mode.events() {
		s.sendEvents(ctx, &b)
	}
	if s.dest.Mode.logs() && b.failure == nil {
		s.sendLogs(ctx, &b)
	}
	if s.dest.Mode == Logs && b.failure == nil {
		s.sendReport(ctx)
	}
	return b.result()
}

// batch is what one Send knows of its records.
type batch struct {
	recs    []encode.Record
	answers transport.Answers
	settled bool  // a record was taken, discarded or refused
	failure error // the first that is not about a record
}

// refused notes err as the record's own answer, if it is one.
func (b *batch) refused(i int, err error) bool {
	if out := transport.Classify(err, 1); !out.Permanent && !out.TooLarge {
		return false
	}
	b.answers.Set(i, err)
	b.settled = true
	return true
}

// fail gives err to all records from i on that have no answer.
func (b *batch) fail(i int, err error) {
	b.failure = err
	for ; i < len(b.recs); i++ {
		if b.answers.At(i) == nil {
			b.answers.Set(i, err)
		}
	}
}

// result is what Send returns: one answer for all where nothing was settled, so
// that errors.Is and the worker see the failure itself.
func (b *batch) result() error {
	if b.failure != nil && !b.settled {
		return b.failure
	}
	return b.answers.Err()
}

// sendEvents goes through the batch one by one. Sending several at a time within a
// Send was rejected: MaxInFlight does that for those who do not need the order, and
// an answer in the middle that says "no more" would come too late for the rest.
func (s *sender) sendEvents(ctx context.Context, b *batch) {
	from := s.dest.EventsFrom.Level()
	for i := range b.recs {
		if b.recs[i].Level < from {
			b.settled = b.settled || !s.dest.Mode.logs()
			continue
		}
		err := s.sendEvent(ctx, &b.recs[i])
		switch {
		case err == nil:
			// Its log is still to come. Were it settled, a refusal of the logs would be
			// plain for all, and the same batch with its events go again for ever.
			b.settled = b.settled || !s.dest.Mode.logs()
		case b.refused(i, err):
		default:
			if s.dest.Mode.logs() {
				i = 0 // no record has its log yet: the events before go again, under the same IDs
			}
			b.fail(i, err)
			return
		}
	}
}

// sendEvent returns nil for what was taken or discarded.
func (s *sender) sendEvent(ctx context.Context, rec *encode.Record) error {
	if done, err := s.limited(1, 0, categoryError); done {
		return err
	}
	event, err := s.maker.finished(rec)
	if err != nil {
		return transport.Permanent(err)
	}
	if event == nil {
		s.discard(reasonBeforeSend, categoryError, 1)
		return nil
	}
	payload, err := fit(event, s.dest.MaxEvent)
	if err != nil {
		return transport.Permanent(err)
	}
	err = s.post(ctx, categoryError, item{kind: "event", payload: payload, event: string(event.EventID)})
	if errors.Is(err, errDiscard) {
		s.heard(reasonRateLimit, categoryError, 1)
		return nil
	}
	return err
}

// limited applies the limits of the categories to n items: done says that they
// are not to be sent now.
func (s *sender) limited(n, bytes int, categories ...string) (done bool, err error) {
	wait := s.limits.wait(s.now(), categories...)
	if wait <= 0 {
		return false, nil
	}
	if s.dest.KeepLimited {
		return true, transport.RetryAfter(fmt.Errorf("sentry: send: %w", ErrLimited), wait)
	}
	s.discard(reasonRateLimit, categories[0], n)
	if bytes > 0 {
		s.discard(reasonRateLimit, categoryLogByte, bytes)
	}
	return true, nil
}

// discard counts what we have decided to drop.
func (s *sender) discard(reason, category string, n int) {
	s.reports.add(reason, category, n)
	s.heard(reason, category, n)
}

func (s *sender) heard(reason, category string, n int) {
	if s.dest.OnDiscard != nil {
		s.dest.OnDiscard(reason, category, n)
	}
}

// post sends an envelope with it, and with what there is to report. category is
// what a refusal for its rate is about.
//
// The counts are taken out before, and put back unless the server took them: of two
// Sends at a time one reports a discard, and never both.
func (s *sender) post(ctx context.Context, category string, it item) error {
	var counts map[outcome]int
	if category == categoryError {
		counts = s.reports.take() // an envelope with logs must have nothing else
	}
	_, err := s.client.Post(ctx, &httppost.Request{
		Body: func(dst []byte) []byte { return appendEnvelope(dst, s.now(), it, counts) },
		Answered: func(status int, h http.Header) {
			s.limits.update(s.now(), status, h)
		},
		Refuse: func(e *httpstatus.Error) error { return s.refusal(e, category) },
	})
	if err != nil {
		s.reports.restore(counts)
	}
	return err
}

// sendReport says what was discarded, where no event's envelope ever does. The
// records are settled whatever comes of it.
func (s *sender) sendReport(ctx context.Context) {
	counts := s.reports.take()
	if len(counts) == 0 || s.limits.wait(s.now()) > 0 {
		s.reports.restore(counts)
		return
	}
	_, err := s.client.Post(ctx, &httppost.Request{
		Body:     func(dst []byte) []byte { return appendEnvelope(dst, s.now(), item{}, counts) },
		Answered: func(status int, h http.Header) { s.limits.update(s.now(), status, h) },
	})
	if err != nil {
		s.reports.restore(counts)
	}
}

// refusal is what Send makes of a status that is no 2xx.
func (s *sender) refusal(e *httpstatus.Error, category string) error {
	if e.Status != http.StatusTooManyRequests {
		return e.Outcome()
	}
	if !s.dest.KeepLimited {
		return errDiscard
	}
	return transport.RetryAfter(fmt.Errorf("%w: %w", ErrLimited, e), max(s.limits.wait(s.now(), category), e.RetryAfter, time.Second))
}
