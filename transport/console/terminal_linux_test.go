package console_test

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport/console"
)

// terminal returns both ends of a real one: what is written to the second is
// read from the first.
func terminal(t *testing.T) (screen, end *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	t.Cleanup(func() { screen.Close() })
	if err := unix.IoctlSetPointerInt(int(screen.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(screen.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	end, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	t.Cleanup(func() { end.Close() })
	return screen, end
}

// TestTerminal looks at what a person sees: colour unless NO_COLOR is set, and
// in either case a stack on lines of its own.
func TestTerminal(t *testing.T) {
	for _, vars := range [][]string{nil, {"NO_COLOR=1"}} {
		screen, end := terminal(t)
		tr := open(t, console.Destination{Writer: end, Lookup: environment(vars...)})
		if err := tr.Send(t.Context(), []encode.Record{record("first"), record("last")}); err != nil {
			t.Fatal(err)
		}
		end.Close() // reading ends with what was written
		var seen []string
		for s := bufio.NewScanner(screen); s.Scan(); {
			seen = append(seen, s.Text())
		}
		text := strings.Join(seen, "\n")
		if got, want := strings.Contains(text, "\x1b["), vars == nil; got != want {
			t.Errorf("environment %q: colour %v, want %v: %q", vars, got, want, text)
		}
		if len(seen) < 4 {
			t.Errorf("environment %q: the stacks have no lines of their own: %q", vars, text)
		}
	}
}
