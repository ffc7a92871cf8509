package route_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/slogship/slogship/route"
)

// Whoever has the file that a route came from finds the place by the error.
func TestErrorsNameTheField(t *testing.T) {
	err := route.Validate([]route.Route{{Name: "a", DeadLetter: "b", Buffer: route.Buffer{MaxBytes: 1}}})
	var got []string
	for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
		fe, ok := errors.AsType[*route.FieldError](e)
		if !ok || !errors.Is(e, route.ErrInvalid) || fe.Route != "a" || fe.Allowed == "" {
			t.Fatalf("%#v", e)
		}
		got = append(got, fe.Field+"="+fe.Value)
	}
	if want := "To=<nil> Buffer.MaxBytes=1 DeadLetter=b"; strings.Join(got, " ") != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestPoliciesHaveNames(t *testing.T) {
	for got, want := range map[string]string{
		route.ByDurability.String(): "ByDurability", route.DropOldest.String(): "DropOldest", route.DropNewest.String(): "DropNewest",
		route.Block.String(): "Block", route.WhenFull(9).String(): "WhenFull(9)",
		route.Drop.String(): "Drop", route.DeadLetter.String(): "DeadLetter", route.Restamp.String(): "Restamp", route.Stale(3).String(): "Stale(3)",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
