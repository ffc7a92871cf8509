package console

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// keepRoom is what the encoding buffer may keep; a larger one, of a rare large
// batch, is given back.
const keepRoom = 64 << 10

// printer is the open transport.
type printer struct {
	writer  io.Writer
	encoder encode.Encoder
	closed  atomic.Bool // not under mu: a write that hangs must not hold up Close

	mu   sync.Mutex // held over encoding and writing, so that batches are not mixed
	buf  []byte     // guarded by mu; a line break, then the batch's lines
	torn bool       // guarded by mu; the last write ended in the middle of a line
}

func (p *printer) Describe() transport.Description { return transport.Description{Direct: true} }

// Send does not look at ctx: a record that is logged with a cancelled context is
// a record all the same, and a write cannot be interrupted.
func (p *printer) Send(_ context.Context, recs []encode.Record) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed.Load() {
		return transport.ErrClosed
	}
	refused := p.encodeLocked(recs)
	if err := p.writeLocked(); err != nil {
		return fmt.Errorf("console: write: %w", err)
	}
	return refused
}

// encodeLocked fills buf with the lines of recs. What the encoder refuses is
// left out and marked as permanent; nil if it refuses nothing.
func (p *printer) encodeLocked(recs []encode.Record) error {
	if cap(p.buf) > keepRoom {
		p.buf = nil
	}
	answers := transport.AnswersFor(len(recs))
	p.buf = append(p.buf[:0], '\n')
	for i := range recs {
		b, err := p.encoder.AppendRecord(p.buf, &recs[i])
		if err != nil {
			answers.Set(i, transport.Permanent(fmt.Errorf("console: encode record %v: %w", recs[i].ID, err)))
			continue
		}
		p.buf = append(b, '\n')
	}
	return answers.Err()
}

func (p *printer) writeLocked() error {
	b := p.buf[1:]
	if len(b) == 0 {
		return nil
	}
	if p.torn {
		b = p.buf
	}
	n, err := p.write(b)
	if n > 0 && n <= len(b) {
		p.torn = b[n-1] != '\n'
	}
	if err == nil && n != len(b) {
		err = io.ErrShortWrite
	}
	return err
}

func (p *printer) write(b []byte) (int, error) {
	if f, ok := p.writer.(*os.File); ok {
		return writeFile(f, b)
	}
	return p.writer.Write(b)
}

// Close ends the transport. The writer is the caller's, and stays open.
func (p *printer) Close() error {
	p.closed.Store(true)
	return nil
}
