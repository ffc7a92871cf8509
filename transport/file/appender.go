package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

const (
	unknown  = -1      // for appender.end
	keepRoom = 1 << 20 // a larger encoding buffer is given back after its batch

	// closeWait is how long Close waits for a disk that does not answer. The
	// Send or the background work that hangs in it then cleans up by itself.
	closeWait = time.Second
)

// appender is the open transport.
type appender struct {
	Destination // defaults filled in; immutable

	keeper *keeper     // nil if nothing is to be kept in order
	closed atomic.Bool // set by Close

	// lock is full while it is held, over each Send. It is not a mutex, because
	// waiting for one cannot be given up, and a Send may hang in a disk.
	lock chan struct{}

	// The rest is guarded by lock.

	file     *os.File    // nil until a Send needs it
	identity fs.FileInfo // of file, to tell whether it is still what Path names
	end      int64       // the size after our last write, so known to end a line; or unknown
	buf      []byte      // a line break, then the batch's lines
}

func (a *appender) Describe() transport.Description {
	return transport.Description{Acknowledged: true, Direct: true}
}

// Send looks at ctx only while it waits for another Send or another process: a
// record that is logged with a cancelled context is a record all the same.
func (a *appender) Send(ctx context.Context, recs []encode.Record) error {
	if err := a.acquire(ctx); err != nil {
		return err
	}
	defer a.release()
	refused := a.encode(recs)
	if len(a.buf) > 1 {
		if err := a.write(ctx); err != nil {
			return fmt.Errorf("file: %w", err)
		}
	}
	if refused != nil {
		return refused
	}
	return nil
}

func (a *appender) acquire(ctx context.Context) error {
	select {
	case a.lock <- struct{}{}:
	default:
		select {
		case a.lock <- struct{}{}:
		case <-ctx.Done():
			return fmt.Errorf("file: wait for another Send to %q: %w", a.Path, context.Cause(ctx))
		}
	}
	if a.closed.Load() {
		<-a.lock
		return transport.ErrClosed
	}
	return nil
}

// release ends a Send. If Close came meanwhile and did not get the lock in
// time, closing the file was left to us. If it comes between the question and
// the unlocking, it gets the lock.
func (a *appender) release() {
	if cap(a.buf) > keepRoom {
		a.buf = nil
	}
	if a.closed.Load() {
		a.shut()
	}
	<-a.lock
}

// encode fills buf with the lines of recs. What the encoder refuses is left out
// and marked as permanent; nil if it refuses nothing.
func (a *appender) encode(recs []encode.Record) error {
	answers := transport.AnswersFor(len(recs))
	a.buf = append(a.buf[:0], '\n')
	for i := range recs {
		b, err := a.Encoder.AppendRecord(a.buf, &recs[i])
		if err != nil {
			answers.Set(i, transport.Permanent(fmt.Errorf("file: encode record %v: %w", recs[i].ID, err)))
			continue
		}
		a.buf = append(b, '\n')
	}
	return answers.Err()
}

// write brings the lines in buf to the file that Path names now.
func (a *appender) write(ctx context.Context) error {
	info, err := a.current(ctx)
	if err != nil {
		return err
	}
	// The size is what the file has now, other processes' lines included; one
	// of our own count would be wrong as soon as there are two.
	if a.due(info, time.Now()) {
		if info, err = a.rotate(ctx, info); err != nil {
			return err
		}
	}
	if err := a.appendLines(info.Size()); err != nil {
		return err
	}
	if !a.Sync {
		return nil
	}
	if err := a.file.Sync(); err != nil {
		// What the kernel then thinks of the pages is unknown, and a second
		// fsync might call them clean. The next Send opens the file anew.
		a.shut()
		return err
	}
	return nil
}

// Close stops the background work and closes the file.
func (a *appender) Close() error {
	a.closed.Store(true)
	var errs []error
	if a.keeper != nil {
		errs = append(errs, a.keeper.close())
	}
	select {
	case a.lock <- struct{}{}:
		a.shut()
		<-a.lock
	case <-time.After(closeWait):
		errs = append(errs, errors.New("a write does not return"))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("file: close %q: %w", a.Path, err)
	}
	return nil
}

func (a *appender) shut() {
	if a.file != nil {
		a.file.Close() // nothing is buffered that this could fail to write
	}
	a.file, a.identity, a.end = nil, nil, unknown
}
