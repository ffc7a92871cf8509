package transport

import (
	"context"
	"fmt"
)

// Checker is implemented by transports that can say in steps what stands
// between them and a destination, for a preflight.
type Checker interface {
	// Check looks at each step to the destination (its name, its address, TLS,
	// the credentials, the topic) without sending a record, and leaves nothing
	// behind there. After a step that failed, those which need it are Skipped. It
	// ends soon after ctx, with what it has found until then. It is called on a
	// transport that has not sent yet, never concurrently with Send, Probe or
	// Close. A finding holds no secret.
	Check(ctx context.Context) []Finding
}

// Finding is the result of one step of a preflight.
type Finding struct {
	// Check is the step: "name", "connect", "tls", "credentials", …
	Check string `json:"check"`
	// Subject is what was looked at: a host and port, a topic, a directory.
	Subject string  `json:"subject,omitempty"`
	Verdict Verdict `json:"verdict"`
	// Found is what was found, in a few words.
	Found string `json:"found,omitempty"`
	// Remedy is what to do about it; "" if there is nothing to do.
	Remedy string `json:"remedy,omitempty"`
	// Err is the error behind a failure, if there is one, for errors.Is. Its text
	// is in Found.
	Err error `json:"-"`
}

// Verdict says how a step went.
type Verdict uint8

// The verdicts. The zero Verdict is none.
const (
	OK      Verdict = 1
	Warning Verdict = 2 // it works, and may not for long, or not as one thinks
	Failed  Verdict = 3 // records would not arrive
	Skipped Verdict = 4 // not looked at
)

// String returns the verdict's name in small letters.
func (v Verdict) String() string {
	switch v {
	case OK:
		return "ok"
	case Warning:
		return "warning"
	case Failed:
		return "failed"
	case Skipped:
		return "skipped"
	default:
		return fmt.Sprintf("Verdict(%d)", uint8(v))
	}
}

// MarshalText returns the verdict's name.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// String returns the finding as one line for people.
func (f Finding) String() string {
	text := fmt.Sprintf("%-7s  %s", f.Verdict, f.Check)
	if f.Subject != "" {
		text += " " + f.Subject
	}
	if f.Found != "" {
		text += ": " + f.Found
	}
	if f.Remedy != "" {
		text += "; " + f.Remedy
	}
	return text
}
