package deliver

import (
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/transport"
)

// Whatever a destination answers, appended = delivered + dead + dropped + left,
// the cursor is a prefix of what is decided, order holds with one in flight,
// and duplicates keep to their bound. Random destinations, seed printed; a
// worker's life ends at random moments and another one goes on, and so does the
// transport's, with other limits after it.
func TestConservation(t *testing.T) {
	seeds := 500
	if os.Getenv("SLOGSHIP_NIGHTLY") == "1" {
		seeds = 20_000
	}
	base := rand.Uint64()
	if s := os.Getenv("SLOGSHIP_SEED"); s != "" {
		base, _ = strconv.ParseUint(s, 10, 64)
		seeds = 1
	}
	for i := range seeds {
		seed := base + uint64(i)
		synctest.Test(t, func(t *testing.T) {
			newChaos(t, seed).run()
			if t.Failed() {
				t.Fatalf("SLOGSHIP_SEED=%d", seed)
			}
		})
	}
}

// chaos is one random destination and what the test knows about it.
type chaos struct {
	t      *testing.T
	rnd    *rand.Rand // the test's own
	dice   *rand.Rand // the destination's; guarded by fake.mu
	rig    *rig
	fake   *holder
	poison map[int]bool

	trouble int  // random answers that are still to come
	partial bool // BatchErrors may leave some records for later
	holds   bool // the transport holds what it takes
	most    int  // records that one Send takes
	flights int  // the largest MaxInFlight there was

	resent int   // sum of all Resends
	lives  int   // workers so far
	window int   // what may be sent twice by each new life
	total  Stats // of all lives
}

func newChaos(t *testing.T, seed uint64) *chaos {
	c := &chaos{t: t, rnd: rand.New(rand.NewPCG(seed, 1)), dice: rand.New(rand.NewPCG(seed, 2)), poison: make(map[int]bool)}
	c.trouble, c.most = c.rnd.IntN(60), 1+c.rnd.IntN(30)
	c.partial, c.holds = c.rnd.IntN(2) == 0, c.rnd.IntN(3) == 0
	c.fake = &holder{}
	if c.rnd.IntN(2) == 0 {
		c.fake.took = time.Millisecond
	}
	c.fake.reply = c.reply
	c.rig = newRig(t, nil)
	c.rig.opts.MaxAge = []time.Duration{0, 0, time.Minute}[c.rnd.IntN(3)]
	c.rig.opts.MaxInterval = time.Second
	if c.rnd.IntN(2) == 0 {
		c.rig.bury()
	}
	return c
}

// reply is the destination. fake calls it with its lock held.
func (c *chaos) reply(_ int, recs []encode.Record) error {
	if len(recs) > c.most {
		return transport.ErrTooLarge
	}
	if c.trouble > 0 {
		c.trouble--
		if err := c.misbehave(recs); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(recs, c.bad) {
		// A destination that answers for each record needs no holding.
		if c.holds || c.dice.IntN(2) == 0 {
			return transport.Permanent(errBad)
		}
		return c.each(recs, false)
	}
	if c.holds {
		c.fake.unread += len(recs)
		c.fake.unread = c.dice.IntN(c.fake.unread + 1)
	}
	return nil
}

func (c *chaos) bad(rec encode.Record) bool { return c.poison[seqOf(&rec)] }

func (c *chaos) misbehave(recs []encode.Record) error {
	switch c.dice.IntN(7) {
	case 0:
		return errDown
	case 1:
		return transport.RetryAfter(errDown, time.Duration(c.dice.IntN(3))*time.Second)
	case 2:
		panic("chaos")
	case 3:
		return &transport.BatchError{Errs: make([]error, len(recs)+1)}
	case 4:
		if !c.holds {
			return c.each(recs, c.partial)
		}
		fallthrough
	case 5:
		if c.holds && c.fake.unread > 0 {
			n := c.fake.unread
			c.fake.unread = 0
			c.resent += n
			return transport.Resend(errDown, n)
		}
	}
	return nil
}

// each answers record by record.
func (c *chaos) each(recs []encode.Record, partial bool) error {
	e := &transport.BatchError{Errs: make([]error, len(recs))}
	for i := range recs {
		switch {
		case c.bad(recs[i]):
			e.Errs[i] = transport.Permanent(errBad)
		case partial && c.dice.IntN(3) == 0:
			e.Errs[i] = errDown
		}
	}
	return e
}

func (c *chaos) run() {
	c.start()
	for range 1 + c.rnd.IntN(8) {
		c.log(c.rnd.IntN(80))
		time.Sleep(time.Duration(c.rnd.IntN(3000)) * time.Millisecond)
		switch c.rnd.IntN(8) {
		case 0, 1:
			c.restart()
		case 2, 3:
			c.replace()
		}
	}
	c.fake.do(func() { c.trouble = 0 })
	for range 20 { // MaxInterval is a second
		time.Sleep(time.Minute)
		c.fake.do(func() { c.fake.unread = 0 })
	}
	c.rig.mustClose()
	c.count()
	c.check()
}

func (c *chaos) log(n int) {
	for range n {
		if c.rnd.IntN(20) == 0 {
			c.fake.do(func() { c.poison[c.rig.next] = true })
		}
		c.rig.log(1)
	}
}

func (c *chaos) start() {
	c.rig.opts.Transport = c.open()
	c.rig.start()
	c.lives++
}

// restart ends a worker's life as a deadline does and begins another one at
// the cursor, as a process that starts again.
func (c *chaos) restart() {
	ctx, cancel := contextFor(time.Duration(c.rnd.IntN(3)) * time.Millisecond)
	defer cancel()
	_ = c.rig.worker.Close(ctx)
	c.count()
	c.prefix()
	c.window += c.flights * maxChaosRecords // what a connection had that is gone counts with its Close
	c.rig.buf.Rewind(buffer.Mark{})
	c.start()
}

// count adds a finished worker's Stats to the total.
func (c *chaos) count() {
	s := c.rig.worker.Stats()
	c.total.Delivered += s.Delivered
	c.total.Dead += s.Dead
	c.total.Refused += s.Refused
	c.total.TooOld += s.TooOld
	wantEqual(c.t, "acked so far", uint64(c.rig.acked()), c.sum())
	wantEqual(c.t, "in flight at the end", s.InFlight, 0)
}

func (c *chaos) sum() uint64 {
	return c.total.Delivered + c.total.Dead + c.total.Refused + c.total.TooOld
}

// prefix checks that everything the cursor has passed is decided.
func (c *chaos) prefix() {
	got := make(map[int]bool)
	for _, n := range c.fake.received() {
		got[n] = true
	}
	old := 0
	for n := 1; n <= c.rig.acked(); n++ {
		if !got[n] && !c.poison[n] {
			old++
		}
	}
	if old > int(c.total.TooOld) {
		c.t.Errorf("the cursor passed %d records that were not delivered, %d of them too old", old, c.total.TooOld)
	}
}

func (c *chaos) check() {
	logged := c.rig.next - 1
	wantEqual(c.t, "left", int(c.rig.buf.Stats().Records), 0)
	wantEqual(c.t, "appended = delivered + dead + dropped", c.sum(), uint64(logged))
	wantEqual(c.t, "dropped, as the source counts", c.rig.dropped(), int(c.total.Refused+c.total.TooOld))
	c.prefix()
	times := make(map[int]int)
	var firsts []int
	extra := 0
	for _, n := range c.fake.received() {
		if times[n]++; times[n] > 1 {
			extra++
		} else if n > 0 {
			firsts = append(firsts, n)
		}
		if c.poison[n] {
			c.t.Errorf("record %d was refused and accepted", n)
		}
	}
	if limit := c.window + c.resent; extra > limit {
		c.t.Errorf("%d duplicates, want at most %d", extra, limit)
	}
	if c.flights == 1 && !c.partial && !slices.IsSorted(firsts) {
		c.t.Errorf("out of order: %v", brief(firsts))
	}
	c.checkDead()
}

// checkDead checks that only bad records are dead letters, and all of them
// that did not grow too old.
func (c *chaos) checkDead() {
	dead := make(map[int]bool)
	for _, n := range c.rig.deadSeqs() {
		dead[n] = true
		if !c.poison[n] {
			c.t.Errorf("record %d is a dead letter and was never refused", n)
		}
	}
	missing := 0
	for n := range c.poison {
		if !dead[n] {
			missing++
		}
	}
	if c.rig.opts.Dead != nil && missing > int(c.total.TooOld) {
		c.t.Errorf("%d of %d refused records have no dead letter", missing, len(c.poison))
	}
}
