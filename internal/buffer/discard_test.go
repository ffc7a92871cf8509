package buffer

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// What policies discard is in Dropped by reason and level and in Refused at
// once, and counts as one with what Append refused; the sum of Stats holds
// while many goroutines discard and another looks (DESIGN §1).
func TestDiscard(t *testing.T) {
	b := open(t, t.TempDir(), testOptions())
	var wg sync.WaitGroup
	const each = 5000
	for p := range uint8(4) {
		wg.Go(func() {
			for range each {
				b.Discard(Sampled+Reason(p%3), p)
			}
		})
	}
	for range 1000 {
		s := b.Stats()
		if s.Refused != s.Dropped.Total() {
			t.Fatalf("%d refused, %d dropped", s.Refused, s.Dropped.Total())
		}
	}
	wg.Wait()
	s := b.Stats()
	for p := range uint8(4) {
		if n := s.Dropped[Sampled+Reason(p%3)][p]; n != each {
			t.Errorf("reason %v, level %d: %d", Sampled+Reason(p%3), p, n)
		}
	}
	if s.Refused != 4*each || s.Lost != 0 || s.Appended != 0 || s.Records != 0 {
		t.Errorf("%+v", s)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if after := b.Stats(); after.Refused != s.Refused || after.Dropped != s.Dropped {
		t.Errorf("changed by Close: %+v", after)
	}
}

// A level beyond the last counts as the last.
func TestDiscardLevel(t *testing.T) {
	b := open(t, t.TempDir(), testOptions())
	defer b.Close()
	b.Discard(RateLimited, Levels)
	if s := b.Stats(); s.Dropped[RateLimited][Levels-1] != 1 {
		t.Errorf("%+v", s.Dropped)
	}
}

// Discards gather for a minute from the first one; then they are one report,
// which spans the time they took. Stop tells the rest, and what comes after it
// is counted and no news.
func TestDiscardsAreToldOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := testOptions()
		o.Mode = Heap
		b, err := Open(nil, "", o)
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now().UnixNano()
		for range 59 {
			b.Discard(Sampled, 2)
			time.Sleep(time.Second)
			if _, told := b.Loss(); told {
				t.Fatalf("told after %v", time.Duration(time.Now().UnixNano()-start))
			}
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		l, told := b.Loss()
		if !told || l.Counts.Total() != 59 || l.Counts[Sampled][2] != 59 || l.Since != start+1 ||
			l.Until < start+int64(time.Minute) || l.Until > start+int64(time.Minute+10*time.Millisecond) {
			t.Fatalf("%v: %+v", told, l)
		}
		b.Reported(l.ID)
		b.Discard(Deduplicated, 1)
		b.Stop()
		l, told = b.Loss()
		if !told || l.Counts.Total() != 1 || l.Counts[Deduplicated][1] != 1 {
			t.Fatalf("at Stop: %v: %+v", told, l)
		}
		b.Reported(l.ID)
		b.Discard(Sampled, 2)
		time.Sleep(time.Hour)
		if l, told = b.Loss(); told {
			t.Errorf("after Stop: %+v", l)
		}
		if s := b.Stats(); s.Dropped[Sampled][2] != 60 || s.Refused != 61 {
			t.Errorf("%+v", s)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
}

// The consumer that sleeps is woken when a minute's discards are to be told.
func TestDiscardsWakeTheConsumer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := testOptions()
		o.Mode = Heap
		b, err := Open(nil, "", o)
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		if !b.Arm() {
			t.Fatal("something to read")
		}
		start := time.Now()
		b.Discard(RateLimited, 3)
		<-b.Ready()
		if d := time.Since(start); d < discardsEvery || d > discardsEvery+time.Second {
			t.Errorf("after %v", d)
		}
		if l, told := b.Loss(); !told || l.Counts[RateLimited][3] != 1 {
			t.Errorf("%v %+v", told, l)
		}
	})
}

// A loss with ids in a report that began with discards brings its ids.
func TestLossAfterDiscards(t *testing.T) {
	o := testOptions()
	o.Mode = Heap
	b, err := Open(nil, "", o)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	b.Discard(Sampled, 2)
	b.mu.Lock()
	b.foldDiscardsLocked()
	b.mu.Unlock()
	b.Lose(QueueOverflow, 3, [16]byte{7}, 100)
	b.Discard(Sampled, 2)
	b.mu.Lock()
	b.foldDiscardsLocked()
	b.mu.Unlock()
	if l, _ := b.Loss(); l.First != [16]byte{7} || l.Last != [16]byte{7} || l.Counts.Total() != 3 {
		t.Errorf("%+v", l)
	}
}

// A discard costs a log call next to nothing.
func BenchmarkDiscard(b *testing.B) {
	o := testOptions()
	o.Mode = Heap
	buf, err := Open(nil, "", o)
	if err != nil {
		b.Fatal(err)
	}
	defer buf.Close()
	b.ReportAllocs()
	for b.Loop() {
		buf.Discard(Sampled, 2)
	}
}
