package codec

import (
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
)

var update = flag.Bool("update", false, "write testdata of the current version anew (only before it was released)")

// golden is a record whose bytes are kept in testdata: one file per version of
// the format, which every later version must read.
type golden struct {
	name   string
	header Header
	prefix func([]byte) []byte
	attrs  []slog.Attr
}

func (g *golden) encode() []byte {
	p := AppendHeader(nil, &g.header)
	if g.prefix != nil {
		p = AppendEncoded(p, g.prefix(nil))
	}
	for _, a := range g.attrs {
		p = AppendAttr(p, a)
	}
	return p
}

func goldenRecords() []golden {
	at := time.Date(2026, 2, 3, 4, 5, 6, 789012345, time.UTC)
	id := encode.ID{0x01, 0x9c, 0x20, 0x33, 0x44, 0x55, 0x76, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}
	full := Header{
		ID: id, Time: at.In(time.FixedZone("", 5*3600+1800)), Observed: at.Add(time.Second), Level: slog.LevelError,
		Message: "Zahlung über 10 € fehlgeschlagen", Scope: "billing",
		Trace:  encode.Trace{TraceID: [16]byte{1, 2, 3}, SpanID: [8]byte{4, 5}, Flags: 1},
		Source: AppendSource(nil, &slog.Source{Function: "main.pay", File: "/src/pay.go", Line: 300}),
		Stack:  []encode.Frame{{Function: "main.pay", File: "/src/pay.go", Line: 300}, {Function: "main.main", File: "/src/main.go", Line: 12}},
	}
	return []golden{
		{name: "empty"},
		{name: "full-header", header: full},
		{name: "scalars", header: Header{ID: id, Time: at, Observed: at, Level: -8, Message: "scalars"}, attrs: []slog.Attr{
			slog.String("s", "text"), slog.Int("i", -1), slog.Uint64("u", math.MaxUint64), slog.Float64("f", -0.5), slog.Bool("t", true),
			slog.Bool("b", false), slog.Duration("d", time.Minute), slog.Time("at", at), slog.Time("zero", time.Time{}), slog.Any("nil", nil),
			slog.Time("far", time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.FixedZone("", -3600))), slog.String("long", strings.Repeat("x", 130)),
		}},
		{name: "any", header: Header{ID: id, Time: at, Observed: at, Message: "any"}, attrs: []slog.Attr{
			slog.Any("bytes", []byte{0, 255}), slog.Any("map", map[string]int{"b": 2, "a": 1}),
			slog.Any("err", fmt.Errorf("open: %w", errors.New("denied"))), slog.Any("join", errors.Join(errors.New("a"), errors.New("b"))),
			slog.Any("list", []any{"a", 1, []string{"x"}, slog.GroupValue(slog.Int("n", 1)), nil}),
			slog.Any("given", &encode.Error{Type: "T", Message: "m", Frames: []encode.Frame{{Function: "f", File: "g", Line: 1}}}),
		}},
		{name: "groups", header: Header{ID: id, Time: at, Observed: at, Message: "groups"},
			prefix: func(p []byte) []byte {
				p = AppendGroup(AppendAttr(p, slog.Int("a", 1)), "http")
				return AppendGroup(AppendGroupEnd(AppendAttr(AppendGroup(p, "closed"), slog.Int("b", 2))), "open")
			},
			attrs: []slog.Attr{slog.Group("g", slog.Int("c", 3), slog.Group("", slog.Int("d", 4)), slog.Group("h", slog.Int("e", 5)))}},
		{name: "cut", header: Header{ID: id, Time: at, Observed: at, Message: "cut"}, attrs: []slog.Attr{slog.Int(strings.Repeat("k", 1100), 1)}},
	}
}

func goldenFile(v int) string { return filepath.Join("testdata", fmt.Sprintf("v%d.txt", v)) }

// TestGolden holds the bytes of every version ever written: those of the
// current one are written exactly so, those of all that are read mean the same
// as on the day they were written.
func TestGolden(t *testing.T) {
	if *update {
		writeGolden(t)
	}
	for v := oldestVersion; v <= version; v++ {
		data, err := os.ReadFile(goldenFile(v))
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
		if len(lines) < len(goldenRecords()) {
			t.Fatalf("version %d: %d lines for %d records", v, len(lines), len(goldenRecords()))
		}
		for _, line := range lines {
			name, rest, _ := strings.Cut(line, "\t")
			code, meaning, _ := strings.Cut(rest, "\t")
			payload, err := hex.DecodeString(code)
			if err != nil {
				t.Fatal(err)
			}
			if got := describe(t, string(payload)); got != meaning {
				t.Errorf("version %d, %s, reads as\n %s\nwant\n %s", v, name, got, meaning)
			}
			if v == version {
				checkGoldenWrite(t, name, payload)
			}
		}
	}
}

func checkGoldenWrite(t *testing.T, name string, want []byte) {
	for _, g := range goldenRecords() {
		if g.name == name {
			if got := g.encode(); string(got) != string(want) {
				t.Errorf("%s is written as\n %x\nwant\n %x", name, got, want)
			}
			return
		}
	}
	t.Errorf("no record %q", name)
}

func writeGolden(t *testing.T) {
	var out strings.Builder
	for _, g := range goldenRecords() {
		p := g.encode()
		fmt.Fprintf(&out, "%s\t%x\t%s\n", g.name, p, describe(t, string(p)))
	}
	if err := os.WriteFile(goldenFile(version), []byte(out.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func describe(t *testing.T, payload string) string {
	var d Decoder
	var r encode.Record
	if err := d.Decode(payload, &r); err != nil {
		t.Fatalf("decode: %v", err)
	}
	return fmt.Sprintf("%s %s %s %d %q %q %x %x %v %v %s", r.ID, r.Time.Format(time.RFC3339Nano), r.Observed.Format(time.RFC3339Nano),
		r.Level, r.Message, r.Scope, r.Trace.TraceID, r.Trace.SpanID, r.Source, r.Stack, dump(r.Attrs))
}
