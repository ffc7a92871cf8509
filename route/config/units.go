package config

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// The texts that errors give for what is allowed.
const (
	wantSize     = "bytes with a unit (KB, MB, GB, TB are powers of 1000; KiB, MiB, GiB, TiB of 1024), such as 100MB"
	wantDuration = "a duration with units (ns, us, ms, s, m, h, d, w), such as 30s or 1h30m"
	wantNumber   = "a number, or a share as 25%"
)

// sizeUnit returns what a unit multiplies by; 0: it is none. K, M and G alone
// are none: half of all programs mean 1000 by them and half 1024.
func sizeUnit(unit string) float64 {
	switch strings.ToLower(unit) {
	case "b":
		return 1
	case "kb":
		return 1e3
	case "mb":
		return 1e6
	case "gb":
		return 1e9
	case "tb":
		return 1e12
	case "kib":
		return 1 << 10
	case "mib":
		return 1 << 20
	case "gib":
		return 1 << 30
	case "tib":
		return 1 << 40
	default:
		return 0
	}
}

// parseSize reads "100MB", "1.5 GiB", "0" or "-1": a positive size needs its
// unit, since 100 of a key called max_size could be anything. 0 is a field's
// default and a negative number its "none", which are the same in all units.
func parseSize(text string) (int64, bool) {
	end := strings.IndexFunc(text, func(r rune) bool { return (r < '0' || r > '9') && r != '.' && r != '-' && r != '+' })
	if end < 0 {
		n, err := strconv.ParseInt(text, 10, 64)
		return n, err == nil && n <= 0
	}
	unit := sizeUnit(strings.TrimSpace(text[end:]))
	if whole, err := strconv.ParseInt(text[:end], 10, 64); err == nil && unit > 0 {
		n := whole * int64(unit)
		return n, n/int64(unit) == whole
	}
	n, err := strconv.ParseFloat(text[:end], 64)
	if err != nil || unit == 0 || math.Abs(n*unit) >= 1<<62 {
		return 0, false
	}
	return int64(math.Round(n * unit)), true
}

// parseDuration is time.ParseDuration with days and weeks, which keeping files
// is counted in. A day is 24 hours, whatever the clocks do.
func parseDuration(text string) (time.Duration, bool) {
	if d, err := time.ParseDuration(text); err == nil {
		return d, true
	}
	rest, negative := strings.CutPrefix(text, "-")
	var sum time.Duration
	for _, unit := range []struct {
		name string
		is   time.Duration
	}{{"w", 7 * 24 * time.Hour}, {"d", 24 * time.Hour}} {
		number, after, found := strings.Cut(rest, unit.name)
		if !found {
			continue
		}
		n, err := strconv.ParseFloat(number, 64)
		if err != nil || !(n >= 0) || float64(sum)+n*float64(unit.is) > math.MaxInt64/2 {
			return 0, false
		}
		sum, rest = sum+time.Duration(n*float64(unit.is)), after
	}
	if sum == 0 && rest == strings.TrimPrefix(text, "-") {
		return 0, false // no days in it, so it was wrong before
	}
	if rest != "" {
		d, err := time.ParseDuration(rest)
		if err != nil || d < 0 || sum > math.MaxInt64-d {
			return 0, false
		}
		sum += d
	}
	if negative {
		sum = -sum
	}
	return sum, true
}

// parseNumber reads "0.25" and "25%".
func parseNumber(text string) (float64, bool) {
	number, share := strings.CutSuffix(text, "%")
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) {
		return 0, false
	}
	if share {
		n /= 100
	}
	return n, true
}
