package codec

import (
	"log/slog"
	"math"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
)

func TestTimes(t *testing.T) {
	east := time.FixedZone("X", 5*3600+45*60)
	odd := time.FixedZone("LMT", -17776) // Havana's, to the second
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		newYork = odd // no zone data on this machine
	}
	for _, at := range []time.Time{
		{}, time.Unix(0, 0), time.Unix(0, 1).UTC(), time.Now(), time.Now().UTC(),
		time.Date(2026, 7, 1, 12, 0, 0, 999999999, east), time.Date(1970, 1, 1, 0, 0, 0, 0, odd),
		time.Date(2026, 7, 1, 0, 0, 0, 1, newYork), time.Date(2026, 1, 1, 0, 0, 0, 1, newYork),
		time.Unix(minNear, 0), time.Unix(minNear-1, 999999999), time.Unix(maxNear, 999999999), time.Unix(maxNear+1, 0), time.Unix(minNear-2, 0), time.Unix(maxNear+2, 0),
		time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC), time.Date(-40000, 1, 1, 0, 0, 0, 5, east), time.Date(9999, 12, 31, 23, 59, 59, 999999999, odd),
		time.Unix(math.MaxInt64, 0), time.Unix(math.MinInt64, 7),
	} {
		p := AppendAttr(AppendHeader(nil, &Header{Time: at, Observed: at.Add(time.Hour)}), slog.Time("t", at))
		var d Decoder
		var rec encode.Record
		if err := d.Decode(string(p), &rec); err != nil {
			t.Errorf("%v: %v", at, err)
			continue
		}
		for what, got := range map[string]time.Time{"header": rec.Time, "attribute": rec.Attrs[0].Value.Time()} {
			_, off := got.Zone()
			_, want := at.Zone()
			if !got.Equal(at) || off != want && !at.IsZero() {
				t.Errorf("%s: got %v, want %v", what, got, at)
			}
		}
		if !rec.Observed.Equal(at.Add(time.Hour)) {
			t.Errorf("observed %v, want %v", rec.Observed, at.Add(time.Hour))
		}
	}
}

func TestObservedIsKeptToTheNanosecond(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 5, time.UTC)
	for _, want := range []time.Time{at, at.Add(1), at.In(time.FixedZone("", 60)), {}} {
		var d Decoder
		var rec encode.Record
		if err := d.Decode(string(AppendHeader(nil, &Header{Time: at, Observed: want})), &rec); err != nil || !rec.Observed.Equal(want) {
			t.Errorf("got %v, %v, want %v", rec.Observed, err, want)
		}
	}
}

func TestMonotonicReadingIsDropped(t *testing.T) {
	now := time.Now()
	got := through(t, slog.Any("t", &now))[0].Value.Time()
	if got != now.Round(0).In(got.Location()) {
		t.Errorf("got %#v", got)
	}
}

func TestZoneADayOffBecomesUTC(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.FixedZone("far", maxOffset))
	got := through(t, slog.Time("t", at))[0].Value.Time()
	if _, off := got.Zone(); off != 0 || !got.Equal(at) {
		t.Errorf("got %v, want the instant of %v in UTC", got, at)
	}
}

func TestZonesAreSharedAndBounded(t *testing.T) {
	var z zones
	a := z.get(3600)
	if z.get(7200) == a || z.get(3600) != a {
		t.Error("a zone was made twice")
	}
	for off := range 10_000 {
		if _, got := time.Unix(0, 0).In(z.get(off)).Zone(); got != off {
			t.Fatalf("offset %d, want %d", got, off)
		}
	}
	if len(z.more) > maxZones {
		t.Errorf("%d zones kept", len(z.more))
	}
}

func TestVarints(t *testing.T) {
	for _, n := range []int64{0, 1, -1, 63, 64, -64, -65, math.MaxInt64, math.MinInt64} {
		p := string(appendVarint(nil, n))
		got, i := readVarint(p, 0)
		if got != n || i != len(p) {
			t.Errorf("%d reads as %d", n, got)
		}
		for cut := range p {
			if _, i := readVarint(p[:cut], 0); i != -1 {
				t.Errorf("%d without its end was read", n)
			}
		}
	}
	for _, p := range []string{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"} {
		if _, i := readUvarint(p, 0); i != -1 {
			t.Errorf("%x was read although it exceeds 64 bits", p)
		}
	}
}
