package encode

// JSON is text that is known to be one valid JSON value. A value of kind Any
// that knew how to marshal itself, or that had no simpler form, becomes JSON
// in the goroutine that logged it. Encoders of JSON formats copy it; others
// write it as text.
type JSON []byte

// Error is an error as it was when it was logged. A value of kind Any that was
// an error becomes an *Error (a pointer, so that decoding a batch into reused
// memory does not allocate one box an error).
type Error struct {
	Type    string   // Go type, as %T prints it
	Message string   // what Error() returned
	Frames  []Frame  // the stack that the error carried, if it did
	Causes  []*Error // what Unwrap returned, bounded in depth and number
}

// Clone returns a copy of e that shares no memory with it.
func (e *Error) Clone() *Error {
	c := &Error{
		Type:    cloneString(e.Type),
		Message: cloneString(e.Message),
		Frames:  cloneFrames(e.Frames),
	}
	for _, cause := range e.Causes {
		c.Causes = append(c.Causes, cause.Clone())
	}
	return c
}
