package httpstatus_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/slogship/slogship/transport/httpstatus"
)

// TestRetryAfter has both forms of T33, and what must not be believed.
func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	at := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	tests := []struct {
		name, value, date string
		want              time.Duration
	}{
		{"none", "", "", 0},
		{"seconds", "120", "", 2 * time.Minute},
		{"zero", "0", "", 0},
		{"spaces", " 5 ", "", 5 * time.Second},
		{"the bound", "3600", "", time.Hour},
		{"beyond the bound", "3601", "", time.Hour},
		{"beyond 32 bits", "99999999999", "", time.Hour},
		{"beyond 64 bits", "99999999999999999999999999", "", time.Hour},
		{"negative", "-5", "", 0},
		{"a sign", "+5", "", 0},
		{"a fraction", "1.5", "", 0},
		{"nonsense", "soon", "", 0},
		{"date", at(90 * time.Second), "", 90 * time.Second},
		{"date in the past", at(-time.Minute), "", 0},
		{"date far ahead", at(24 * time.Hour), "", time.Hour},
		{"date in the year 9999", "Fri, 31 Dec 9999 23:59:59 GMT", "", time.Hour},
		{"RFC 850 date", now.Add(time.Minute).Format("Monday, 02-Jan-06 15:04:05 GMT"), "", time.Minute},
		{"asctime date", now.Add(time.Minute).Format(time.ANSIC), "", time.Minute},
		{"the server's clock is a day ahead", at(24*time.Hour + 10*time.Second), at(24 * time.Hour), 10 * time.Second},
		{"the server's clock is a day behind", at(-24*time.Hour + 10*time.Second), at(-24 * time.Hour), 10 * time.Second},
		{"a Date that does not parse", at(30 * time.Second), "yesterday", 30 * time.Second},
		{"seconds ignore the Date", "30", at(-24 * time.Hour), 30 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := http.Header{}
			h.Set("Retry-After", tt.value)
			h.Set("Date", tt.date)
			if got := httpstatus.RetryAfter(h, now); got != tt.want {
				t.Errorf("RetryAfter(%q, Date %q) = %v, want %v", tt.value, tt.date, got, tt.want)
			}
		})
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, s := range []string{"1", "-1", "Fri, 31 Dec 9999 23:59:59 GMT", "", "00", "٣"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, value, date string) {
		h := http.Header{"Retry-After": {value}, "Date": {date}}
		if d := httpstatus.RetryAfter(h, time.Now()); d < 0 || d > httpstatus.MaxRetryAfter {
			t.Errorf("RetryAfter(%q, Date %q) = %v", value, date, d)
		}
	})
}
