package tcp

import (
	"context"
	"fmt"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// deliver encodes and writes chunk by chunk. Three ends are possible:
//
//   - Everything is written: nil, or the encoder's refusals.
//   - The connection breaks: the whole batch goes again, behind what was held.
//     Nothing of this batch is counted as sent then, also not its first chunks.
//   - ctx ends: the chunk that was under way counts as sent, as the wire keeps
//     its rest; those after it go again.
func (t *stream) deliver(ctx context.Context, recs []encode.Record) error {
	answers := transport.AnswersFor(len(recs))
	bytes, sent := 0, 0
	for next := 0; next < len(recs); {
		buf, end, framed := t.encode(recs, next, &answers)
		if framed > 0 {
			if err := t.conn.write(buf); err != nil {
				return t.lose(err)
			}
		}
		bytes += len(buf)
		sent += framed
		next = end
		if t.conn.wire.interrupted() {
			sent -= t.askAgain(ctx, next, len(recs), &answers)
			break
		}
	}
	t.window.sent(bytes, sent)
	if t.host != nil {
		t.host.Worked(t.conn.addr)
	}
	t.conn.used, t.conn.calm = time.Now(), false
	return answers.Err()
}

// encode frames records from the one with the index from on, up to a chunk.
// end is the index behind the last one looked at, framed how many of them the
// encoder did not refuse. What it returns is overwritten by the next call.
func (t *stream) encode(recs []encode.Record, from int, answers *transport.Answers) (buf []byte, end, framed int) {
	if cap(t.buf) > 2*chunkSize {
		t.buf = nil // one huge record; not worth keeping
	}
	buf = t.buf[:0]
	for end = from; end < len(recs) && len(buf) < chunkSize; end++ {
		var err error
		if buf, err = t.dest.Framing.appendFrame(buf, t.dest.Encoder, &recs[end]); err != nil {
			answers.Set(end, transport.Permanent(fmt.Errorf("tcp: encode: %w", err)))
			continue
		}
		framed++
	}
	t.buf = buf
	return buf, end, framed
}

// askAgain marks the records from next to size as not sent. If there are none, it
// marks the last one that was, and returns 1: with nil the worker might have
// nothing more to send, and what the wire keeps would wait for it. One record
// arrives twice.
func (t *stream) askAgain(ctx context.Context, next, size int, answers *transport.Answers) int {
	err := t.failure("send to", ended(ctx))
	if next < size {
		for i := next; i < size; i++ {
			answers.Set(i, err)
		}
		return 0
	}
	for i := next - 1; i >= 0; i-- {
		if answers.At(i) == nil {
			answers.Set(i, err)
			return 1
		}
	}
	return 0
}
