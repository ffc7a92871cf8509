package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Rules of the kills.
const (
	killsWanted  = 5
	killsMost    = 8
	recordsApart = 1000                 // new records between two kills, at least; default of destination.apart
	jitterMost   = 6 * time.Millisecond // from the begin of a Send to the kill
)

// allowance is what the producers may log for one attempt, all together: enough
// to get to the kill, and some to log while the server is down.
func (k *killer) allowance() int { return k.apart * 8 / 5 }

// errKills: the kills were too few to prove anything.
var errKills = errors.New("fewer kills than wanted met an unanswered batch")

// killer kills and restarts a server while records go to it.
type killer struct {
	server   interface{ restart(context.Context) error }
	progress *progress
	load     *load
	apart    int  // new records between two kills, at least
	behind   bool // see destination.behind
	rng      *rand.Rand
	counted  int
}

// run kills until enough kills counted or the records are spent. It leaves the
// server running and the load free to end.
func (k *killer) run(ctx context.Context) error {
	defer k.load.allow(k.load.each)
	last := 0 // records sent by the last kill
	for attempts := producers * k.load.each / k.allowance(); attempts > 0 && k.counted < killsMost; attempts-- {
		k.load.allow(k.allowance() / producers)
		sent, counts, err := k.once(ctx, last+k.apart+k.rng.IntN(k.apart/5))
		if errors.Is(err, errSpent) {
			break
		}
		if err != nil {
			return err
		}
		last = max(last, sent)
		if counts {
			k.counted++
		}
	}
	if k.counted < killsWanted {
		return errKills
	}
	return nil
}

// once kills and restarts the server soon after that many records are sent, in
// the middle of a Send where that is what an unanswered batch is, and reports whether the kill counts.
func (k *killer) once(ctx context.Context, after int) (sent int, counts bool, err error) {
	at, err := k.aim(ctx, after)
	if err != nil {
		return 0, false, fmt.Errorf("no Send to kill after %d records: %w", after, err)
	}
	if err := k.server.restart(ctx); err != nil {
		return 0, false, err
	}
	counts, err = k.unanswered(ctx, at)
	return at.sent, counts, err
}

// wait is progress.wait while records flow. Each thing that is waited for comes
// with a Send, and there may be no more of them: everything that is allowed was
// sent before this goroutine was awake, which happens on a busy machine. So
// when nothing has changed for a while, the producers are allowed some more.
// errSpent: there were no more, and nothing has changed since. errStalled: there
// are Sends, and none succeeds.
func (k *killer) wait(ctx context.Context, ok func(moment) bool) (moment, error) {
	const nudge = producers * 4
	taken, since := k.progress.now().sent, time.Now()
	for patience := 0; ; {
		before := k.progress.now()
		if before.sent != taken {
			taken, since = before.sent, time.Now()
		}
		if time.Since(since) > stallLimit {
			return before, fmt.Errorf("%w: %w", errStalled, k.progress.lastError())
		}
		short, cancel := context.WithTimeoutCause(ctx, nudgeAfter, errQuiet)
		m, err := k.progress.wait(short, func(m moment) bool { return ok(m) || m.begun > before.begun })
		cancel()
		switch {
		case ok(m):
			return m, nil
		case err != nil && !errors.Is(err, errQuiet):
			return m, err
		case err == nil:
			patience = 0
		case !k.load.allow(nudge/producers) && m.begun == m.ended: // a Send under way has a deadline of its own
			if patience++; patience > spentPatience {
				return m, fmt.Errorf("at %+v: %w", m, errSpent)
			}
		}
	}
}

const (
	// nudgeAfter is how long nothing may begin before more records are allowed.
	nudgeAfter = 250 * time.Millisecond
	// spentPatience is how often, one after the other, it is waited once more
	// when there are no records left: longer than a worker takes to notice a
	// broken connection while idle, and than a backoff.
	spentPatience = 20
	// stallLimit is how long a server may take nothing, after it said that it
	// is ready.
	stallLimit = 30 * time.Second
)

var (
	errQuiet   = errors.New("nothing was sent for a while")
	errStalled = errors.New("the server takes no records")
	errSpent   = errors.New("all records are logged, and nothing more is sent")
)

// aim returns at a random moment of a Send, once that many records are sent. A
// Send that ends before the moment comes is let go and another one waited for,
// a few times: a kill between two Sends would not count, and the restart of
// some servers takes ten seconds.
//
// A transport that holds has an unanswered batch between two Sends as well. To
// insist on one under way could miss the last there are.
func (k *killer) aim(ctx context.Context, after int) (moment, error) {
	const tries = 10
	for try := 1; ; try++ {
		m, err := k.wait(ctx, func(m moment) bool { return m.sent >= after && (m.holds || m.begun > m.ended) })
		if err != nil {
			return m, err
		}
		longest := jitterMost
		if !m.holds {
			longest = min(longest, max(m.took, time.Microsecond))
		}
		time.Sleep(time.Duration(k.rng.Int64N(int64(longest)))) // random on purpose: nothing is waited for
		if at := k.progress.now(); at.holds || at.begun > at.ended || try == tries {
			return at, nil
		}
	}
}

// unanswered reports whether a batch had no answer when the server was killed
// at that moment. A transport that holds records says so by Resend: right after
// a Send it holds some. Of any other it is the Send that was under way, if that
// one failed; it may have been answered just before the kill.
//
// If records are held and a Send that began after the restart passes without a
// Resend before it, nothing was held after all.
func (k *killer) unanswered(ctx context.Context, at moment) (bool, error) {
	if k.behind {
		return true, nil
	}
	if at.holds {
		restarted := k.progress.now()
		m, err := k.wait(ctx, func(m moment) bool { return m.resends > at.resends || m.passed > restarted.begun })
		return m.resends > at.resends, err
	}
	if at.begun == at.ended {
		return false, nil
	}
	_, err := k.wait(ctx, func(m moment) bool { return m.ended >= at.begun })
	return err == nil && k.progress.hasFailed(at.begun), err
}
