package encode

import "strconv"

// appendStack appends frames, innermost first, as Go prints a stack: the
// function, and below it the file and line behind a tab. newline and tab are
// given because inside a string they are escapes.
func appendStack(dst []byte, frames []Frame, limit int, newline, tab string) []byte {
	for i, f := range frames {
		if i > 0 {
			dst = append(dst, newline...)
		}
		if i == maxFrames || len(dst) >= limit {
			dst = append(dst, truncated+" "...)
			dst = strconv.AppendInt(dst, int64(len(frames)-i), 10)
			return append(dst, " frames"...)
		}
		dst = appendEscaped(dst, f.Function, limit, true)
		dst = append(dst, newline...)
		dst = append(dst, tab...)
		dst = appendEscaped(dst, f.File, limit, true)
		dst = append(dst, ':')
		dst = strconv.AppendInt(dst, int64(f.Line), 10)
	}
	return dst
}

// appendRawStack is appendStack for binary formats.
func appendRawStack(dst []byte, frames []Frame, limit int) []byte {
	for i, f := range frames {
		if i > 0 {
			dst = append(dst, '\n')
		}
		if i == maxFrames || len(dst) >= limit {
			dst = append(dst, truncated+" "...)
			dst = strconv.AppendInt(dst, int64(len(frames)-i), 10)
			return append(dst, " frames"...)
		}
		dst = appendRaw(dst, f.Function, limit)
		dst = append(dst, '\n', '\t')
		dst = appendRaw(dst, f.File, limit)
		dst = append(dst, ':')
		dst = strconv.AppendInt(dst, int64(f.Line), 10)
	}
	return dst
}
