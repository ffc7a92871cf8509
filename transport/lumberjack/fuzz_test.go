package lumberjack

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/slogship/slogship/encode"
)

// Whatever numbers a receiver acknowledges, each record is answered for at most
// once, and none that lies behind the numbers: a hostile receiver can
// make Sends fail, and no more.
func FuzzAcks(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 0, 0, 0, 5}, uint8(5))
	f.Add([]byte{0, 0, 0, 5, 0, 0, 0, 2}, uint8(5))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff}, uint8(0))
	f.Fuzz(func(t *testing.T, seqs []byte, size uint8) {
		var w window
		w.reset()
		for i := range int(size) {
			w.add(encode.ID{byte(i)}, i)
		}
		answers := make([]int, size)
		highest := uint32(0)
		for ; len(seqs) >= 4; seqs = seqs[4:] {
			seq := binary.BigEndian.Uint32(seqs)
			if err := w.take(seq); (err != nil) != (seq > uint32(size)) || err != nil && !errors.Is(err, errProtocol) {
				t.Fatalf("an ack of %d in a window of %d: %v", seq, size, err)
			} else if err == nil {
				highest = max(highest, seq)
			}
			w.news(func(i int) { answers[i]++ })
		}
		for i, n := range answers {
			if want := i < int(highest); n > 1 || (n == 1) != want {
				t.Fatalf("record %d is answered for %d times, the highest ack was %d", i, n, highest)
			}
		}
		if w.left() != int(size)-int(highest) {
			t.Fatalf("%d events are left", w.left())
		}
	})
}
