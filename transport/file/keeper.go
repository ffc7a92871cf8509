package file

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"time"
)

// keeper compresses and removes rotated files. Its one goroutine is started by
// Open and joined by Close.
type keeper struct {
	dest *Destination
	wake chan struct{} // holds a value if a file was rotated since the last pass
	stop context.CancelFunc
	done chan struct{} // closed when the goroutine has ended
	err  error         // of the last pass; the goroutine's until done is closed
}

// startKeeper returns nil if there is nothing to do.
func startKeeper(d *Destination) *keeper {
	if !d.Compress && d.Keep < 0 && d.KeepFor == 0 && d.KeepBytes == 0 {
		return nil
	}
	ctx, stop := context.WithCancel(context.Background())
	k := &keeper{dest: d, wake: make(chan struct{}, 1), stop: stop, done: make(chan struct{})}
	go k.run(ctx)
	return k
}

func (k *keeper) notify() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// close ends the goroutine and returns the error of its last pass.
func (k *keeper) close() error {
	k.stop()
	select {
	case <-k.done:
		return k.err
	case <-time.After(closeWait):
		return errors.New("the disk does not answer the background work")
	}
}

// The pauses between two passes. Files that another process has open and errors
// are tried again ever more rarely; an idle process on a shared file may keep one
// open for hours, and listing a directory each minute for it costs nothing.
const (
	firstRetry = time.Second
	lastRetry  = time.Minute
	ageCheck   = time.Hour // files grow too old without anything being rotated
)

func (k *keeper) run(ctx context.Context) {
	defer close(k.done)
	retry := firstRetry
	for {
		busy, err := k.pass(ctx)
		if ctx.Err() != nil {
			return
		}
		k.err = err
		pause := ageCheck
		if busy || err != nil {
			pause, retry = retry, min(2*retry, lastRetry)
		} else {
			retry = firstRetry
		}
		timer := time.NewTimer(pause)
		select {
		case <-k.wake:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// pass does what is to be done now. busy says that another process still has
// one of the files open, so that it had to be left for later.
func (k *keeper) pass(ctx context.Context) (busy bool, err error) {
	files, err := listRotated(k.dest.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil // nothing has been sent yet
	}
	if err != nil {
		return false, err
	}
	var errs []error
	for _, r := range k.surplus(files, time.Now()) {
		left, err := k.remove(r)
		busy, errs = busy || left, append(errs, err)
	}
	if k.dest.Compress {
		for _, r := range compressible(files) {
			left, err := k.compress(ctx, r)
			busy, errs = busy || left, append(errs, err)
		}
	}
	return busy, errors.Join(errs...)
}

// surplus returns the files that are too many, too old or too large together,
// and parts of compressed files that nobody will finish: their source is gone.
func (k *keeper) surplus(files []rotated, now time.Time) []rotated {
	var out []rotated
	count, bytes := 0, int64(0)
	for _, r := range files {
		if r.part {
			if !taken(r.name[:len(r.name)-len(compressedSuffix+partSuffix)]) {
				out = append(out, r)
			}
			continue
		}
		count++
		bytes += r.size
		d := k.dest
		if d.Keep >= 0 && count > d.Keep ||
			d.KeepBytes > 0 && bytes > d.KeepBytes ||
			d.KeepFor > 0 && now.Sub(r.modified) > d.KeepFor {
			out = append(out, r)
		}
	}
	return out
}

// remove removes a file, unless a process may still write to it.
func (k *keeper) remove(r rotated) (busy bool, err error) {
	if !r.compressed && !r.part {
		f, free, err := claim(r.name)
		if err != nil || !free {
			return !free, err
		}
		defer f.Close()
	}
	if err := os.Remove(r.name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	return false, nil
}

// claim opens a rotated file and locks it exclusively. free is false while a
// process has it open for writing. A file that is gone is free, without error:
// removing and compressing it then find nothing.
func claim(name string) (f *os.File, free bool, err error) {
	f, err = os.OpenFile(name, os.O_RDWR|noFollow, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, true, nil
	}
	if err != nil {
		return nil, true, err
	}
	free, err = lockExclusive(f)
	if errors.Is(err, errors.ErrUnsupported) {
		free, err = true, nil
	}
	if err != nil || !free {
		f.Close()
		return nil, free, err
	}
	return f, true, nil
}
