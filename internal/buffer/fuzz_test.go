package buffer

import (
	"bytes"
	"encoding/binary"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/slogship/slogship/internal/vfs"
)

// FuzzScan is T15: any bytes after a good header, in linear time, without a
// panic, and never more memory than a window. Without -fuzzminimizetime=1x the
// fuzzer spends a short run on making its first find smaller, byte by byte, and
// shows 0 executions a second:
//
//	go test -run '^$' -fuzz FuzzScan -fuzztime 20s -fuzzminimizetime 1x
func FuzzScan(f *testing.F) {
	const epoch = 0x1122334455667788 // fixed: the inputs are of this epoch
	s := testSegment(1, 16<<10)
	s.setEpoch(epoch)
	mem, _ := fillSegment(s, rand.New(rand.NewPCG(1, 2)), 0, 30)
	f.Add(mem[headerSize:])
	f.Add([]byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, p []byte) {
		if len(p) > 1<<20 {
			return
		}
		all := append(make([]byte, headerSize), p...)
		s := &segment{log: newHeapLog(), seq: 1, size: uint64(len(all))}
		s.setEpoch(epoch)
		var w window
		w.reset(bytes.NewReader(all), s.size)
		last := uint64(0)
		s.each(&w, headerSize, func(f *found) {
			if f.at < last || f.at+f.stride() > s.size {
				t.Fatalf("record at %d after %d", f.at, last)
			}
			last = f.at + f.stride()
		})
		_, _ = parseHeader(p)
		_, _, _ = readSlots(p)
	})
}

// FuzzOpen is T15 for recovery as a whole: any bytes in a segment behind its
// header, in the header, and in the cursor. The buffer opens, drains with
// right sums, takes a new record and delivers it, and closes. All in memory;
// a few thousand executions a second:
//
//	go test -run '^$' -fuzz FuzzOpen -fuzztime 20s -fuzzminimizetime 1x
func FuzzOpen(f *testing.F) {
	seg, files := sample(f, 5, 2, 100)
	good, cursor := files[seg], files["cursor"]
	f.Add(good[:headerUsed], good[headerSize:], cursor[:slotUsed], cursor[slotAt:])
	f.Add([]byte{}, []byte{1, 2, 3}, []byte{4}, []byte{5})
	f.Fuzz(func(t *testing.T, head, body, slot0, slot1 []byte) {
		if len(body) > 64<<10 {
			return
		}
		s := bytes.Clone(good[:headerSize])
		copy(s[:headerCopy], head)
		c := bytes.Clone(cursor)
		copy(c[:slotAt], slot0)
		copy(c[slotAt:], slot1)
		fuzzOpen(t, map[string][]byte{seg: append(s, body...), "cursor": c})
	})
}

func fuzzOpen(t *testing.T, files map[string][]byte) {
	disk := vfs.NewCrash(1)
	_ = disk.MkdirAll("/buf")
	for name, p := range files {
		w := must(disk.Create("/buf/" + name))
		_ = must(w.WriteAt(p, 0))
		_ = w.Close()
	}
	b := openOn(t, disk, "/buf", quiet())
	const id = 1 << 40
	mustAppend(t, b, id, 64)
	var ch Chunk
	for seen := false; !seen; {
		ch.Reset()
		next(t, b, &ch, 100)
		for _, e := range ch.Entries {
			seen = seen || len(e.Payload) == 64 && idOf(e) == id
		}
		b.Ack(ch.Entries[len(ch.Entries)-1].Mark)
	}
	if s := b.Stats(); s.Appended+s.Recovered != s.Acked+s.Lost+s.Records {
		t.Fatalf("sums: %+v", s)
	}
	closeBuffer(t, b)
}

// readCounter counts the bytes that a scan reads.
type readCounter struct {
	io.ReaderAt
	n uint64
}

func (r *readCounter) ReadAt(p []byte, off int64) (int, error) {
	n, err := r.ReaderAt.ReadAt(p, off)
	r.n += uint64(n)
	return n, err
}

// TestScanIsLinear is T15's time: the work that a scan does at most doubles
// with the bytes, whatever they are; here those that cost most: a header at
// every place that is right in all but its sum, so that the sum has to be
// taken over as much as a record may hold. What is counted is bytes, read and
// summed, since a clock tells more of the machine.
func TestScanIsLinear(t *testing.T) {
	for _, most := range []uint64{16 << 20, thrifty} {
		scanIsLinear(t, most)
	}
}

func scanIsLinear(t *testing.T, most uint64) {
	work := func(size uint64) uint64 {
		s := testSegment(1, size)
		rng := rand.New(rand.NewPCG(1, size)) // always the same: of millions of sums one is right now and then
		for off := uint64(headerSize); off+frameSize <= size; off += align {
			putFrame(s.mem[off:off+frameSize], &frame{length: uint32(min(size-off, most)), sum: rng.Uint32(),
				place: placeOf(1, off), typ: typeData}, s.epochBytes[:])
			binary.LittleEndian.PutUint32(s.mem[off:], uint32(min(size-off, most)))
		}
		r := &readCounter{ReaderAt: bytes.NewReader(s.mem)}
		var w window
		w.reset(r, size)
		n := 0
		s.each(&w, headerSize, func(*found) { n++ })
		if n > 0 {
			t.Fatalf("%d records in rubbish", n)
		}
		if cap(w.buf) > 64<<20 {
			t.Fatalf("%d bytes of memory", cap(w.buf))
		}
		return r.n + w.wasted
	}
	last := work(64 << 10)
	for size := uint64(128 << 10); size <= 4<<20; size *= 2 {
		now := work(size)
		t.Logf("%d KiB, records of up to %d KiB: %d KiB read and summed", size>>10, most>>10, now>>10)
		if now > 2*last+1<<20 { // what is behind the header is a little more than twice as much
			t.Errorf("%d KiB: %d bytes of work, %d for half of it", size>>10, now, last)
		}
		last = now
	}
}
