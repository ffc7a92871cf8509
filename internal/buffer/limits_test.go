package buffer

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"
)

// fillUp appends records of 1 KiB until one is refused, at most n, and returns
// how many were taken.
func fillUp(t *testing.T, b *Buffer, from uint64, n int) (taken int) {
	t.Helper()
	for i := range n {
		_, err := b.Append(t.Context(), record(from+uint64(i), 1024))
		if errors.Is(err, ErrFull) {
			return taken
		}
		if err != nil {
			t.Fatal(err)
		}
		taken++
	}
	return taken
}

// limitsOf returns the limits that b was opened with.
func limitsOf(o *Options) Limits {
	return Limits{MaxBytes: o.MaxBytes, WhenFull: o.WhenFull, BlockTimeout: o.BlockTimeout, StallTimeout: o.StallTimeout, Keep: o.Keep, Shed: o.Shed}
}

// A cap that is raised lets records in at once, one that is lowered holds from
// the next segment on, by the policy of the moment; the sum holds throughout.
func TestSetLimitsOfSize(t *testing.T) {
	for _, mode := range []Mode{Heap, Mapped, Written} {
		o := testOptions()
		o.Mode, o.MaxBytes, o.WhenFull = mode, 1<<20, DropNewest
		b := open(t, t.TempDir(), o)
		small := fillUp(t, b, 0, 5000)
		if small < 500 || small > 1100 {
			t.Errorf("%d records of 1 KiB in 1 MiB", small)
		}
		l := limitsOf(o)
		l.MaxBytes = 4 << 20
		if err := b.SetLimits(l); err != nil {
			t.Fatal(err)
		}
		if more := fillUp(t, b, 10000, 5000); more < 2*small {
			t.Errorf("%d more in 4 MiB", more)
		}
		l.MaxBytes, l.WhenFull = 1<<20, DropOldest
		if err := b.SetLimits(l); err != nil {
			t.Fatal(err)
		}
		if n := fillUp(t, b, 20000, 2000); n != 2000 {
			t.Errorf("with DropOldest %d of 2000 were taken", n)
		}
		s := b.Stats()
		checkSum(t, s)
		if s.Disk > 1<<20+1<<18 || s.Lost == 0 {
			t.Errorf("on disk %d bytes, dropped %d", s.Disk, s.Lost)
		}
		closeBuffer(t, b)
	}
}

// A look for room that began under the limits before says nothing of those after:
// the maintainer may come back from it when SetLimits is done.
func TestSetLimitsOverlapsALook(t *testing.T) {
	o := testOptions()
	o.Mode, o.MaxBytes, o.WhenFull = Heap, 1<<20, DropNewest
	b := open(t, "", o)
	fillUp(t, b, 0, 5000)
	before := b.limits.Load()
	l := limitsOf(o)
	l.WhenFull = DropOldest
	if err := b.SetLimits(l); err != nil {
		t.Fatal(err)
	}
	b.mu.Lock()
	none := b.active.Load() == nil
	b.mu.Unlock()
	b.noRoom(before)
	if n := fillUp(t, b, 20000, 100); n != 100 {
		t.Errorf("%d of 100 were taken, no segment before: %t", n, none)
	}
	closeBuffer(t, b)
}

// Who waits for room hears of room that comes from another limit, and of a
// policy that waits no longer.
func TestSetLimitsWakesWhoWaits(t *testing.T) {
	for name, change := range map[string]func(*Limits){
		"more room":  func(l *Limits) { l.MaxBytes = 4 << 20 },
		"no waiting": func(l *Limits) { l.WhenFull = DropNewest },
		"dropping":   func(l *Limits) { l.WhenFull = DropOldest },
	} {
		o := testOptions()
		o.Mode, o.MaxBytes, o.WhenFull, o.BlockTimeout = Heap, 1<<20, DropNewest, time.Minute
		b := open(t, "", o)
		fillUp(t, b, 0, 5000)
		l := limitsOf(o)
		l.WhenFull = Block
		if err := b.SetLimits(l); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		result := make(chan error)
		for i := range uint64(4) {
			go func() {
				_, err := b.Append(context.Background(), record(1<<32+i, 1024))
				result <- err
			}()
		}
		for starved(b) == 0 { // until one has found no segment
			time.Sleep(time.Millisecond)
		}
		change(&l)
		if err := b.SetLimits(l); err != nil {
			t.Fatal(err)
		}
		for range 4 {
			if err := <-result; errors.Is(err, ErrFull) != (name == "no waiting") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if took := time.Since(began); took > 30*time.Second {
			t.Errorf("%s: after %v", name, took)
		}
		checkSum(t, b.Stats())
		closeBuffer(t, b)
	}
}

func starved(b *Buffer) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.missed.IsZero() {
		return 0
	}
	return 1
}

// A record that a smaller cap has no room for is refused, and keeps nobody else
// out; Shed by the new cap begins at once.
func TestSetLimitsOfARecord(t *testing.T) {
	o := testOptions()
	o.Mode, o.MaxBytes = Heap, 16<<20
	b := open(t, "", o)
	mustAppend(t, b, 1, 500<<10)
	l := limitsOf(o)
	l.MaxBytes = 1 << 20
	if err := b.SetLimits(l); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Append(t.Context(), record(2, 500<<10)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("half of the cap: %v", err)
	}
	mustAppend(t, b, 3, 200<<10)
	l.Shed[2] = 1
	if err := b.SetLimits(l); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Append(t.Context(), record(2+Levels, 100)); !errors.Is(err, ErrFull) {
		t.Errorf("shed: %v", err)
	}
	l.MaxBytes, l.Shed[2] = 16<<20, 0
	if err := b.SetLimits(l); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, b, 5, 500<<10)
	checkSum(t, b.Stats())
	closeBuffer(t, b)
}

// What is out of bounds changes nothing.
func TestSetLimitsOutOfBounds(t *testing.T) {
	o := testOptions()
	o.Mode, o.MaxBytes = Heap, 1<<20
	b := open(t, "", o)
	for _, l := range []Limits{
		{MaxBytes: 1}, {WhenFull: Block + 1}, {BlockTimeout: -1}, {StallTimeout: -1}, {Keep: Levels + 1}, {Shed: [Levels]float64{2}},
	} {
		if b.SetLimits(l) == nil {
			t.Errorf("%+v was taken", l)
		}
	}
	if got := b.limits.Load().MaxBytes; got != 1<<20 {
		t.Errorf("the cap is %d", got)
	}
	closeBuffer(t, b)
}

// Limits change while producers and a consumer are at it: what Append took is
// read or counted as lost, and nobody waits for ever.
func TestSetLimitsUnderLoad(t *testing.T) {
	for _, mode := range []Mode{Heap, Mapped} {
		o := testOptions()
		o.Mode, o.MaxBytes = mode, 1<<20
		b := open(t, t.TempDir(), o)
		var group sync.WaitGroup
		for p := range uint64(4) {
			group.Go(func() {
				for i := range uint64(3000) {
					_, err := b.Append(t.Context(), record(p<<32|i, 300+int(i%1000)))
					if err != nil && !errors.Is(err, ErrFull) && !errors.Is(err, ErrTooLarge) && !errors.Is(err, ErrStalled) {
						t.Error(err)
					}
				}
			})
		}
		over := make(chan struct{})
		var side sync.WaitGroup
		side.Go(func() {
			for i := 0; ; i++ {
				l := Limits{MaxBytes: 256 << 10 << (i % 5), WhenFull: WhenFull(i % 3), BlockTimeout: time.Millisecond, Keep: uint8(i % 4)}
				if err := b.SetLimits(l); err != nil {
					t.Error(err)
				}
				select {
				case <-over:
					return
				case <-time.After(100 * time.Microsecond):
				}
			}
		})
		got := map[uint64]int{}
		side.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
					drainAll(t, b, func(e Entry) { got[idOf(e)]++ })
				}
			}
		})
		group.Wait()
		close(over)
		side.Wait()
		drainAll(t, b, func(e Entry) { got[idOf(e)]++ })
		s := b.Stats()
		checkSum(t, s)
		if uint64(len(got)) != s.Acked || s.Acked+s.Lost != s.Appended {
			t.Errorf("%d came: %+v", len(got), s)
		}
		closeBuffer(t, b)
	}
}
