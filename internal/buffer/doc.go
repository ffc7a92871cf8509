// Package buffer keeps one route's records on disk until the destination has
// taken them: an append that has returned survives a kill of the process, and
// with durability Power a power cut.
//
// A [Buffer] is a log of fixed-size segments, memory-mapped by default. Many
// producers call Append; one consumer calls Next, and Ack when the destination
// has answered. Background goroutines make segments ahead, unmap full ones,
// remove what is acknowledged and recover what another run has left.
//
//	b, err := buffer.Open(vfs.OS{}, dir, &buffer.Options{NewID: newID})
//	pos, err := b.Append(ctx, buffer.Record{Payload: p, Sum: buffer.Sum(p), Level: 2, Time: now})
//
//	var c buffer.Chunk // the consumer's goroutine
//	for {
//		c.Reset()
//		if b.Next(&c, 512, 1<<20) == 0 {
//			if b.Arm() {
//				<-b.Ready()
//			}
//			continue
//		}
//		send(c.Entries)
//		b.Ack(c.Entries[len(c.Entries)-1].Mark)
//	}
//
// # What can be lost
//
// With Process: what the kernel had not written back when the power went. With
// Interval: what is younger than SyncEvery, and the sync under way. With
// Power: nothing that Append returned nil for. With Heap: everything, with the
// process. Beyond that only what a policy drops, which is counted by reason and
// level and handed out as a [Loss] until it is reported. The count of what
// Append itself refused is saved by the maintainer, shortly after: a kill in
// between loses that count, though the caller was told by the error. To save it
// in Append would make a refusal, the path of an overload, the slowest one. What
// Discard has counted is saved, and told, once a minute.
//
// # How a claim works
//
// A producer adds to the segment's tail, which lives in process memory: the
// result is its offset, and whether it fits. It stores its length negated, its
// bytes, the CRC, and then its length: that store is the commit. Who doesn't fit
// waits for the next segment and never touches the mapping; the one who crossed
// the end seals it. So when a walk over the committed lengths reaches the end of
// a sealed segment, no producer can be in it any more, and it may be unmapped
// without a counter or a lock on the path.
//
// A store into a mapping faults if the file was truncated, or was sparse and
// the disk is full. The append then takes another segment: the fault is turned
// into a panic in that goroutine and caught where it happened.
//
// The format, with a crash argument for each operation: FORMAT.md.
package buffer
