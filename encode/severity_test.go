package encode_test

import (
	"log/slog"
	"math"
	"testing"

	"github.com/slogship/slogship/encode"
)

// The ranges of DESIGN §7, at each border and one below.
func TestSeverityOf(t *testing.T) {
	for _, tt := range []struct {
		from slog.Level
		want encode.Severity
		name string
	}{
		{20, 0, "emerg"}, {16, 1, "alert"}, {12, 2, "crit"}, {8, 3, "err"},
		{4, 4, "warning"}, {2, 5, "notice"}, {0, 6, "info"}, {math.MinInt32, 7, "debug"},
	} {
		if got := encode.SeverityOf(tt.from); got != tt.want || got.String() != tt.name {
			t.Errorf("%v: %v, want %v %s", tt.from, got, tt.want, tt.name)
		}
		if tt.want < encode.Debug {
			if got := encode.SeverityOf(tt.from - 1); got != tt.want+1 {
				t.Errorf("%v: %v, want %v", tt.from-1, got, tt.want+1)
			}
		}
	}
	if got := encode.SeverityOf(math.MaxInt32); got != encode.Emergency {
		t.Errorf("the highest level: %v", got)
	}
}

// Both ways: a severity's level has that severity, a named level that has a
// severity of its own comes back, and any number has an answer.
func TestSeverityLevel(t *testing.T) {
	for s := range encode.Severity(8) {
		if got := encode.SeverityOf(s.Level()); got != s {
			t.Errorf("%v: level %v has %v", s, s.Level(), got)
		}
	}
	for _, l := range []slog.Level{encode.LevelFatal, slog.LevelError, slog.LevelWarn, encode.LevelNotice, slog.LevelInfo, slog.LevelDebug} {
		if got := encode.SeverityOf(l).Level(); got != l {
			t.Errorf("%v came back as %v", l, got)
		}
	}
	if s := encode.Severity(200); s.Level() != slog.LevelDebug || s.String() != "debug" {
		t.Errorf("%v, %v", s.Level(), s)
	}
}
