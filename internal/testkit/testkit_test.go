package testkit_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/tcp"
)

// secret is an error that hides its text from %v and shows it to %#v.
type secret struct{ word string }

func (*secret) Error() string { return "hidden" }

// Whatever wraps a secret, Prints finds it.
func TestPrints(t *testing.T) {
	inner := &secret{"swordfish"}
	for name, err := range map[string]error{
		"itself": inner,
		"one":    fmt.Errorf("a: %w", inner),
		"two":    fmt.Errorf("a: %w", errors.Join(errors.New("b"), inner)),
		"batch":  &transport.BatchError{Errs: []error{nil, fmt.Errorf("a: %w", inner)}},
	} {
		if !strings.Contains(testkit.Prints(err), "swordfish") {
			t.Errorf("%s: the secret is not found", name)
		}
	}
	if testkit.Prints(nil) != "" {
		t.Error("nothing prints something")
	}
}

// What is sent to Listen arrives, and the test's end finds no handle running.
func TestListen(t *testing.T) {
	lines := make(chan string, 1)
	t.Run("sender", func(t *testing.T) {
		addr := testkit.Listen(t, func(c net.Conn) {
			all, err := io.ReadAll(c)
			if err != nil {
				t.Error(err)
			}
			lines <- string(all)
		})
		tr := testkit.Open(t, tcp.Destination{Addr: addr})
		recs := []encode.Record{{Message: "one", Resource: &encode.Resource{}}}
		if err := testkit.Send(t, tr, recs); err != nil {
			t.Fatal(err)
		}
		testkit.Deliver(t, tr, recs)
	})
	if got := strings.Count(<-lines, `"one"`); got != 2 {
		t.Errorf("%d records arrived, want 2", got)
	}
}

// Nobody listens at a closed address, and nobody else gets it.
func TestClosed(t *testing.T) {
	addr := testkit.Closed(t)
	if c, err := net.Dial("tcp", addr); err == nil {
		c.Close()
		t.Errorf("something listens at %s", addr)
	}
	if l, err := net.Listen("tcp", addr); err == nil {
		l.Close()
		t.Errorf("%s can be had by others", addr)
	}
}

func TestChildren(t *testing.T) {
	refused := errors.New("refused")
	got := testkit.Children(t, &transport.BatchError{Errs: []error{nil, refused}}, 2)
	if len(got) != 2 || got[0] != nil || !errors.Is(got[1], refused) {
		t.Errorf("children %v", got)
	}
}

// grudging refuses every other Send, and of the others takes all but is silent
// about what is behind the middle.
type grudging struct {
	transport.Transport
	got    map[string]int
	refuse bool
}

func (g *grudging) Send(_ context.Context, recs []encode.Record) error {
	if g.refuse = !g.refuse; g.refuse {
		return errors.New("not now")
	}
	answers := transport.AnswersFor(len(recs))
	for i := range recs {
		g.got[recs[i].Message]++
		if i > len(recs)/2 {
			answers.Set(i, errors.New("taken, and not said so"))
		}
	}
	return answers.Err()
}

func TestSendAll(t *testing.T) {
	g := &grudging{got: map[string]int{}}
	recs := []encode.Record{{Message: "a"}, {Message: "b"}, {Message: "c"}, {Message: "d"}}
	// a, b and c are refused, then taken without a word on c; c and d are refused, then taken.
	if sends := testkit.SendAll(t, g, recs, 3); sends != 4 {
		t.Errorf("%d Sends", sends)
	}
	if copies := testkit.Copies(t, recs, g.got); copies != 1 {
		t.Errorf("%d copies of %v, want 1", copies, g.got)
	}
}

func TestUntil(t *testing.T) {
	asked := 0
	testkit.Until(t, func() bool { asked++; return asked == 3 })
	if asked != 3 {
		t.Errorf("asked %d times", asked)
	}
}
