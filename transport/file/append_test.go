package file

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// TestHalfLineBefore opens files that end in every part of a line, as a process
// killed in its write leaves them. The next record is whole.
func TestHalfLineBefore(t *testing.T) {
	line := `{"msg":"torn"}` + "\n"
	for cut := range len(line) + 1 {
		d := dest(t)
		appendRaw(t, d.Path, line[:cut])
		a := open(t, d)
		send(t, a, "first")
		send(t, a, "second")
		got, broken := readFile(t, d.Path)
		if last := got[len(got)-1]; last != "second" || got[len(got)-2] != "first" {
			t.Errorf("cut at %d: messages %q", cut, got)
		}
		if wantBroken := cut > 0 && cut < len(line)-1; len(broken) > 0 != wantBroken {
			t.Errorf("cut at %d: broken lines %q", cut, broken)
		}
	}
}

// TestHalfLineBetweenLookAndWrite is the race that appendLines' comment walks
// through: another process tears a line after we have looked at the end of the
// file. Our first line is then damaged, and must be there again.
func TestHalfLineBetweenLookAndWrite(t *testing.T) {
	d := dest(t)
	a := open(t, d)
	send(t, a, "first")
	info, err := os.Lstat(d.Path)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.encode(batch("second", "third")); err != nil {
		t.Fatal(err)
	}
	appendRaw(t, d.Path, `{"msg":"to`)
	if err := a.appendLines(info.Size()); err != nil {
		t.Fatal(err)
	}
	got, broken := readFile(t, d.Path)
	if text := strings.Join(got, " "); text != "first third second third" {
		t.Errorf("messages %q", got)
	}
	if len(broken) != 1 || !strings.HasPrefix(broken[0], `{"msg":"to{`) {
		t.Errorf("broken lines %q", broken)
	}
	send(t, a, "fourth")
	if got, _ := readFile(t, d.Path); got[len(got)-1] != "fourth" {
		t.Errorf("messages %q", got)
	}
}

// TestOthersWriteBetween appends whole lines of another process between our
// look and our write, which is nothing to repair.
func TestOthersWriteBetween(t *testing.T) {
	d := dest(t)
	a := open(t, d)
	send(t, a, "first")
	size := a.end
	if err := a.encode(batch("third")); err != nil {
		t.Fatal(err)
	}
	appendRaw(t, d.Path, `{"msg":"second"}`+"\n")
	if err := a.appendLines(size); err != nil {
		t.Fatal(err)
	}
	wantFile(t, d.Path, "first", "second", "third")
}

// picky is an encoder that refuses some records.
type picky struct{ encode.JSONLines }

func (p picky) AppendRecord(dst []byte, rec *encode.Record) ([]byte, error) {
	if rec.Message == "refused" {
		return dst, io.ErrUnexpectedEOF
	}
	return p.JSONLines.AppendRecord(dst, rec)
}

func TestEncoderRefuses(t *testing.T) {
	d := dest(t)
	d.Encoder = picky{}
	a := open(t, d)
	for _, messages := range [][]string{{"a", "refused", "b"}, {"refused"}} {
		err := a.Send(t.Context(), batch(messages...))
		out := transport.Classify(err, len(messages))
		if out.Batch == nil {
			t.Fatalf("Send returned %v", err)
		}
		for i, child := range out.Batch.Errs {
			if permanent := transport.Classify(child, 1).Permanent; permanent != (messages[i] == "refused") {
				t.Errorf("%q: %v", messages[i], child)
			}
		}
	}
	wantFile(t, d.Path, "a", "b")
}

// TestLargeBatch writes more than the encoding buffer keeps, which is then
// given back.
func TestLargeBatch(t *testing.T) {
	d := dest(t)
	a := open(t, d)
	large := strings.Repeat("x", keepRoom/4)
	send(t, a, large, large, large, large, large)
	if cap(a.buf) > keepRoom {
		t.Errorf("a buffer of %d bytes is kept", cap(a.buf))
	}
	if got, broken := readFile(t, d.Path); !slices.Equal(got, slices.Repeat([]string{large}, 5)) || len(broken) > 0 {
		t.Errorf("%d messages, %d broken", len(got), len(broken)) // too large to print
	}
}

// TestSendAllocates holds the cost of a Send to a file that nobody else moves:
// what os.Lstat takes.
func TestSendAllocates(t *testing.T) {
	a := open(t, dest(t))
	recs := batch("m")
	got := testing.AllocsPerRun(100, func() {
		if err := a.Send(t.Context(), recs); err != nil {
			t.Fatal(err)
		}
	})
	if got > 4 {
		t.Errorf("%v allocations a Send, want at most 4", got)
	}
}

// TestMissingDirectory is a volume that is mounted late: an error until it is
// there, and no reopening of the transport.
func TestMissingDirectory(t *testing.T) {
	d := dest(t)
	in := t.TempDir() + "/blocked"
	if err := os.WriteFile(in, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	d.Path = in + "/app.log"
	a := open(t, d)
	err := a.Send(t.Context(), batch("m"))
	if out := transport.Classify(err, 1); err == nil || out != (transport.Outcome{}) {
		t.Fatalf("Send returned %v, want a plain error", err)
	}
	var path *os.PathError
	if !errors.As(err, &path) {
		t.Errorf("the error does not hold its cause: %v", err)
	}
	if err := os.Remove(in); err != nil {
		t.Fatal(err)
	}
	send(t, a, "m")
	wantFile(t, d.Path, "m")
}

// BenchmarkSend is one record by one Send, as a Direct route does, and batches
// as the worker sends them, beside a bare write of the same lines.
func BenchmarkSend(b *testing.B) {
	for _, size := range []int{1, 100} {
		recs := batch(slices.Repeat([]string{"order paid"}, size)...)
		b.Run(fmt.Sprintf("records=%d", size), func(b *testing.B) {
			d := dest(b)
			d.MaxSize = -1
			a := open(b, d)
			b.ReportAllocs()
			for b.Loop() {
				if err := a.Send(b.Context(), recs); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("write/records=%d", size), func(b *testing.B) {
			a := open(b, dest(b))
			if err := a.encode(recs); err != nil {
				b.Fatal(err)
			}
			f, err := os.OpenFile(a.Path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
			if err != nil {
				b.Fatal(err)
			}
			defer f.Close()
			for b.Loop() {
				if _, err := f.Write(a.buf[1:]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
