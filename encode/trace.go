package encode

// Trace is a W3C trace context (https://www.w3.org/TR/trace-context/). The
// zero Trace means that the record was not logged within a trace.
type Trace struct {
	TraceID [16]byte
	SpanID  [8]byte
	Flags   byte // bit 0: sampled
}

// IsZero reports whether t names no trace.
func (t Trace) IsZero() bool { return t == Trace{} }

// Sampled reports whether the trace's sampled flag is set.
func (t Trace) Sampled() bool { return t.Flags&1 != 0 }
