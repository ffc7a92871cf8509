package deliver

// split replaces the top span by two with half of its pending records each,
// the earlier half on top, so that the order stays. The last Send was of that
// span, so picked lists its pending slots.
func (b *batch) split() {
	top := b.spans[len(b.spans)-1]
	middle := b.picked[len(b.picked)/2]
	b.spans[len(b.spans)-1] = span{middle, top.hi}
	b.spans = append(b.spans, span{top.lo, middle})
}

// rejoin makes one span of everything pending: for records that were decided,
// or cut off from their neighbours, and now go again.
func (b *batch) rejoin() {
	b.spans = append(b.spans[:0], span{0, len(b.slots)})
	b.trim()
}

// isolate puts the oldest pending record alone on top. A loss report comes
// last: it stands for no record of the route, and a destination that refuses
// it alone must not be held for it.
func (b *batch) isolate() {
	b.rejoin()
	if !b.undecided() {
		return
	}
	i := b.firstPending(span{0, len(b.slots)})
	if b.isReport(i) {
		if other := b.firstPending(span{1, len(b.slots)}); other > 0 {
			i = other
		}
	}
	b.spans = append(b.spans, span{i, i + 1})
}

// revive makes the suspects pending again.
func (b *batch) revive() {
	for i := range b.slots {
		if b.slots[i].state == suspect {
			b.slots[i].state = pending
		}
	}
	b.rejoin()
}
