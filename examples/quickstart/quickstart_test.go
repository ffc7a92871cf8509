package main

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"regexp"
	"testing"
	"time"
)

// TestMain is the shop when the scenario starts this test binary again.
func TestMain(m *testing.M) {
	if settings, ok := os.LookupEnv(settingsVariable); ok {
		os.Exit(exitCode(serve(settings)))
	}
	os.Exit(m.Run())
}

// The whole piece with shorter acts: receivers and shop killed, none lost.
func TestQuickstartLosesNothing(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	const act = 200 * time.Millisecond
	s := scenario{calm: act, outage: act, alone: act, healed: act, shoppers: 4, every: 2 * time.Millisecond}
	var out bytes.Buffer
	err := quickstart(t.Context(), s, &out)
	t.Logf("%s", out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	last := regexp.MustCompile(`\nlogged (\d+) delivered (\d+) lost 0 duplicates \d+\n$`).FindSubmatch(out.Bytes())
	if last == nil || !bytes.Equal(last[1], last[2]) {
		t.Fatal("the last line does not say that all was delivered")
	}
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	if err != nil || len(left) > 0 {
		t.Fatalf("left behind: %v, %v", left, err)
	}
}

// A demonstration that cannot fail shows nothing: one record missing on one
// route is a loss.
func TestReportSeesALoss(t *testing.T) {
	books := newLedger()
	books.logged(1, slog.LevelInfo)
	books.logged(2, slog.LevelInfo)
	for _, seq := range []uint64{1, 2, 2} {
		books.tcp.arrive(seq)
	}
	books.https.arrive(1)
	books.https.arrive(9) // its log call was cut short

	var out bytes.Buffer
	if err := newScreen(&out).report(books); !errors.Is(err, errLost) {
		t.Fatalf("report returned %v", err)
	}
	if !bytes.HasSuffix(out.Bytes(), []byte("\nlogged 2 delivered 1 lost 1 duplicates 1\n")) {
		t.Fatalf("%s", out.Bytes())
	}
	if f := books.https.figures(); f.cut != 1 || f.lost != 1 || f.logged != 2 {
		t.Fatalf("https: %+v", f)
	}
}

func TestReportOfNothingFails(t *testing.T) {
	if err := newScreen(new(bytes.Buffer)).report(newLedger()); !errors.Is(err, errEmpty) {
		t.Fatalf("report returned %v", err)
	}
}

// An arrival may be booked before its log call: the books are the same then.
func TestAccountInEitherOrder(t *testing.T) {
	a := newAccount("tcp", slog.LevelDebug)
	a.arrive(1)
	a.owe(1)
	a.owe(2)
	a.receiverIsBack()
	if f := a.figures(); f.waiting != 1 || f.lost != 1 || f.drain != 0 {
		t.Fatalf("before the second arrived: %+v", f)
	}
	a.arrive(2)
	if f := a.figures(); f.waiting != 0 || f.lost != 0 || f.delivered != 2 || f.duplicates != 0 || f.drain <= 0 {
		t.Fatalf("after: %+v", f)
	}
}
