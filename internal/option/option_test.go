package option

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestCheck(t *testing.T) {
	fields := Fields{{"Window", -1, false, "1 to 10"}, {"Timeout", -time.Second, false, NoNegativeTime}}
	if err := Check("relp", fields); err != nil {
		t.Errorf("all is well, and Check says %v", err)
	}
	for i := range fields {
		fields[i].Bad = true
		if err := Check("relp", fields); !errors.Is(err, ErrConfig) {
			t.Errorf("%s: want ErrConfig, got %v", fields[i].Name, err)
		}
		fields[i].Bad = false
	}
}

// A value is shown so that it can be recognised, and never in full length.
func TestSubject(t *testing.T) {
	long := strings.Repeat("b", 1000)
	for _, c := range []struct {
		value any
		want  string
	}{
		{-1, "Field -1"},
		{-time.Second, "Field -1s"},
		{"a\nb", `Field "a\nb"`},
		{"", `Field ""`},
		{nil, "Field"},
		{long, `Field "` + long[:shown] + `"`},
		{[]string{long}, "Field [" + long[:shown-1]},
	} {
		if got := subject("Field", c.value); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

func TestWrap(t *testing.T) {
	if err := Wrap("relp", "Encoder", nil); err != nil {
		t.Errorf("nothing is wrong, and Wrap says %v", err)
	}
	cause := errors.New("cause")
	if err := Wrap("relp", "Encoder", cause); !errors.Is(err, ErrConfig) || !errors.Is(err, cause) {
		t.Errorf("%v does not wrap both", err)
	}
}

// A field is found by who has read it from a file.
func TestFieldError(t *testing.T) {
	cause := errors.New("cause")
	for _, err := range []error{Check("relp", Fields{{"Window", -1, true, "1 to 10"}}), Wrap("relp", "Window", cause)} {
		if e, ok := errors.AsType[*FieldError](err); !ok || e.Field != "Window" {
			t.Errorf("%v names no field", err)
		}
	}
}

// The error of a member is found by its index, and says of ErrConfig what the
// member's says.
func TestMemberError(t *testing.T) {
	cause, part := errors.New("cause"), errors.New("part")
	var err error = &MemberError{Adapter: "group: quorum", Field: "Members[1]", Name: "relp#2", Err: cause}
	if !errors.Is(err, cause) || errors.Is(err, ErrConfig) {
		t.Errorf("%v wraps another than its cause", err)
	}
	if err.Error() != `group: quorum: member "relp#2": cause` {
		t.Error(err)
	}
	of := err.(*MemberError).With(part)
	if of.Field != "Members[1]" || of.Name != "relp#2" || !errors.Is(of, part) || errors.Is(of, cause) || !errors.Is(err, cause) {
		t.Errorf("%#v of %#v", of, err)
	}
}
