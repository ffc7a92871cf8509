package console_test

import (
	"bytes"
	"testing"

	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport/console"
)

func TestCheck(t *testing.T) {
	var out bytes.Buffer
	if _, got := testkit.Check(t, console.Destination{Writer: &out}); got != "stream ok" || out.Len() != 0 {
		t.Errorf("%s, and it wrote %q", got, out.String())
	}
}
