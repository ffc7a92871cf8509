package crypto

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// MaxLine is the longest line, in bytes, in which a [Reader] opens tokens. It is
// also what bounds its memory.
const MaxLine = 8 << 20

// Reader opens the tokens in a stream of lines. Lines that are JSON are opened as
// [Opener.OpenJSON] does, others as [Opener.OpenText] does. Memory does not
// depend on the stream's length. It is for one goroutine.
type Reader struct {
	ctx    context.Context
	o      *Opener
	in     *bufio.Reader
	line   []byte // reused
	out    []byte // what is opened and not yet read
	long   bool   // in the rest of a line that is too long
	err    error  // of in; returned when out is read
	counts Counts
}

// NewReader returns a Reader of r. Read returns ctx's error once it is done.
func (o *Opener) NewReader(ctx context.Context, r io.Reader) *Reader {
	return &Reader{ctx: ctx, o: o, in: bufio.NewReaderSize(r, 64<<10)}
}

// Counts returns what became of the tokens that were read so far.
func (r *Reader) Counts() Counts { return r.counts }

// Read reads the opened stream. A failure to open is none of its errors: it is
// counted, and the token stays, marked.
func (r *Reader) Read(p []byte) (int, error) {
	for len(r.out) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		if err := r.ctx.Err(); err != nil {
			return 0, fmt.Errorf("crypto: open stream: %w", err)
		}
		r.next()
	}
	n := copy(p, r.out)
	r.out = r.out[n:]
	return n, nil
}

// next puts the next line into out, or a part of one that is too long.
func (r *Reader) next() {
	r.line = r.line[:0]
	for {
		part, err := r.in.ReadSlice('\n')
		r.line = append(r.line, part...)
		full := errors.Is(err, bufio.ErrBufferFull)
		switch {
		case r.long: // pass it on as it comes
			r.out, r.long = r.line, full
		case len(r.line) > MaxLine:
			r.counts.LongLines++
			r.out, r.long = r.line, full
		case full:
			continue
		default:
			r.out = r.opened(r.line)
		}
		if !full {
			r.err = err
		}
		return
	}
}

// opened opens one line, which keeps its end as it was. What looks like JSON and
// is none (half a document that was printed over several lines) is text.
func (r *Reader) opened(line []byte) []byte {
	if !bytes.Contains(line, []byte(anyPrefix)) {
		return line
	}
	body := bytes.TrimRight(line, "\r\n")
	end := line[len(body):]
	if start := bytes.TrimLeft(body, " \t"); len(start) > 0 && (start[0] == '{' || start[0] == '[') {
		if doc, c, err := r.o.OpenJSON(r.ctx, body); err == nil {
			r.counts.add(&c)
			return append(doc[:len(doc):len(doc)], end...)
		}
	}
	text, c := r.o.OpenText(r.ctx, string(body))
	r.counts.add(&c)
	return append([]byte(text), end...)
}

// add adds up all counts but LongLines, which the Reader alone has.
func (c *Counts) add(o *Counts) {
	c.Opened += o.Opened
	c.Moved += o.Moved
	c.Tampered += o.Tampered
	c.Truncated += o.Truncated
	c.UnknownKey += o.UnknownKey
	c.WrongKey += o.WrongKey
	c.Unavailable += o.Unavailable
	c.Version += o.Version
}
