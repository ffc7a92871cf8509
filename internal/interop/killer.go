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
	recordsApart = 1000                 // new records between two kills, at least
	jitterMost   = 6 * time.Millisecond // from the begin of a Send to the kill
	// allowance is what the producers may log for one attempt, all together:
	// enough to get to the kill, and some to log while the server is down.
	allowance = 1600
)

// errKills: the kills were too few to prove anything.
var errKills = errors.New("fewer kills than wanted met an unanswered batch")

// killer kills and restarts a server while records go to it.
type killer struct {
	server interface {
		kill()
		start(context.Context) error
	}
	progress *progress
	load     *load
	rng      *rand.Rand
	counted  int
}

// run kills until enough kills counted or the records are spent. It leaves the
// server running and the load free to end.
func (k *killer) run(ctx context.Context) error {
	defer k.load.allow(k.load.each)
	last := 0 // records sent by the last kill
	for attempts := producers * k.load.each / allowance; attempts > 0 && k.counted < killsMost; attempts-- {
		k.load.allow(allowance / producers)
		sent, counts, err := k.once(ctx, last+recordsApart+k.rng.IntN(recordsApart/5))
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
	// A transport that holds has an unanswered batch between two Sends as well.
	// To insist on one under way could miss the last there are: they are short.
	_, err = k.progress.wait(ctx, func(m moment) bool { return m.sent >= after && (m.holds || m.begun > m.ended) })
	if err != nil {
		return 0, false, fmt.Errorf("no Send to kill after %d records: %w", after, err)
	}
	time.Sleep(time.Duration(k.rng.Int64N(int64(jitterMost)))) // random on purpose: nothing is waited for
	at := k.progress.now()
	k.server.kill()
	if err := k.server.start(ctx); err != nil {
		return 0, false, err
	}
	counts, err = k.unanswered(ctx, at)
	return at.sent, counts, err
}

// unanswered reports whether a batch had no answer when the server was killed
// at that moment. A transport that holds records says so by Resend: right after
// a Send it holds some. Of any other it is the Send that was under way, if that
// one failed; it may have been answered just before the kill.
//
// If records are held and a Send that began after the restart passes without a
// Resend before it, nothing was held after all.
func (k *killer) unanswered(ctx context.Context, at moment) (bool, error) {
	if at.holds {
		restarted := k.progress.now()
		m, err := k.progress.wait(ctx, func(m moment) bool { return m.resends > at.resends || m.passed > restarted.begun })
		return m.resends > at.resends, err
	}
	if at.begun == at.ended {
		return false, nil
	}
	_, err := k.progress.wait(ctx, func(m moment) bool { return m.ended >= at.begun })
	return err == nil && k.progress.hasFailed(at.begun), err
}
