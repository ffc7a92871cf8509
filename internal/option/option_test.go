package option_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/internal/option"
)

func TestCheck(t *testing.T) {
	long := strings.Repeat("b", 1000)
	fields := option.Fields{
		{"Window", -1, true, "1 to 10"},
		{"Timeout", -time.Second, true, option.NoNegativeTime},
		{"Beat", "a\nb", true, "letters"},
		{"Addr", "", true, "a host"},
		{"TLS", nil, true, "none"},
		{"Beat", long, true, "less"},
		{"Addrs", []string{long}, true, "less"},
	}
	for i, want := range []string{
		"relp: Window -1: not a valid value: want 1 to 10",
		"relp: Timeout -1s: not a valid value: want no negative time",
		`relp: Beat "a\nb": not a valid value: want letters`,
		`relp: Addr "": not a valid value: want a host`,
		"relp: TLS: not a valid value: want none",
		`relp: Beat "` + long[:100] + `": not a valid value: want less`,
		"relp: Addrs [" + long[:99] + ": not a valid value: want less",
	} {
		err := option.Check("relp", fields)
		if !errors.Is(err, option.ErrConfig) {
			t.Fatalf("%s: %v is no ErrConfig", fields[i].Name, err)
		}
		// The wording is what this package is for.
		if got := err.Error(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		fields[i].Bad = false // so that the next one is the first
	}
	if err := option.Check("relp", fields); err != nil {
		t.Errorf("all is well, and Check says %v", err)
	}
}

func TestWrap(t *testing.T) {
	if err := option.Wrap("relp", "Encoder", nil); err != nil {
		t.Errorf("nothing is wrong, and Wrap says %v", err)
	}
	cause := errors.New("cause")
	if err := option.Wrap("relp", "Encoder", cause); !errors.Is(err, option.ErrConfig) || !errors.Is(err, cause) {
		t.Errorf("%v does not wrap both", err)
	}
}
