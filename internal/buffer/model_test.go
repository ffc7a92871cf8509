package buffer

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/slogship/slogship/internal/vfs"
)

// TestModel is the buffer's share of T43: random steps against a list.
func TestModel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rounds, steps := share(6, 3), 1500
	if nightly() {
		rounds, steps = 1000, 1500
	}
	for i := range rounds {
		for _, m := range []Mode{Mapped, Written} {
			modelRound(t, rand.New(rand.NewPCG(seed, uint64(i))), m, steps)
		}
	}
}

type model struct {
	log   []uint64 // appended, in order
	read  int      // handed out
	acked int
	marks []Mark // of log[acked:read]
}

func modelRound(t *testing.T, rng *rand.Rand, mode Mode, steps int) {
	t.Helper()
	fsys := vfs.NewCrash(rng.Uint64())
	opt := func() *Options { o := quiet(); o.Mode = mode; return o }
	b := openOn(t, fsys, "/buf", opt())
	var m model
	var c Chunk
	id := uint64(0)
	for range steps {
		switch k := rng.IntN(100); {
		case k < 60:
			mustAppend(t, b, id, 16+rng.IntN(2000))
			m.log = append(m.log, id)
			id++
		case k < 75:
			c.Reset()
			b.Next(&c, 1+rng.IntN(40), 1+rng.IntN(30_000))
			for _, e := range c.Entries {
				checkEntry(t, e)
				if m.read >= len(m.log) || m.log[m.read] != idOf(e) {
					t.Fatalf("read %d at %d of %d", idOf(e), m.read, len(m.log))
				}
				m.read++
				m.marks = append(m.marks, e.Mark)
			}
		case k < 88 && len(m.marks) > 0:
			n := 1 + rng.IntN(len(m.marks))
			b.Ack(m.marks[n-1])
			m.acked += n
			m.marks = m.marks[n:]
		case k < 96:
			n := rng.IntN(len(m.marks) + 1)
			if n == 0 {
				b.Rewind(Mark{})
			} else {
				b.Rewind(m.marks[n-1])
			}
			m.read = m.acked + n
			m.marks = m.marks[:n]
		case k < 98:
			// A kill, or a clean end.
			next := fsys.Kill()
			_ = b.Close()
			if rng.IntN(2) == 0 {
				next = fsys.Kill()
			}
			fsys = next
			b = openOn(t, fsys, "/buf", opt())
			m.log = slices.Clone(m.log[m.acked:])
			m.read, m.acked, m.marks = 0, 0, nil
			waitScanned(t, b)
		}
		s := b.Stats()
		checkSum(t, s)
		if int(s.Records) != len(m.log)-m.acked {
			t.Fatalf("%d buffered, the model has %d: %+v", s.Records, len(m.log)-m.acked, s)
		}
	}
	closeBuffer(t, b)
}

func waitScanned(t *testing.T, b *Buffer) {
	t.Helper()
	late := time.After(time.Minute)
	for {
		b.mu.Lock()
		scanning, turn := b.scanning > 0, b.ackTurn
		b.ackWaited = true
		b.mu.Unlock()
		if !scanning {
			return
		}
		select {
		case <-turn:
		case <-late:
			t.Fatal("never scanned")
		}
	}
}

// TestCrashLoop is T3: lives that only append, one after the other.
func TestCrashLoop(t *testing.T) {
	fsys := vfs.NewCrash(1)
	lives := 100
	total := 0
	for range lives {
		o := quiet()
		b := openOn(t, fsys, "/buf", o)
		for range 20 {
			mustAppend(t, b, uint64(total), 200)
			total++
		}
		n := fsys.Kill()
		_ = b.Close()
		fsys = n
	}
	if u := fsys.Used(); u > int64(2*lives+4)*64<<10 {
		t.Fatal(u)
	}
	b := openOn(t, fsys, "/buf", quiet())
	n := 0
	drainAll(t, b, func(e Entry) {
		if idOf(e) != uint64(n) {
			t.Fatalf("%d at %d", idOf(e), n)
		}
		n++
	})
	if n != total {
		t.Fatal(fmt.Sprint(n, total))
	}
	closeBuffer(t, b)
	if u := fsys.Used(); u > 3*cursorSize {
		t.Fatalf("%d bytes left over", u)
	}
}
