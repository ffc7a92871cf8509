package file

import (
	"errors"
	"io"
)

// appendLines writes buf as one piece behind what the file holds, which was
// size bytes when we looked.
//
// A line must never begin in the middle of another one. The file may end in
// half a line: ours, of a write that failed, or another process's, which may
// have been killed in its write. So unless we know that the end of the file is
// the end of our own last line, we look, and begin with a line break if need
// be. Another process may tear a line between our look and our write: the
// position after the write tells that someone was there, and we look at what
// stands before our first line. If that was not a line break our first line is
// damaged, and all are written again: twice is allowed, lost is not.
func (a *appender) appendLines(size int64) error {
	for range 3 {
		whole, err := a.appendOnce(size)
		if whole || err != nil {
			return err
		}
		size = a.end
	}
	return errTorn
}

var errTorn = errors.New("other processes leave half lines faster than we can write whole ones")

// appendOnce reports whether the lines it wrote are whole.
func (a *appender) appendOnce(size int64) (whole bool, err error) {
	b := a.buf[1:]
	if size > 0 && size != a.end && !a.endsLine(size) {
		b = a.buf
	}
	n, err := a.file.Write(b)
	if err != nil {
		a.undo(n)
		return false, err
	}
	a.end = a.position()
	start := a.end - int64(n)
	return b[0] == '\n' || a.end == unknown || start <= 0 || start == size || a.endsLine(start), nil
}

// endsLine reports whether the byte before off ends a line. What cannot be read
// might not: an empty line too many does less harm than two lines in one.
func (a *appender) endsLine(off int64) bool {
	var b [1]byte
	_, err := a.file.ReadAt(b[:], off-1)
	return err == nil && b[0] == '\n'
}

// position returns where the last write ended. With O_APPEND that is not
// necessarily the end of the file, nor the sum of what we wrote.
func (a *appender) position() int64 {
	pos, err := a.file.Seek(0, io.SeekCurrent)
	if err != nil {
		return unknown
	}
	return pos
}

// undo takes back the n bytes that a failed write left. It may do so only if no
// other process has the file open: what such a process appended behind them
// since would be cut off, too. Whether one has, the lock says: it is granted
// exclusively only if nobody shares it. If it is not, or cutting fails, the
// next write finds the half line and begins with a line break.
func (a *appender) undo(n int) {
	// flock(2) gives the shared lock up before it grants the exclusive one, or
	// refuses it. So the file is opened anew for the next write in any case,
	// which also cures a handle that has gone stale.
	defer a.shut()
	end := a.position()
	if n <= 0 || end == unknown {
		return
	}
	if alone, err := lockExclusive(a.file); err != nil || !alone {
		return
	}
	if info, err := a.file.Stat(); err == nil && info.Size() == end {
		a.file.Truncate(end - int64(n))
	}
}
