package codec

import (
	"slices"

	"github.com/slogship/slogship/encode"
)

// error reads what builder.error wrote. It returns a pointer into the arena, so
// that the value that holds it needs no box of its own.
func (d *Decoder) error(p string, i int) (*encode.Error, int) {
	return d.errorAt(p, i, 0)
}

func (d *Decoder) errorAt(p string, i, depth int) (*encode.Error, int) {
	if depth > maxCauseDepth {
		return nil, -1 // no encoder nests deeper
	}
	// e may be left behind in old memory when the arena grows. That does no
	// harm: e is what everybody points to.
	d.errs = append(d.errs, encode.Error{})
	e := &d.errs[len(d.errs)-1]
	e.Type, i = readString(p, i)
	e.Message, i = readString(p, i)
	e.Frames, i = d.errorFrames(p, i)
	n, i := readByte(p, i)
	if n == 0 || i < 0 {
		return e, i
	}
	return e, d.causesOf(e, p, i, int(n), depth)
}

// causesOf reads n causes of e. They share the bound on list elements: both
// are values that few bytes can claim many of.
func (d *Decoder) causesOf(e *encode.Error, p string, i, n, depth int) int {
	keep := min(n, maxNodes-d.used.nodes)
	d.used.nodes += keep
	d.used.cut += int64(n - keep)
	// The place for the pointers is taken at once, as for the elements of a
	// list: those of deeper causes come behind it.
	start := len(d.causes)
	d.causes = append(d.causes, make([]*encode.Error, keep)...)
	e.Causes = clip(d.causes, start)
	for k := range e.Causes {
		if e.Causes[k], i = d.errorAt(p, i, depth+1); i < 0 {
			return -1
		}
	}
	for range n - keep {
		i = skipError(p, i)
	}
	return i
}

// errorFrames reads the frames of an error, as many as the record may have.
func (d *Decoder) errorFrames(p string, i int) ([]encode.Frame, int) {
	n, i := readByte(p, i)
	if n == 0 || i < 0 {
		return nil, i
	}
	if d.used.frames += int(n); d.used.frames > maxRecordFrames {
		d.used.cut++
		return nil, skipFrames(p, i, n)
	}
	return d.readFrames(p, i, int(n))
}

// stack reads the frames of the record's own stack. There is one of it, so that
// its count's one byte is bound enough.
func (d *Decoder) stack(p string, i int) ([]encode.Frame, int) {
	n, i := readByte(p, i)
	if i < 0 {
		return nil, -1
	}
	return d.readFrames(p, i, int(n))
}

// readFrames reads n frames. After a failure it goes on to n, at no cost: each
// step gets -1 and returns it.
func (d *Decoder) readFrames(p string, i, n int) ([]encode.Frame, int) {
	start := len(d.frames)
	d.frames = slices.Grow(d.frames, n)
	for range n {
		var f encode.Frame
		var line uint64
		f.Function, i = readString(p, i)
		f.File, i = readString(p, i)
		line, i = readUvarint(p, i)
		f.Line = int(line)
		d.frames = append(d.frames, f)
	}
	return clip(d.frames, start), i
}
