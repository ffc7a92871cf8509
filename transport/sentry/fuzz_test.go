package sentry

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	sdk "github.com/getsentry/sentry-go"
)

// FuzzLimits: no header makes a limit longer than a day, or one that is shortened
// by a later answer.
func FuzzLimits(f *testing.F) {
	for _, header := range []string{"60:error:key", "1e9", "NaN:error", "-1::", "2700:default;error;security:organization, 60", "Inf:log_item", ":::,,;"} {
		f.Add(header)
	}
	f.Fuzz(func(t *testing.T, header string) {
		var l limits
		now := time.Unix(1e9, 0)
		l.set(categoryError, now.Add(time.Second))
		l.update(now, http.StatusOK, http.Header{"X-Sentry-Rate-Limits": {header}})
		if wait := l.wait(now, categoryError, categoryLog, categoryLogByte); wait < time.Second || wait > maxLimit {
			t.Errorf("%q: %v", header, wait)
		}
		if len(l.until) > 4 {
			t.Errorf("%q: %d categories are kept", header, len(l.until))
		}
	})
}

// TestLimitTimes: how long each answer ends what.
func TestLimitTimes(t *testing.T) {
	now := time.Unix(1e9, 0)
	for _, test := range []struct {
		status        int
		header, after string
		errors, logs  time.Duration
	}{
		{429, "", "", time.Minute, time.Minute},
		{429, "", "7", 7 * time.Second, 7 * time.Second},
		{429, "30:error", "7", 30 * time.Second, 0},
		{200, "30:error:key, 60:error;log_item:organization:quota", "", time.Minute, time.Minute},
		{200, "60:error, 30:error", "", time.Minute, 0},
		{200, "1.5:log_byte", "", 0, 1500 * time.Millisecond},
		{200, "2592000::organization", "", maxLimit, maxLimit},
		{200, "60:transaction", "", 0, 0},
		{200, "", "7", 0, 0},
		{503, "", "7", 0, 0},
	} {
		var l limits
		h := http.Header{}
		if test.header != "" {
			h.Set("X-Sentry-Rate-Limits", test.header)
		}
		if test.after != "" {
			h.Set("Retry-After", test.after)
		}
		l.update(now, test.status, h)
		errors, logs := l.wait(now, categoryError), l.wait(now, categoryLog, categoryLogByte)
		if errors != test.errors || logs != test.logs {
			t.Errorf("%d %q %q: errors %v, logs %v", test.status, test.header, test.after, errors, logs)
		}
		l.update(now, 200, http.Header{"X-Sentry-Rate-Limits": {"1:error;log_item"}})
		if l.wait(now, categoryError) < errors {
			t.Errorf("%q was shortened", test.header)
		}
		if l.wait(now.Add(maxLimit), categoryError, categoryLog) != 0 {
			t.Errorf("%q has no end", test.header)
		}
	}
}

// FuzzTemplate: the template of a template is itself, has no digits, and a
// message that is text stays text.
func FuzzTemplate(f *testing.F) {
	for _, message := range []string{"user 4711 \"x\" y", "a1:b.c-", "\"\"\"", "\xff9\"", "٣ x", "\u064b\u0663", "\u2028\u0663 \u20ac9"} {
		f.Add(message)
	}
	f.Fuzz(func(t *testing.T, message string) {
		once := Template(message)
		if strings.ContainsAny(strings.ReplaceAll(once, "\"", ""), "0123456789") && !strings.Contains(once, "\"") {
			t.Errorf("%q has digits: %q", message, once)
		}
		if utf8.ValidString(message) && !utf8.ValidString(once) {
			t.Errorf("%q became %q", message, once)
		}
		if again := Template(once); !strings.Contains(once, "\"") && again != once {
			t.Errorf("%q, then %q", once, again)
		}
	})
}

// userinfo reports whether there is somebody's name in the URL. An "@" in its path
// is none.
func userinfo(raw string) bool {
	u, err := url.Parse(raw)
	return err != nil || u.User != nil
}

// FuzzDSN: whatever is configured, no error shows a key, and what is accepted is an
// envelope's address.
func FuzzDSN(f *testing.F) {
	for _, raw := range []string{"https://k3y-of-the-project@host/1", "https://a:b@h/p/1", "http://h", "://", "https://x@[::1]:9/x/"} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		d, err := parseDSN(raw, false)
		if err == nil && (!strings.HasSuffix(d.envelope, "/envelope/") || userinfo(d.envelope) || d.key == "") {
			t.Errorf("%q: %+v", raw, d)
		}
		_, rest, _ := strings.Cut(raw, "://")
		if key, _, ok := strings.Cut(rest, "@"); err != nil && ok && len(key) > 12 && strings.Contains(err.Error(), key) {
			t.Errorf("%q: %v", raw, err)
		}
	})
}

// TestDSN: where envelopes go, and what says who sends.
func TestDSN(t *testing.T) {
	for raw, want := range map[string]dsn{
		"https://k@o1.ingest.sentry.io/7":    {"https://o1.ingest.sentry.io/api/7/envelope/", "k", ""},
		"https://k:s@host:9000/a/b/7/":       {"https://host:9000/a/b/api/7/envelope/", "k", "s"},
		"http://k@[::1]:8000/a%20b/project":  {"http://[::1]:8000/a%20b/api/project/envelope/", "k", ""},
		"https://k%40x@host.example/1234567": {"https://host.example/api/1234567/envelope/", "k@x", ""},
	} {
		got, err := parseDSN(raw, false)
		if err != nil || *got != want {
			t.Errorf("%s: %+v, %v", raw, got, err)
		}
	}
	if got := authValue("k", "s"); got != "Sentry sentry_version=7, sentry_client=slogship/1.0, sentry_key=k, sentry_secret=s" {
		t.Errorf("%q", got)
	}
	if _, err := parseDSN("https://k@host/1?x=y", false); err == nil {
		t.Error("a query is taken")
	}
}

// TestCut: never more than n characters, and none in two.
func TestCut(t *testing.T) {
	for _, test := range []struct {
		text string
		n    int
		want string
	}{{"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"äöü", 3, "äöü"}, {"äöüß", 3, "äö…"}, {"", 1, ""}, {"ab", 1, "…"}} {
		if got := cut(test.text, test.n); got != test.want {
			t.Errorf("cut(%q, %d) = %q, want %q", test.text, test.n, got, test.want)
		}
	}
}

// TestFit: the event is within each limit down to the least, and is always an
// event with its ID.
func TestFit(t *testing.T) {
	for limit := 600; limit < 300_000; limit = limit*5/4 + 1 {
		e := largeEvent()
		payload, err := fit(e, max(limit, 4096))
		if err != nil || len(payload) > max(limit, 4096) || !json.Valid(payload) || e.EventID != "id" || e.Fingerprint[0] != "f" {
			t.Fatalf("limit %d: %d bytes, %v", limit, len(payload), err)
		}
	}
}

func largeEvent() *sdk.Event {
	long := strings.Repeat("x", 20_000)
	e := &sdk.Event{
		EventID: "id", Message: long, Fingerprint: []string{"f"}, Tags: map[string]string{"t": long},
		Contexts: map[string]sdk.Context{"attributes": {"long": long, "list": []any{long}}, "trace": {"trace_id": "1"}},
	}
	for range 5 {
		e.Breadcrumbs = append(e.Breadcrumbs, &sdk.Breadcrumb{Message: long})
		frames := make([]sdk.Frame, 60)
		for i := range frames {
			frames[i].Function = long[:200]
		}
		e.Exception = append(e.Exception, sdk.Exception{Type: "T", Value: long, Stacktrace: &sdk.Stacktrace{Frames: frames}})
	}
	return e
}
