package encode

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"
)

const nineDigits = "2006-01-02T15:04:05.000000000Z"

func TestRFC3339AgreesWithTime(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 2))
	first := time.Date(0, 3, 1, 0, 0, 0, 0, time.UTC).Unix()
	last := time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	zone := time.FixedZone("", -7*3600)
	for range 200_000 {
		at := time.Unix(first+rnd.Int64N(last-first), rnd.Int64N(1e9)).In(zone)
		if got, want := string(appendRFC3339(nil, at, 9)), at.UTC().Format(nineDigits); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
		if got, want := string(appendRFC3339(nil, at, 3)), at.UTC().Format("2006-01-02T15:04:05.000Z"); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	}
}

// Each day of 800 years, which is twice the calendar's period.
func TestCivilEachDay(t *testing.T) {
	day := time.Date(1600, 1, 1, 0, 0, 0, 0, time.UTC)
	for day.Year() < 2400 {
		if got, want := string(appendRFC3339(nil, day, 9)), day.Format(nineDigits); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
		day = day.AddDate(0, 0, 1)
	}
}

func TestTimeFormats(t *testing.T) {
	at := time.Date(2006, 1, 2, 15, 4, 5, 120000789, time.UTC)
	tests := []struct {
		format TimeFormat
		at     time.Time
		want   string
	}{
		{TimeDefault, at, "2006-01-02T15:04:05.120000789Z"},
		{TimeRFC3339Nano, at, "2006-01-02T15:04:05.120000789Z"},
		{TimeRFC3339Nano, at.Truncate(time.Second), "2006-01-02T15:04:05.000000000Z"},
		{TimeRFC3339Milli, at, "2006-01-02T15:04:05.120Z"},
		{TimeUnixSeconds, at, "1136214245.120000789"},
		{TimeUnixSeconds, at.Truncate(time.Second), "1136214245"},
		{TimeUnixSeconds, time.Unix(-1, 5e8), "-0.5"},
		{TimeUnixSeconds, time.Unix(-2, 25e7), "-1.75"},
		{TimeUnixMilli, at, "1136214245120"},
		{TimeUnixMicro, at, "1136214245120000"},
		{TimeUnixNano, at, "1136214245120000789"},
		{TimeClock, at.Local(), at.Local().Format("15:04:05.000")},
		{TimeRFC3339Nano, time.Time{}, "0001-01-01T00:00:00.000000000Z"},
		{TimeRFC3339Nano, time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC), "9999-12-31T23:59:59.999999999Z"},
		{TimeRFC3339Nano, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), "10000-01-01T00:00:00Z"},
		{TimeRFC3339Nano, time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC), "0000-01-01T00:00:00Z"},
		{TimeRFC3339Nano, time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC), "-0005-01-01T00:00:00Z"},
	}
	for _, tt := range tests {
		if got := string(tt.format.append(nil, tt.at)); got != tt.want {
			t.Errorf("format %d of %v: %s, want %s", tt.format, tt.at, got, tt.want)
		}
		_, err := strconv.ParseFloat(tt.want, 64)
		if number := err == nil; tt.format != TimeClock && number != tt.format.number() {
			t.Errorf("format %d: number() is %t", tt.format, tt.format.number())
		}
	}
}

func TestDurationFormats(t *testing.T) {
	tests := []struct {
		format DurationFormat
		d      time.Duration
		want   string
	}{
		{DurationNanos, 1500 * time.Millisecond, "1500000000"},
		{DurationText, 1500 * time.Millisecond, "1.5s"},
		{DurationText, math.MinInt64, "-2562047h47m16.854775808s"},
		{DurationSeconds, 1500 * time.Millisecond, "1.5"},
		{DurationSeconds, -1500 * time.Millisecond, "-1.5"},
		{DurationSeconds, -1, "-0.000000001"},
		{DurationSeconds, 0, "0"},
		{DurationSeconds, math.MinInt64, "-9223372036.854775808"},
		{DurationSeconds, math.MaxInt64, "9223372036.854775807"},
		{DurationMillis, 1500 * time.Millisecond, "1500"},
		{DurationMillis, 1532 * time.Microsecond, "1.532"},
		{DurationMillis, -20 * time.Nanosecond, "-0.00002"},
	}
	for _, tt := range tests {
		if got := string(tt.format.append(nil, tt.d)); got != tt.want {
			t.Errorf("format %d of %v: %s, want %s", tt.format, tt.d, got, tt.want)
		}
	}
}
