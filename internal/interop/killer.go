package main

import (
	"context"
	"errors"
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

// once kills and restarts the server in the middle of a Send that comes when
// more than after records are sent, and reports whether the kill counts.
func (k *killer) once(ctx context.Context, after int) (sent int, counts bool, err error) {
	_, err = k.progress.wait(ctx, func(m moment) bool { return m.sent >= after && m.begun > m.ended })
	if err != nil {
		return 0, false, err
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
func (k *killer) unanswered(ctx context.Context, at moment) (bool, error) {
	if at.holds {
		_, err := k.progress.wait(ctx, func(m moment) bool { return m.resends > at.resends })
		return err == nil, err
	}
	if at.begun == at.ended {
		return false, nil
	}
	_, err := k.progress.wait(ctx, func(m moment) bool { return m.ended >= at.begun })
	return err == nil && k.progress.hasFailed(at.begun), err
}
