package route

import "fmt"

// FieldError is one error of [Validate]: a field of a route whose value is not
// allowed. It wraps ErrInvalid. Readers of files find the line by it.
type FieldError struct {
	Route   string // its name
	Field   string // as in Go: "Buffer.MaxBytes"
	Value   string
	Allowed string
}

func (e *FieldError) Error() string {
	return fmt.Sprintf("route %q: %s %q: want %s: %v", e.Route, e.Field, e.Value, e.Allowed, ErrInvalid)
}

// Unwrap returns ErrInvalid.
func (e *FieldError) Unwrap() error { return ErrInvalid }

// String returns the policy's name.
func (w WhenFull) String() string {
	switch w {
	case ByDurability:
		return "ByDurability"
	case DropOldest:
		return "DropOldest"
	case DropNewest:
		return "DropNewest"
	case Block:
		return "Block"
	default:
		return fmt.Sprintf("WhenFull(%d)", uint8(w))
	}
}

// String returns the name of the way.
func (s Stale) String() string {
	switch s {
	case Drop:
		return "Drop"
	case DeadLetter:
		return "DeadLetter"
	case Restamp:
		return "Restamp"
	default:
		return fmt.Sprintf("Stale(%d)", uint8(s))
	}
}
