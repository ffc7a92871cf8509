package codec

import (
	"bytes"
	"encoding/binary"
	"errors"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
)

// checkHostile decodes any bytes. What they yield must be fit to be read, and
// to be encoded again.
func checkHostile(t *testing.T, d *Decoder, payload string) {
	var rec encode.Record
	if err := d.Decode(payload, &rec); err != nil {
		if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrVersion) {
			t.Fatalf("unexpected error %v", err)
		}
		return
	}
	if len(rec.Attrs) > MaxAttrs+1 {
		t.Fatalf("%d attributes", len(rec.Attrs))
	}
	want := dump(rec.Attrs)
	clone := rec.Clone()
	again := encodeInto(nil, &Header{ID: rec.ID, Time: rec.Time, Observed: rec.Observed, Message: rec.Message}, rec.Attrs)
	if len(again) > Limit {
		t.Fatalf("%d bytes encoded again", len(again))
	}
	d.Reset()
	if got := dump(clone.Attrs); got != want {
		t.Fatalf("clone differs:\n%s\n%s", got, want)
	}
	if _, err := rec.Time.MarshalText(); err != nil && rec.Time.Year() >= 0 && rec.Time.Year() < 10000 {
		t.Fatalf("time %v cannot be written: %v", rec.Time, err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, g := range goldenRecords() {
		f.Add(string(g.encode()))
	}
	f.Fuzz(func(t *testing.T, payload string) {
		var d Decoder
		checkHostile(t, &d, payload)
		_, _ = ParseResource([]byte(payload))
	})
}

func TestDamagedPayloadsAreErrorsOrRecords(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	var d Decoder
	for _, g := range goldenRecords() {
		whole := g.encode()
		for range 3000 {
			p := append([]byte(nil), whole...)
			for range 1 + r.IntN(4) {
				p[17+r.IntN(len(p)-17)] = byte(r.Uint32())
			}
			checkHostile(t, &d, string(p))
		}
	}
}

// A payload that ends early is corrupt, or a record with fewer attributes
// where the end falls between two.
func TestEveryPrefixOfAPayload(t *testing.T) {
	for _, g := range goldenRecords() {
		whole := string(g.encode())
		var d Decoder
		for n := range whole {
			checkHostile(t, &d, whole[:n])
		}
		var rec encode.Record
		if err := d.Decode(whole[:20], &rec); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: 20 bytes of it: error %v, want ErrCorrupt", g.name, err)
		}
	}
}

func TestVersions(t *testing.T) {
	payload := AppendHeader(nil, &Header{Message: "m"})
	for v, want := range map[byte]error{0: ErrCorrupt, version: nil, version + 1: ErrVersion, 255: ErrVersion} {
		payload[16] = v
		var d Decoder
		if err := d.Decode(string(payload), new(encode.Record)); !errors.Is(err, want) {
			t.Errorf("version %d: error %v, want %v", v, err, want)
		}
	}
}

func TestCorruptFields(t *testing.T) {
	header := AppendHeader(nil, &Header{})
	cases := map[string][]byte{
		"unknown kind":             {99, 0},
		"kind zero":                {0, 0},
		"key past the end":         {kindString, 200, 1},
		"no value":                 {kindInt64, 0, 1, 2, 3},
		"length of ten bytes":      {kindString, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 127},
		"list longer than payload": {kindList, 0, 255, 255, 255, 255},
		"zone a day off":           append([]byte{kindTime, 0, timeNear, 0, 0, 0, 0, 0, 0, 0, 0}, appendVarint(nil, maxOffset)...),
		"unknown time form":        {kindTime, 0, 9},
		"time same in a value":     {kindTime, 0, timeSame},
		"nanoseconds of a second":  {kindTime, 0, timeFar, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 0},
		"cut without its count":    {kindCut, 1},
		"pad past the end":         {kindPad, 9, 0, 1},
		"frames without end":       {kindError, 0, 0, 0, 255},
	}
	for name, entries := range cases {
		var d Decoder
		if err := d.Decode(string(header)+string(entries), new(encode.Record)); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: error %v, want ErrCorrupt", name, err)
		}
	}
	header[17] = 0x80 // a flag nobody has defined
	if err := new(Decoder).Decode(string(header), new(encode.Record)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("unknown flag: error %v, want ErrCorrupt", err)
	}
}

// Bytes made to blow up: each would take a hundred times its size without the
// decoder's own bounds. S9: memory at most 4 times, here of Limit.
func TestS9_Bombs(t *testing.T) {
	header := AppendHeader(nil, &Header{})
	repeat := func(unit ...byte) []byte {
		p := append([]byte(nil), header...)
		for len(p)+len(unit) <= Limit {
			p = append(p, unit...)
		}
		return p
	}
	list := append([]byte(nil), header...)
	list = append(list, kindList, 0)
	list = binary.LittleEndian.AppendUint32(list, Limit-100)
	for len(list) < Limit {
		list = append(list, kindNil)
	}
	lists := append([]byte(nil), header...)
	lists = append(lists, kindList, 0)
	for len(lists)+5 < Limit {
		lists = binary.LittleEndian.AppendUint32(lists, uint32(Limit-len(lists)-4))
		lists = append(lists, kindList)
	}
	causes := append([]byte{kindError, 0}, bytes.Repeat([]byte{0, 0, 0, 255}, Limit/4-100)...)
	var most uint64
	for name, p := range map[string][]byte{
		"attributes":       repeat(kindNil, 0),
		"byte slices":      repeat(kindBytes, 0, 0),
		"groups":           repeat(kindGroup, 0),
		"closed groups":    repeat(kindGroup, 0, kindEnd),
		"ends":             repeat(kindEnd),
		"errors":           repeat(kindError, 0, 0, 0, 0, 0),
		"frames":           repeat(append([]byte{kindError, 0, 0, 0, 250}, make([]byte, 751)...)...),
		"elements":         list,
		"lists in lists":   lists,
		"groups and lists": repeat(kindList, 0, 1, 0, 0, 0, kindGroup),
		"causes":           append(append([]byte(nil), header...), causes...),
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			var rec encode.Record
			var d Decoder
			s := string(p)
			runtime.ReadMemStats(&before)
			start := time.Now()
			err := d.Decode(s, &rec)
			took := time.Since(start)
			runtime.ReadMemStats(&after)
			if size := after.TotalAlloc - before.TotalAlloc; size > 4*Limit {
				t.Errorf("%d bytes allocated (error %v)", size, err)
			}
			if took > 5*time.Second {
				t.Errorf("took %v", took)
			}
			most = max(most, after.TotalAlloc-before.TotalAlloc)
			t.Logf("%v, %d attributes, cut %d, %d bytes allocated", err, len(rec.Attrs), truncated(rec.Attrs), after.TotalAlloc-before.TotalAlloc)
		})
	}
	t.Logf("S9: most memory for a payload of the limit is %.1f of it", float64(most)/Limit)
}

func TestStrayGroupEndIsIgnored(t *testing.T) {
	p := AppendAttr(AppendGroupEnd(nil), slog.Int("a", 1))
	p = AppendAttr(AppendGroupEnd(p), slog.Int("b", 2))
	if got, want := dump(decode(t, p)), `"a"=Int64(1) "b"=Int64(2) `; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
