package transporttest

import (
	"context"
	"testing"
	"time"

	"github.com/slogship/slogship/transport"
)

// check looks at a working receiver, which must get no record by it, with a ctx
// that has ended, and at a dead one. Whatever it finds has a verdict and, if
// it is a failure, an error and a remedy; and Send works afterwards.
func check(t testing.TB, h *Harness) {
	s := beginOpen(t, h)
	checker, ok := s.tr.(transport.Checker)
	if !ok {
		t.Skip("the transport is no transport.Checker")
	}
	found := checker.Check(t.Context())
	s.judge(found)
	for _, f := range found {
		if f.Verdict == transport.Failed {
			t.Errorf("of a working receiver Check says: %v", f)
		}
	}
	if entries, _ := s.peer.all(); len(entries) > 0 {
		t.Errorf("Check sent a record: %q", entries)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	began := time.Now()
	s.judge(checker.Check(ended))
	if took := time.Since(began); took > h.bounds().promptly {
		t.Errorf("Check took %v with a ctx that had ended", took)
	}
	s.deliverBatch(numbered(0, 1))
	if s.peer.Kill != nil {
		s.close()
		s.open() // another one: Check is for transports that have not sent
		s.peer.kill()
		s.judge(s.tr.(transport.Checker).Check(t.Context()))
	}
}

// judge looks at the form of findings.
func (s *session) judge(found []transport.Finding) {
	s.t.Helper()
	if len(found) == 0 {
		s.t.Errorf("Check has found nothing, not even what it did not look at")
	}
	for _, f := range found {
		s.inspect(textError(f.String()))
		s.inspect(f.Err)
		if f.Check == "" || f.Verdict < transport.OK || f.Verdict > transport.Skipped {
			s.t.Errorf("a finding without a step or a verdict: %+v", f)
		}
		if f.Verdict == transport.Failed && (f.Remedy == "" || f.Err == nil) {
			s.t.Errorf("a failure without a remedy or an error: %+v", f)
		}
	}
}

// textError lets inspect look at a text.
type textError string

func (e textError) Error() string { return string(e) }
