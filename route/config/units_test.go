package config

import (
	"math"
	"testing"
	"time"
)

func TestSizes(t *testing.T) {
	for text, want := range map[string]int64{
		"100MB": 100_000_000, "100MiB": 100 << 20, "1kB": 1000, "1KiB": 1024, "64 KiB": 64 << 10, "1.5GB": 1_500_000_000,
		"7b": 7, "0": 0, "-1": -1, "-1MB": -1_000_000, "0MB": 0, "2TiB": 2 << 40, "8388607TiB": 8388607 << 40,
	} {
		if got, ok := parseSize(text); !ok || got != want {
			t.Errorf("%s: %d %v, want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{
		"", "100", "1", "100M", "100K", "10 parsecs", "MB", "-MB", "1e3MB", "0x10MB", "1..5MB", "9999999999TB", "8388608TiB", "1_000B", "∞B", "NaNB",
	} {
		if got, ok := parseSize(text); ok {
			t.Errorf("%q is taken for %d", text, got)
		}
	}
}

func TestDurations(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"30s": 30 * time.Second, "1h30m": 90 * time.Minute, "250ms": 250 * time.Millisecond, "0": 0, "-1s": -time.Second,
		"7d": 7 * day, "2w": 14 * day, "1w2d3h": 9*day + 3*time.Hour, "0.5d": 12 * time.Hour, "-1d": -day, "1d1ms": day + time.Millisecond,
	} {
		if got, ok := parseDuration(text); !ok || got != want {
			t.Errorf("%s: %v %v, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "30", "1M", "d", "1d2w", "1d-1h", "1 day", "999999999w", "1e300d", "NaNd", "--1d", "1dd", "w", "5y"} {
		if got, ok := parseDuration(text); ok {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
}

func TestNumbers(t *testing.T) {
	for text, want := range map[string]float64{"0.25": 0.25, "25%": 0.25, "25 %": 0.25, "1e3": 1000, "-1": -1} {
		if got, ok := parseNumber(text); !ok || math.Abs(got-want) > 1e-12 {
			t.Errorf("%s: %v %v, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "%", "half", "NaN", "Inf", "-Inf%", "1/3"} {
		if got, ok := parseNumber(text); ok {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
}

func TestNearest(t *testing.T) {
	names := []string{"max_size", "max_age", "levels", "level", "name"}
	for text, want := range map[string]string{
		"max_sise": "max_size", "maxsize": "max_size", "lvel": "level", "leevls": "levels", "nmae": "name", "MAX_AGE": "max_age",
		"colour": "", "x": "", "": "", "max": "",
	} {
		if got := nearest(text, names); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := nearest(string(make([]byte, 1<<20)), names); got != "" {
		t.Errorf("%q", got)
	}
}

// A swap of two neighbours is one slip, as is a letter too many, too few, or
// another one.
func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"ab", "ba", 1}, {"abc", "acb", 1}, {"abc", "abcd", 1}, {"abcd", "abc", 1}, {"abc", "axc", 1}, {"kitten", "sitting", 3}} {
		if got := distance(c.a, c.b); got != c.want || distance(c.b, c.a) != got {
			t.Errorf("%q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
