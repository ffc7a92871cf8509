package deliver

import (
	"testing"

	"github.com/slogship/slogship/encode"
)

// batchOf makes a launched batch with one slot per letter: p pending, a
// accepted, s suspect.
func batchOf(kinds string) *batch {
	b := new(batch)
	for i, k := range kinds {
		*b.add(slot{size: 10}) = encode.Record{ID: idOf(i)}
		b.slots[i].state = map[rune]state{'p': pending, 'a': accepted, 's': suspect}[k]
	}
	b.launch()
	return b
}

// drain picks and accepts until nothing is left, and returns what each Send
// would have had.
func drain(b *batch) (sends [][]int) {
	for b.undecided() {
		var s []int
		for _, rec := range b.pick() {
			s = append(s, seqOf(&rec))
		}
		for _, i := range b.picked {
			b.slots[i].state = accepted
		}
		b.trim()
		sends = append(sends, s)
	}
	return sends
}

func wantSends(t *testing.T, what string, got [][]int, want ...[]int) {
	t.Helper()
	wantEqual(t, what+": sends", len(got), len(want))
	for i := range min(len(got), len(want)) {
		wantInts(t, what, got[i], want[i])
	}
}

func TestSplit(t *testing.T) {
	b := batchOf("pppppp")
	b.pick()
	b.split()
	wantSends(t, "halves in order", drain(b), []int{0, 1, 2}, []int{3, 4, 5})

	b = batchOf("papapaa")
	b.pick()
	b.split()
	wantSends(t, "halves of what is pending", drain(b), []int{0}, []int{2, 4})

	b = batchOf("pp")
	b.pick()
	b.split()
	wantSends(t, "down to one", drain(b), []int{0}, []int{1})
}

func TestIsolate(t *testing.T) {
	b := batchOf("aappp")
	b.isolate()
	wantSends(t, "the oldest, then the rest", drain(b), []int{2}, []int{3, 4})
	b = batchOf("ap")
	b.isolate()
	wantSends(t, "the last", drain(b), []int{1})
	b = batchOf("aa")
	b.isolate()
	wantSends(t, "none", drain(b))
	b = batchOf("ppp")
	b.report = true
	b.isolate()
	wantSends(t, "a report waits", drain(b), []int{1}, []int{0, 2})
	b = batchOf("paa")
	b.report = true
	b.isolate()
	wantSends(t, "a report alone", drain(b), []int{0})
}

func TestRevive(t *testing.T) {
	b := batchOf("sapsa")
	b.revive()
	wantSends(t, "suspects go again", drain(b), []int{0, 2, 3})
}

func TestUnsend(t *testing.T) {
	b := batchOf("aaapp")
	b.slots[1].answered = true
	b.unsend(2)
	wantSends(t, "the newest that were sent", drain(b), []int{0, 2, 3, 4})
}

func TestPickedBytes(t *testing.T) {
	b := batchOf("pap")
	b.pick()
	wantEqual(t, "bytes", b.pickedBytes(), 20)
}

func TestReset(t *testing.T) {
	b := batchOf("pp")
	b.slots[0].answer = errBad
	b.pick()
	b.reset()
	wantEqual(t, "slots", len(b.slots)+len(b.recs)+len(b.spans)+len(b.picked), 0)
	wantEqual(t, "progress", b.progress, progress{})
	wantEqual(t, "keeps no answer", b.slots[:1][0].answer, nil)
}
