package tcp

import (
	"bytes"
	"errors"
	"strconv"
	"testing"

	"github.com/slogship/slogship/encode"
)

// raw is an encoder whose output is the message.
type raw struct{}

func (raw) AppendRecord(dst []byte, rec *encode.Record) ([]byte, error) {
	if rec.Message == "refuse" {
		return append(dst, "half a record"...), errRefused
	}
	return append(dst, rec.Message...), nil
}
func (raw) ContentType() string { return "text/plain" }

var errRefused = errors.New("refused")

func TestFraming(t *testing.T) {
	long := string(bytes.Repeat([]byte("x"), 12345))
	for _, c := range []struct {
		framing  Framing
		messages []string
		want     string
	}{
		{Newline, []string{"one", "two\nforged\r\n", "\r"}, "one\ntwo forged  \n \n"},
		{OctetCounted, []string{"one", "two\n", long}, "3 one4 two\n12345 " + long},
		{Length32, []string{"one", "a\x00b"}, "\x00\x00\x00\x03one\x00\x00\x00\x03a\x00b"},
		{Null, []string{"one", "a\x00b\n"}, "one\x00a b\n\x00"},
	} {
		var dst []byte
		for _, m := range append([]string{}, c.messages...) {
			var err error
			if dst, err = c.framing.appendFrame(dst, raw{}, &encode.Record{Message: m}); err != nil {
				t.Errorf("%v: %v", c.framing, err)
			}
		}
		if string(dst) != c.want {
			t.Errorf("%v: got %.100q, want %.100q", c.framing, dst, c.want)
		}
	}
}

// A record that is refused leaves no byte behind, and one without content is
// refused: RFC 6587 has no zero length, and an empty line is no record.
func TestFramingRefuses(t *testing.T) {
	for _, f := range []Framing{Newline, OctetCounted, Length32, Null} {
		for message, want := range map[string]error{"refuse": errRefused, "": errEmpty} {
			dst, err := f.appendFrame([]byte("before"), raw{}, &encode.Record{Message: message})
			if !errors.Is(err, want) || string(dst) != "before" {
				t.Errorf("%v, %q: got %q, %v", f, message, dst, err)
			}
		}
	}
}

// FuzzFraming: a reader that knows nothing of this package finds as many
// records as were written, whatever they hold, and none that was forged (S1,
// S4); where the framing keeps all bytes, they are the same.
func FuzzFraming(f *testing.F) {
	f.Add("plain", "next")
	f.Add("one\ntwo", "5 abcde")
	f.Add("\r\n\x00", "\x00\x00\x00\x01a")
	f.Add("a\u2028b\u0085c\x1b[0m", "3 one\n")
	f.Fuzz(func(t *testing.T, first, second string) {
		for _, framing := range []Framing{Newline, OctetCounted, Length32, Null} {
			var dst []byte
			var kept []string
			for _, m := range []string{first, second, first, "end"} {
				var err error
				if dst, err = framing.appendFrame(dst, raw{}, &encode.Record{Message: m}); err == nil {
					kept = append(kept, m)
				} else if m != "" && m != "refuse" {
					t.Fatalf("%v: %v", framing, err)
				}
			}
			got := split(t, framing, dst)
			if len(got) != len(kept) {
				t.Fatalf("%v: wrote %q, read %q", framing, kept, got)
			}
			for i := range got {
				same := got[i] == kept[i]
				if framing == Newline || framing == Null {
					same = len(got[i]) == len(kept[i])
				}
				if !same {
					t.Fatalf("%v: wrote %q, read %q", framing, kept[i], got[i])
				}
			}
		}
	})
}

// split is a receiver's side, written against the RFC and not the code.
func split(t *testing.T, framing Framing, p []byte) (frames []string) {
	for len(p) > 0 {
		size, skip := 0, 0
		switch framing {
		case Newline, Null:
			end := map[Framing]string{Newline: "\n", Null: "\x00"}[framing]
			i := bytes.Index(p, []byte(end))
			if i < 0 {
				t.Fatalf("%v: no end in %q", framing, p)
			}
			frames = append(frames, string(p[:i]))
			p = p[i+1:]
			continue
		case OctetCounted:
			i := bytes.IndexByte(p, ' ')
			n, err := strconv.ParseUint(string(p[:max(i, 0)]), 10, 31)
			if err != nil || p[0] == '0' {
				t.Fatalf("no length in %q", p)
			}
			size, skip = int(n), i+1
		case Length32:
			size, skip = int(p[0])<<24|int(p[1])<<16|int(p[2])<<8|int(p[3]), 4
		}
		frames = append(frames, string(p[skip:skip+size]))
		p = p[skip+size:]
	}
	return frames
}
