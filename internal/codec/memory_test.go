package codec

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
)

// The code under test allocates nothing; the race detector's runtime does.
func wantAllocs(t *testing.T, want float64, f func()) {
	t.Helper()
	if raceEnabled {
		t.Skip("allocations are not counted under the race detector")
	}
	if got := testing.AllocsPerRun(200, f); got > want {
		t.Errorf("%v allocations, want %v", got, want)
	}
}

func TestEncodeAllocatesNothing(t *testing.T) {
	h := benchHeader()
	h.Time, h.Scope, h.Trace.Flags = time.Now(), "scope", 1
	h.Source = AppendSource(nil, &slog.Source{Function: "f", File: "g", Line: 1})
	h.Stack = []encode.Frame{{Function: "f", File: "g", Line: 1}}
	attrs := append(benchAttrs(),
		slog.Uint64("u", math.MaxUint64), slog.Float64("f", 1), slog.Time("t", time.Now()), slog.Any("nil", nil),
		slog.Group("g", slog.Int("a", 1), slog.Group("h", slog.Int("b", 2))), slog.String("long", strings.Repeat("x", 5000)),
		slog.Any("bytes", []byte("b")), slog.Any("wrapped", fmt.Errorf("w: %w", errRefused)),
		slog.Any("list", []string{"a", "b"}), slog.Any("ints", []int{1}), slog.String(strings.Repeat("k", 200), "v"))
	prefix := AppendGroup(AppendAttr(nil, slog.Int("a", 1)), "g")
	buf := make([]byte, 0, 1<<14)
	wantAllocs(t, 0, func() {
		buf = AppendEncoded(AppendHeader(buf[:0], h), prefix)
		for _, a := range attrs {
			buf = AppendAttr(buf, a)
		}
	})
}

func TestDecodeAllocatesNothing(t *testing.T) {
	h := benchHeader()
	h.Time = h.Time.In(time.FixedZone("", 7200))
	h.Stack = []encode.Frame{{Function: "f"}}
	attrs := append(benchAttrs(), slog.Time("t", h.Time), slog.Time("u", h.Time.In(time.FixedZone("", -3600))),
		slog.Group("g", slog.Int("a", 1), slog.Group("h", slog.Int("b", 2))), slog.Any("wrapped", fmt.Errorf("w: %w", errRefused)))
	payload := string(encodeInto(nil, h, attrs))
	var d Decoder
	recs := make([]encode.Record, 100)
	batch := func() {
		for i := range recs {
			if err := d.Decode(payload, &recs[i]); err != nil {
				t.Fatal(err)
			}
		}
		d.Reset()
	}
	batch() // the memory grows to its size
	wantAllocs(t, 0, batch)
}

// One box a value is the price of these kinds, and no more than that.
func TestDecodeOfListsAndBytesAllocatesTheirBox(t *testing.T) {
	payload := string(encodeInto(nil, benchHeader(), []slog.Attr{
		slog.Any("b", []byte("bytes")), slog.Any("j", encode.JSON("{}")), slog.Any("l", []string{"a", "b"})}))
	var d Decoder
	var rec encode.Record
	wantAllocs(t, 3, func() {
		if err := d.Decode(payload, &rec); err != nil {
			t.Fatal(err)
		}
		d.Reset()
	})
}

// What was decoded stays right while the decoder reads on and its memory moves
// and grows; it must not be readable through what came before it.
func TestRecordsOfABatchAreValidUntilReset(t *testing.T) {
	var d Decoder
	for round := range 3 {
		var recs []encode.Record
		var want []string
		for i := range 300 {
			attrs := append(benchAttrs(), slog.Int("i", i), slog.Any("bytes", []byte(fmt.Sprint(i))), slog.Any("list", []any{i, []int{i}}),
				slog.Group("g", slog.Int("i", i), slog.Group("h", slog.Int("i", i))),
				slog.Any("err", fmt.Errorf("%d: %w", i, errors.Join(errRefused, traced{make([]uintptr, 2)}))))
			var rec encode.Record
			if err := d.Decode(string(encodeInto(nil, benchHeader(), attrs)), &rec); err != nil {
				t.Fatal(err)
			}
			recs, want = append(recs, rec), append(want, dump(rec.Attrs))
		}
		for i, rec := range recs {
			if got := dump(rec.Attrs); got != want[i] {
				t.Fatalf("round %d, record %d changed:\n got %s\nwant %s", round, i, got, want[i])
			}
		}
		// An append by the user must move, not write into the next record.
		for i := range recs {
			_ = append(recs[i].Attrs, slog.String("stolen", "x"))
			for _, a := range recs[i].Attrs {
				if a.Value.Kind() == slog.KindGroup {
					_ = append(a.Value.Group(), slog.String("stolen", "x"))
				}
			}
		}
		for i, rec := range recs {
			if got := dump(rec.Attrs); got != want[i] {
				t.Fatalf("round %d, record %d changed by an append to another:\n got %s\nwant %s", round, i, got, want[i])
			}
		}
		d.Reset()
	}
}

// After Reset nothing may be used, but who does must see wrong values at
// worst, never memory that is not there.
func TestUseAfterResetDoesNotCrash(t *testing.T) {
	var d Decoder
	payload := string(encodeInto(nil, benchHeader(), append(benchAttrs(), slog.Group("g", slog.Any("l", []any{"a", errRefused})))))
	other := string(encodeInto(nil, &Header{}, []slog.Attr{slog.Int("x", 1), slog.Group("", slog.Any("e", traced{}), slog.Group("y", slog.Bool("b", true)))}))
	var rec, next encode.Record
	if err := d.Decode(payload, &rec); err != nil {
		t.Fatal(err)
	}
	clone := rec.Clone()
	want := dump(clone.Attrs)
	d.Reset()
	if err := d.Decode(other, &next); err != nil {
		t.Fatal(err)
	}
	if got := dump(rec.Attrs); got == want {
		t.Error("the memory was not reused: this test shows nothing")
	}
	if got := dump(clone.Attrs); got != want {
		t.Errorf("the clone changed:\n got %s\nwant %s", got, want)
	}
}

func TestMemoryOfAHugeBatchIsGivenBack(t *testing.T) {
	var d Decoder
	var rec encode.Record
	payload := string(encodeInto(nil, benchHeader(), benchAttrs()))
	for range 10_000 {
		if err := d.Decode(payload, &rec); err != nil {
			t.Fatal(err)
		}
	}
	d.Reset()
	huge := cap(d.attrs)
	for i := range 2 * idleResets {
		if err := d.Decode(payload, &rec); err != nil {
			t.Fatal(err)
		}
		d.Reset()
		if i == idleResets/2 && cap(d.attrs) != huge {
			t.Error("given back at once")
		}
	}
	if cap(d.attrs) > 1<<12 {
		t.Errorf("room for %d attributes is kept, of %d", cap(d.attrs), huge)
	}
}

func TestResetKeepsWhatIsUsed(t *testing.T) {
	var d Decoder
	var rec encode.Record
	payload := string(encodeInto(nil, benchHeader(), benchAttrs()))
	for range 3 * idleResets {
		for range 1000 {
			if err := d.Decode(payload, &rec); err != nil {
				t.Fatal(err)
			}
		}
		d.Reset()
	}
	for range 4 { // small batches between large ones do not add up over time
		for i := range idleResets {
			for n := 0; n < 1000 && i == 0; n++ {
				if err := d.Decode(payload, &rec); err != nil {
					t.Fatal(err)
				}
			}
			d.Reset()
		}
	}
	if cap(d.attrs) < 8000 {
		t.Errorf("room for %d attributes: the memory in use was given back", cap(d.attrs))
	}
}
