package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"time"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
)

const (
	failoverNodes = 3
	failoverEach  = 5000 // records of one producer
	failoverBatch = 200
	// lull is how long nothing happens to the nodes, at least and at most.
	lullLeast, lullMost = 300 * time.Millisecond, 3 * time.Second
)

var (
	errNoProber = errors.New("the transport is no Prober")
	errSwitch   = errors.New("the switch took too long")
	errNoSwitch = errors.New("no switch was seen, or none back")
)

// trial is a group of nodes under load, of which some are killed and revived.
type trial struct {
	copies  int           // of each record, on as many nodes
	ordered bool          // each node has the records of a producer in their order
	quiet   bool          // nodes do not acknowledge: see pipeline.close
	within  time.Duration // what a switch-over may take; 0: there are none
	lasts   time.Duration
}

// nodes are the servers. All of it belongs to the goroutine that kills.
type nodes struct {
	all   []*server
	rng   *rand.Rand
	kills int
}

// run is destination.try.
func (tr trial) run(ctx context.Context, d *destination, dir string, rng *rand.Rand, out *outcome) {
	ctx, cancel := context.WithTimeout(ctx, tr.lasts+2*runLimit)
	defer cancel()
	n := &nodes{rng: rng}
	at := place{}
	for i := range failoverNodes {
		s, err := newServer(d.setup, filepath.Join(dir, fmt.Sprintf("node%d", i)))
		if err == nil {
			err = s.start(ctx)
		}
		if err != nil {
			out.err = errors.Join(err, n.stop())
			return
		}
		n.all, at.addrs = append(n.all, s), append(at.addrs, s.addrs...)
	}
	j := new(journal)
	d.each = failoverEach
	out.sent = producers * d.each
	err := tr.load(ctx, d, at, n, j, filepath.Join(dir, "buffer"))
	out.err = errors.Join(err, n.stop(), tr.judge(ctx, d, n, out))
	out.restarts = n.kills
	out.err = errors.Join(out.err, tr.verdict(j.count(), n.kills, out))
}

// load logs everything while nodes die and come back, and returns when the
// pipeline says that all of it is delivered.
func (tr trial) load(ctx context.Context, d *destination, at place, n *nodes, j *journal, dir string) error {
	pipe, err := openPipeline(dir, observe(d.to(at), j), func(r *route.Route, _ *handler.Options) {
		r.Batch.MaxRecords = failoverBatch
	})
	if err != nil {
		return err
	}
	l := newLoad(pipe.log, d.each, tr.lasts/time.Duration(d.each))
	l.allow(d.each)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var chaos sync.WaitGroup
	var chaosErr error
	over, end := context.WithTimeout(ctx, tr.lasts)
	defer end()
	chaos.Go(func() {
		if chaosErr = n.disturb(ctx, over); chaosErr != nil {
			cancel(chaosErr)
		}
	})
	logErr := l.run(ctx, producers)
	chaos.Wait()
	return errors.Join(logErr, chaosErr, pipe.close(ctx, tr.quiet))
}

// disturb kills and revives nodes in random order until over is done, and leaves
// them all alive. One always lives: without any there is nobody to switch to.
func (n *nodes) disturb(ctx, over context.Context) error {
	for over.Err() == nil {
		i := n.rng.IntN(len(n.all))
		switch up := n.up(); {
		case n.all[i].life == nil:
			if err := n.all[i].start(ctx); err != nil {
				return err
			}
		case up > 1:
			n.all[i].kill()
			n.kills++
		}
		select {
		case <-over.Done():
		case <-time.After(lullLeast + time.Duration(n.rng.Int64N(int64(lullMost-lullLeast)))): // random on purpose
		}
	}
	for _, s := range n.all {
		if s.life == nil {
			if err := s.start(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func (n *nodes) up() (count int) {
	for _, s := range n.all {
		if s.life != nil {
			count++
		}
	}
	return count
}

func (n *nodes) stop() error {
	var errs []error
	for _, s := range n.all {
		errs = append(errs, s.stop())
	}
	return errors.Join(errs...)
}

// judge asks each node what it has, and counts in how many places each record is.
func (tr trial) judge(ctx context.Context, d *destination, n *nodes, out *outcome) error {
	var errs []error
	copies := make([][]int, producers)
	for p := range copies {
		copies[p] = make([]int, d.each)
	}
	for i, s := range n.all {
		j := newJudge(producers, d.each)
		j.check = d.check
		torn, err := s.received(ctx, j.take)
		v := j.sentence()
		out.verdict.torn += torn
		out.verdict.received += v.received
		out.verdict.duplicates += v.duplicates
		if !tr.ordered {
			v.disordered = 0
		}
		if err := errors.Join(err, v.faults(), j.wrong); err != nil {
			errs = append(errs, fmt.Errorf("node %d: %w", i, err))
		}
		for p := range j.ids {
			for seq, id := range j.ids[p] {
				if id != "" {
					copies[p][seq]++
				}
			}
		}
	}
	tr.tally(copies, &out.verdict)
	return errors.Join(errs...)
}

// tally counts records that too few nodes have as lost, and copies on more nodes
// than one as duplicates where one is wanted.
func (tr trial) tally(copies [][]int, v *verdict) {
	for _, of := range copies {
		for _, n := range of {
			if n < tr.copies {
				v.lost++
			} else if tr.copies == 1 {
				v.duplicates += n - 1
			}
		}
	}
}

// verdict says how the switches went. A kill makes at most the batch arrive
// twice that had no answer, where nodes acknowledge.
func (tr trial) verdict(s switches, kills int, out *outcome) error {
	out.note = fmt.Sprintf("%d kills, %d duplicates", kills, out.verdict.duplicates)
	if tr.within > 0 {
		out.note = fmt.Sprintf("%d kills, %d switches away from a node, the longest %v after the failure was noticed, %d back to a preferred one, %d duplicates",
			kills, s.over, s.longest.Round(time.Millisecond), s.back, out.verdict.duplicates)
		if s.over == 0 || s.back == 0 {
			return errNoSwitch
		}
		if s.longest > tr.within {
			return fmt.Errorf("%v: %w", s.longest, errSwitch)
		}
	}
	if most := failoverBatch * kills; !tr.quiet && out.verdict.duplicates > most {
		return fmt.Errorf("%d duplicates, %d kills: %w", out.verdict.duplicates, kills, errTwice)
	}
	return nil
}
