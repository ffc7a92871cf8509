package buffer

import "fmt"

// dump describes the reader and the segments, for a test that hangs.
func dump(b *Buffer) string {
	b.reader.mu.Lock()
	defer b.reader.mu.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	r := &b.reader
	out := fmt.Sprintf("reader seg %v off %d n %d last %d; acked %+v; trouble %d\n", r.seg, r.off, r.n, r.last, b.acked, b.trouble)
	for _, s := range b.segs {
		out += fmt.Sprintf("%v live %v order %d from %d end %d used %d size %d sealed %v walked %v/%v@%d pinned %v busy %v gone %v poisoned %v settled %v shown %v claims %d void %d count %d seen %+v\n",
			s, s.live, s.order, s.from, s.end, s.used(), s.size, s.sealed, s.walked, s.walk.done, s.walk.off, s.walk.pinned, s.busy, s.gone, s.poisoned, s.settled.Load(), s.shown != nil, s.claims, s.void.Load(), s.count, s.seen)
	}
	return out
}
