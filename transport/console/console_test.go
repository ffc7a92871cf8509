package console_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/console"
	"github.com/slogship/slogship/transport/transporttest"
)

// TestMain lets the test binary be the child of TestReaderGone.
func TestMain(m *testing.M) {
	if os.Getenv("CONSOLE_TEST_CHILD") != "" {
		os.Exit(child())
	}
	os.Exit(m.Run())
}

// screen is a writer that can be read.
type screen struct {
	mu     sync.Mutex
	buf    bytes.Buffer // guarded by mu
	writes int          // guarded by mu
	room   int          // guarded by mu; how much the next write takes before it fails; < 0: all
}

func newScreen() *screen { return &screen{room: -1} }

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes++
	if s.room >= 0 && len(p) > s.room {
		n, _ := s.buf.Write(p[:s.room])
		return n, io.ErrNoProgress
	}
	return s.buf.Write(p)
}

func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

func (s *screen) lines() []string {
	text := s.text()
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

func TestConformance(t *testing.T) {
	harness := func(e encode.Encoder) transporttest.Harness {
		return transporttest.Harness{
			Start: func(t testing.TB, p *transporttest.Peer) transport.Destination {
				s := newScreen()
				p.Read = s.lines
				return console.Destination{Writer: s, Encoder: e}
			},
			Unreachable: console.Destination{Writer: &screen{}, Encoder: e},
			Invalid: []transport.Destination{
				console.Destination{Encoder: encode.JSONLines{Keys: encode.Keys{Time: "level"}}},
			},
		}
	}
	t.Run("text", func(t *testing.T) { transporttest.Run(t, harness(nil)) })
	t.Run("JSON", func(t *testing.T) {
		h := harness(encode.JSONLines{})
		h.Message = func(entry string) (string, error) {
			var m struct{ Msg string }
			err := json.Unmarshal([]byte(entry), &m)
			return m.Msg, err
		}
		transporttest.Run(t, h)
	})
}

func record(message string) encode.Record {
	return encode.Record{
		Time: time.Now(), Level: slog.LevelWarn, Message: message,
		Stack:    []encode.Frame{{Function: "app.run", File: "run.go", Line: 3}},
		Resource: &encode.Resource{},
	}
}

func open(t *testing.T, d console.Destination) transport.Transport {
	t.Helper()
	tr, err := d.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	return tr
}

func environment(vars ...string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		for _, v := range vars {
			if k, value, _ := strings.Cut(v, "="); k == name {
				return value, true
			}
		}
		return "", false
	}
}

func TestColor(t *testing.T) {
	for _, test := range []struct {
		name string
		vars []string
		want bool
	}{
		{"not a terminal", nil, false},
		{"forced", []string{"FORCE_COLOR=1"}, true},
		{"NO_COLOR wins", []string{"FORCE_COLOR=1", "NO_COLOR=1"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newScreen()
			tr := open(t, console.Destination{Writer: s, Lookup: environment(test.vars...)})
			if err := tr.Send(t.Context(), []encode.Record{record("m")}); err != nil {
				t.Fatal(err)
			}
			if got := strings.Contains(s.text(), "\x1b["); got != test.want {
				t.Errorf("colour %v, want %v: %q", got, test.want, s.text())
			}
			if n := len(s.lines()); n != 1 {
				t.Errorf("%d lines where there is no terminal: %q", n, s.text())
			}
		})
	}
}

// TestS2_NoControls is S2 for the default encoder: whatever is logged, the only
// control characters written are the line breaks at the ends.
func TestS2_NoControls(t *testing.T) {
	s := newScreen()
	tr := open(t, console.Destination{Writer: s, Lookup: environment()})
	var all strings.Builder
	for r := rune(0); r < 0x100; r++ {
		all.WriteRune(r)
	}
	all.WriteString("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\u2028\u2029\xff")
	hostile := record(all.String())
	hostile.Attrs = []slog.Attr{
		slog.String(all.String(), all.String()),
		slog.Any("error", &encode.Error{Message: all.String()}),
	}
	if err := tr.Send(t.Context(), []encode.Record{hostile, record("next")}); err != nil {
		t.Fatal(err)
	}
	if n := len(s.lines()); n != 2 {
		t.Errorf("%d lines for 2 records", n)
	}
	for _, r := range strings.ReplaceAll(s.text(), "\n", "") {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			t.Errorf("%U reached the terminal", r)
		}
	}
}

func TestOneWriteForABatch(t *testing.T) {
	s := newScreen()
	tr := open(t, console.Destination{Writer: s})
	if err := tr.Send(t.Context(), []encode.Record{record("1"), record("2"), record("3")}); err != nil {
		t.Fatal(err)
	}
	if s.writes != 1 || len(s.lines()) != 3 {
		t.Errorf("%d writes for %d lines, want 1 for 3", s.writes, len(s.lines()))
	}
}

// TestTornLine cuts a write at each place of a line. The record that follows
// stands on a line of its own, without an empty line before it where the cut
// was at a line's end.
func TestTornLine(t *testing.T) {
	whole := func(rec encode.Record) string {
		b, err := encode.JSONLines{}.AppendRecord(nil, &rec)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	first, second := record("first"), record("second")
	for cut := 0; cut <= len(whole(first)); cut++ {
		s := newScreen()
		tr := open(t, console.Destination{Writer: s, Encoder: encode.JSONLines{}})
		s.room = cut
		if err := tr.Send(t.Context(), []encode.Record{first}); !errors.Is(err, io.ErrNoProgress) {
			t.Fatalf("cut at %d: Send returned %v", cut, err)
		}
		s.room = -1
		if err := tr.Send(t.Context(), []encode.Record{second}); err != nil {
			t.Fatal(err)
		}
		want := whole(second) + "\n"
		if cut > 0 {
			want = whole(first)[:cut] + "\n" + want
		}
		if s.text() != want {
			t.Fatalf("cut at %d:\n%q, want\n%q", cut, s.text(), want)
		}
	}
}

// short is a writer that breaks the contract of io.Writer.
type short struct{}

func (short) Write(p []byte) (int, error) { return len(p) / 2, nil }

func TestShortWriteIsAnError(t *testing.T) {
	tr := open(t, console.Destination{Writer: short{}})
	if err := tr.Send(t.Context(), []encode.Record{record("m")}); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("Send returned %v", err)
	}
}

// picky is an encoder that refuses some records.
type picky struct{ encode.Text }

func (p picky) AppendRecord(dst []byte, rec *encode.Record) ([]byte, error) {
	if rec.Message == "refused" {
		return dst, io.ErrUnexpectedEOF
	}
	return p.Text.AppendRecord(dst, rec)
}

func TestEncoderRefuses(t *testing.T) {
	s := newScreen()
	tr := open(t, console.Destination{Writer: s, Encoder: picky{}})
	err := tr.Send(t.Context(), []encode.Record{record("taken"), record("refused"), record("taken")})
	out := transport.Classify(err, 3)
	if out.Batch == nil {
		t.Fatalf("Send returned %v", err)
	}
	for i, child := range out.Batch.Errs {
		if refused := transport.Classify(child, 1).Permanent; refused != (i == 1) {
			t.Errorf("record %d: %v", i, child)
		}
	}
	if len(s.lines()) != 2 {
		t.Errorf("written: %q", s.text())
	}
	if err := tr.Send(t.Context(), []encode.Record{record("refused")}); transport.Classify(err, 1).Batch == nil {
		t.Errorf("a batch of one refused record: %v", err)
	}
}

// stuck is a writer like a stopped terminal.
type stuck struct {
	entered, free chan struct{}
}

func (s stuck) Write(p []byte) (int, error) {
	close(s.entered)
	<-s.free
	return len(p), nil
}

// TestCloseDoesNotWait closes while a write hangs (a Send that was abandoned).
func TestCloseDoesNotWait(t *testing.T) {
	w := stuck{make(chan struct{}), make(chan struct{})}
	tr := open(t, console.Destination{Writer: w})
	done := make(chan error)
	go func() { done <- tr.Send(context.Background(), []encode.Record{record("m")}) }()
	<-w.entered
	if err := tr.Close(); err != nil {
		t.Error(err)
	}
	close(w.free)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestReaderGone runs a process whose standard error nobody reads any more. It
// must get an error from Send and live; os.File.Write would end it.
func TestReaderGone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there is no SIGPIPE")
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	defer w.Close()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "CONSOLE_TEST_CHILD=1")
	cmd.Stderr = w
	out, err := cmd.Output()
	if err != nil || string(out) != "alive" {
		t.Errorf("the process said %q and ended with %v", out, err)
	}
}

func child() int {
	tr, err := console.Destination{}.Open()
	if err != nil {
		return 2
	}
	if err := tr.Send(context.Background(), []encode.Record{record("m")}); !errors.Is(err, syscall.EPIPE) {
		return 3
	}
	os.Stdout.WriteString("alive")
	return 0
}

// TestPipe writes more than a pipe holds to a file that is not blocking, so that
// the write is taken in pieces.
func TestPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	tr := open(t, console.Destination{Writer: w, Encoder: encode.JSONLines{}})
	want := strings.Repeat("x", 1<<20)
	sent := make(chan error, 1)
	go func() {
		sent <- tr.Send(context.Background(), []encode.Record{record(want[:1<<19]), record(want[:1<<19])})
		w.Close()
	}()
	got, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
	if n := bytes.Count(got, []byte("\n")); n != 2 || len(got) < len(want) {
		t.Errorf("read %d bytes in %d lines", len(got), n)
	}
}
