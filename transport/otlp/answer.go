package otlp

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"github.com/slogship/slogship/internal/httppost"
)

// ErrAnswer is wrapped by Send's error for an answer that accepts and is not one
// of an OTLP receiver: a proxy's page, a connection that broke in the middle.
// The records go again.
var ErrAnswer = errors.New("not an answer of an OTLP receiver")

// maxAnswer bounds what is read of an answer: CVE-2026-39882 was a client that
// read them to the end.
const maxAnswer = 1 << 20

// answer judges a 2xx.
func (s *sender) answer(resp *http.Response, whole bool, mask func(string) string, a *attempt) error {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err == nil && len(body) > maxAnswer {
		err = fmt.Errorf("more than %d bytes: %w", maxAnswer, ErrAnswer)
	}
	if err != nil {
		return s.failed(fmt.Errorf("the answer: %w", err))
	}
	if s.dest.Protocol == GRPC {
		if body, err = s.unframe(resp, body, mask); err != nil {
			return err
		}
	}
	if !whole {
		return s.failed(httppost.ErrEarlyAnswer)
	}
	p, err := readPartial(body, mask)
	if err != nil {
		// 200 with "{}" or "ok" is what receivers say that do not go by the
		// book, and nothing that would speak against their having the records.
		// A page is: of a proxy that wants a login, or a server of another kind.
		if t, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); t != "text/html" && s.dest.Protocol == HTTP && !protobuf(t) {
			return nil
		}
		return s.failed(fmt.Errorf("%w: %w", ErrAnswer, err))
	}
	s.partial(p, a)
	return nil
}

func protobuf(mediaType string) bool { return mediaType == "application/x-protobuf" || mediaType == "" }

// partial counts and shows what was rejected.
func (s *sender) partial(p Partial, a *attempt) {
	if p.Rejected == 0 && p.Message == "" {
		return
	}
	p.URL, p.Sent = s.url, a.sent
	p.Rejected = min(p.Rejected, a.sent)
	a.rejected = p.Rejected
	a.partial = s.show.show(p)
}

func (s *sender) failed(err error) error { return fmt.Errorf("otlp: send %q: %w", s.url, err) }
