package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// The scenario in short: nothing is lost, the group goes over to the next one and
// the far one, and comes back to the near one.
func TestRun(t *testing.T) {
	var out bytes.Buffer
	if err := run(t.Context(), &out, 600*time.Millisecond); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	said := out.String()
	at := 0
	for _, what := range []string{
		"records go to near", "near is killed", "records go to next", "next is killed", "records go to far",
		"near is started again", "records go to near", "lost 0",
	} {
		i := strings.Index(said[at:], what)
		if i < 0 {
			t.Fatalf("%q is missing, or in another order:\n%s", what, said)
		}
		at += i + len(what)
	}
}

// A record that is missing is told, and fails the command.
func TestReport(t *testing.T) {
	got := newLedger()
	if err := got.take(t.Context(), []encode.Record{{ID: encode.ID{1}}, {ID: encode.ID{1}}}); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	err := report(&out, got, []*node{{name: "near"}}, 2, []transport.MemberState{{Sent: 2}})
	if !errors.Is(err, errLost) || !strings.Contains(out.String(), "logged 2, arrived 1, duplicates 1, lost 1") {
		t.Errorf("%v\n%s", err, &out)
	}
}
