package encode

// error appends e as an object, or as its message alone. The object is the
// default: a message is what people search for, but the type is what alerts and
// error trackers group by, and a string cannot be made into both later. Limits
// hold for each part, so a huge message leaves type and causes in place.
func (w *jsonWriter) error(dst []byte, e *Error, depth int) []byte {
	switch {
	case e == nil:
		return append(dst, "null"...)
	case w.errors == ErrorMessage:
		return appendQuoted(dst, e.Message, w.limit)
	case depth >= w.deepest:
		return append(dst, `"`+tooDeep+`"`...)
	}
	dst = append(dst, `{"message":`...)
	dst = appendQuoted(dst, e.Message, w.limit)
	if e.Type != "" {
		dst = append(dst, `,"type":`...)
		dst = appendQuoted(dst, clip(e.Type, maxKeyLen), w.tail(dst))
	}
	if len(e.Causes) > 0 {
		dst = append(dst, `,"causes":`...)
		dst = w.causes(dst, e.Causes, depth+1)
	}
	if len(e.Frames) > 0 {
		dst = append(dst, `,"stack":`...)
		dst = w.stack(dst, e.Frames, w.limit)
	}
	return append(dst, '}')
}

// causes appends a list even for one cause: an error that joins several must
// not change the type of the field from one record to the next.
func (w *jsonWriter) causes(dst []byte, causes []*Error, depth int) []byte {
	if depth >= w.deepest {
		return append(dst, `["`+tooDeep+`"]`...)
	}
	start := len(dst)
	for i, cause := range causes {
		dst = append(dst, ',')
		if len(dst) >= w.limit {
			dst = append(dst, `"`+truncated+` `...)
			dst = appendInt(dst, int64(len(causes)-i))
			dst = append(dst, ` causes"`...)
			break
		}
		dst = w.error(dst, cause, depth+1)
	}
	return closeBracket(dst, start, '[', ']')
}
