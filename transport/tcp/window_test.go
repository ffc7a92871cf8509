package tcp

import (
	"math/rand/v2"
	"testing"
	"time"
)

// model is window without marks: each record's end in the stream.
type model struct {
	ends []int64
	size int64
	end  int64
	free int
}

func (m *model) release(unsent int64) {
	for m.free < len(m.ends) && m.ends[m.free] <= m.end-m.size-unsent {
		m.free++
	}
}

// The window against a naive one: it never lets go of more, holds at most one
// Send or one mark's stretch more, never takes back what it let go, and its
// memory does not depend on the number of Sends.
func TestWindowModel(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 50 {
		size := int64(rng.IntN(1 << rng.IntN(20)))
		w := window{size: size}
		m := model{size: size}
		largest := 1 + rng.IntN(1<<rng.IntN(14))
		for range 2000 {
			records, bytes := rng.IntN(20), 0
			for range records {
				n := 1 + rng.IntN(largest)
				bytes += n
				m.end += int64(n)
				m.ends = append(m.ends, m.end)
			}
			// As in a Send: its records are let go together or not at all.
			for i := range records {
				m.ends[len(m.ends)-1-i] = m.end
			}
			w.sent(bytes, records)
			if rng.IntN(3) > 0 {
				continue
			}
			unsent, before := int64(rng.IntN(1<<16)), w.free
			w.release(unsent)
			m.release(unsent)
			if w.free < before {
				t.Fatalf("free went back from %d to %d", before, w.free)
			}
			if int(w.free) > m.free {
				t.Fatalf("size %d, unsent %d: %d records were let go, %d may be", size, unsent, w.free, m.free)
			}
			if w.free < int64(m.free) {
				// Up to two marks' stretch behind, and a Send across its end.
				if late := m.end - size - unsent - m.ends[w.free]; late > 2*w.grain()+20*int64(largest) {
					t.Fatalf("size %d: lets go %d bytes too late", size, late)
				}
			}
			// Two marks for each grain, and as many that are released; the
			// Sends since the last release come on top.
			if most := (size + 1<<16 + 20*20*int64(largest)) / w.grain(); int64(len(w.marks)) > 4*most+64 {
				t.Fatalf("size %d: %d marks", size, len(w.marks))
			}
		}
		want := len(m.ends) - int(w.free)
		if held := w.reset(); held != want {
			t.Fatalf("reset returned %d, want %d", held, want)
		}
		if w.held() != 0 || w.size != size {
			t.Fatalf("after reset: held %d, size %d", w.held(), w.size)
		}
	}
}

func TestWindowSettleAndNone(t *testing.T) {
	w := window{size: 1 << 20}
	w.sent(100, 3)
	w.release(0)
	if w.held() != 3 {
		t.Errorf("within the window: held %d, want 3", w.held())
	}
	w.settle()
	if w.sent(50, 2); w.held() != 2 {
		t.Errorf("sent after settle: held %d, want 2", w.held())
	}
	none := window{size: -1}
	none.sent(100, 3)
	if none.release(1 << 20); none.held() != 0 {
		t.Errorf("a negative window holds %d", none.held())
	}
}

// What the kernel still has comes on top of the window.
func TestWindowCountsUnsentOnTop(t *testing.T) {
	w := window{size: 10 << 10}
	for range 100 {
		w.sent(1024, 1)
	}
	w.release(20 << 10)
	if w.held() < 30 || w.held() > 32 {
		t.Errorf("held %d, want 30, and up to two for a mark", w.held())
	}
	w.release(0)
	if w.held() < 10 || w.held() > 12 {
		t.Errorf("held %d, want 10, and up to two for a mark", w.held())
	}
	if w.release(50 << 10); w.held() > 12 {
		t.Errorf("what was let go is held again: %d", w.held())
	}
}
