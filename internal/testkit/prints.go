package testkit

import (
	"fmt"

	"github.com/slogship/slogship/transport"
)

// Prints returns an error and all that it wraps in each way in which a program
// may print it, to be searched for secrets.
func Prints(err error) string {
	if err == nil {
		return ""
	}
	text := fmt.Sprintf("%s\n%v\n%+v\n%#v\n", err, err, err, err)
	switch u := err.(type) { //nolint:errorlint // walks the tree itself
	case interface{ Unwrap() error }:
		text += Prints(u.Unwrap())
	case interface{ Unwrap() []error }:
		for _, e := range u.Unwrap() {
			text += Prints(e)
		}
	case *transport.BatchError:
		for _, e := range u.Errs {
			text += Prints(e)
		}
	}
	return text
}
