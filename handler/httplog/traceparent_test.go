package httplog

import (
	"strings"
	"testing"
)

const (
	id     = "0af7651916cd43dd8448eb211c80319c"
	span   = "b7ad6b7169203331"
	parent = "00-" + id + "-" + span + "-01"
)

// The rules of section 3.2, each broken once.
func TestParseTraceparent(t *testing.T) {
	for _, c := range []struct {
		name   string
		values []string
		ok     bool
	}{
		{"as it should be", []string{parent}, true},
		{"not sampled", []string{"00-" + id + "-" + span + "-00"}, true},
		{"flags of the future", []string{"00-" + id + "-" + span + "-ff"}, true},
		{"a version of the future", []string{"cc-" + id + "-" + span + "-01-what-the-future-brings"}, true},
		{"the same, without more", []string{"01-" + id + "-" + span + "-01"}, true},
		{"the same, with more but no dash", []string{"cc-" + id + "-" + span + "-01.x"}, false},
		{"none", nil, false},
		{"two", []string{parent, parent}, false},
		{"empty", []string{""}, false},
		{"version ff", []string{"ff-" + id + "-" + span + "-01"}, false},
		{"version 00 with more", []string{parent + "-x"}, false},
		{"upper case", []string{strings.ToUpper(parent)}, false},
		{"version not hex", []string{".0" + parent[2:]}, false},
		{"trace of zeros", []string{"00-" + strings.Repeat("0", 32) + "-" + span + "-01"}, false},
		{"span of zeros", []string{"00-" + id + "-" + strings.Repeat("0", 16) + "-01"}, false},
		{"trace not hex", []string{"00-" + id[:31] + "g-" + span + "-01"}, false},
		{"span not hex", []string{"00-" + id + "-" + span[:15] + "g-01"}, false},
		{"flags not hex", []string{"00-" + id + "-" + span + "-0x"}, false},
		{"short", []string{parent[:54]}, false},
		{"other separators", []string{strings.ReplaceAll(parent, "-", "_")}, false},
		{"space", []string{" " + parent}, false},
	} {
		got, ok := parseTraceparent(c.values)
		if ok != c.ok || ok == got.IsZero() {
			t.Errorf("%s: %+v, %v", c.name, got, ok)
		}
		if ok && got.Flags > 1 {
			t.Errorf("%s: flags %x are passed on", c.name, got.Flags)
		}
	}
}

// Section 3.3: what is not well formed is dropped whole.
func TestParseTracestate(t *testing.T) {
	many := strings.TrimSuffix(strings.Repeat("k=v,", 3), ",")
	for _, c := range []struct {
		values []string
		want   string
	}{
		{nil, ""},
		{[]string{"rojo=00f067aa0ba902b7"}, "rojo=00f067aa0ba902b7"},
		{[]string{"a=1", "b=2"}, "a=1,b=2"},
		{[]string{" a=1 ,\t, b=2,"}, "a=1,b=2"},
		{[]string{"fw529a3039@dt=FfAHJe:x, 0tenant@sys=1"}, "fw529a3039@dt=FfAHJe:x,0tenant@sys=1"},
		{[]string{"a_-*/9=!~"}, "a_-*/9=!~"},
		{[]string{many}, ""}, // one key twice
		{[]string{"a"}, ""},
		{[]string{"=1"}, ""},
		{[]string{"a="}, ""},
		{[]string{"A=1"}, ""},
		{[]string{"9a=1"}, ""},
		{[]string{"a@9=1"}, ""},
		{[]string{"a@b@c=1"}, ""},
		{[]string{"a=b=c"}, ""},
		{[]string{"a=\x7f"}, ""},
		{[]string{"a=ü"}, ""},
		{[]string{strings.Repeat("a", 257) + "=1"}, ""},
		{[]string{"a=" + strings.Repeat("1", 257)}, ""},
		{[]string{"a=" + strings.Repeat("1", 255), "b=" + strings.Repeat("1", 254)}, ""}, // 513 bytes and more
	} {
		if got := parseTracestate(c.values); got != c.want {
			t.Errorf("%q: %q, want %q", c.values, got, c.want)
		}
	}
	if got := parseTracestate([]string{strings.Join(letters(32), ",")}); got == "" {
		t.Error("32 members are refused")
	}
	if got := parseTracestate([]string{strings.Join(letters(33), ",")}); got != "" {
		t.Error("33 members are taken")
	}
}

func letters(n int) []string {
	var members []string
	for i := range n {
		members = append(members, "k"+strings.Repeat("x", i/26)+string(rune('a'+i%26))+"=1")
	}
	return members
}

func TestNewTraces(t *testing.T) {
	a, b := newTrace(true), newTrace(false)
	if a.TraceID == b.TraceID || a.SpanID == b.SpanID || !a.Sampled() || b.Sampled() {
		t.Errorf("%+v and %+v", a, b)
	}
	if c := child(a); c.TraceID != a.TraceID || c.SpanID == a.SpanID || c.Flags != a.Flags {
		t.Errorf("child of %+v is %+v", a, c)
	}
}

// What is taken over is written as it was, but for version and unknown flags.
func FuzzTraceparent(f *testing.F) {
	f.Add(parent)
	f.Add("cc-" + id + "-" + span + "-01-x")
	f.Fuzz(func(t *testing.T, s string) {
		got, ok := parseTraceparent([]string{s})
		if !ok {
			return
		}
		if text := formatTraceparent(got); text[:2] != "00" || text[2:53] != s[2:53] || (text[54] == '1') != got.Sampled() || text[53] != '0' {
			t.Errorf("%q became %q", s, text)
		}
	})
}

// What is passed on can be sent as a header, and parses to itself.
func FuzzTracestate(f *testing.F) {
	f.Add("a=1, b@c=2")
	f.Fuzz(func(t *testing.T, s string) {
		got := parseTracestate([]string{s})
		if again := parseTracestate([]string{got}); again != got || len(got) > maxStateBytes || strings.ContainsAny(got, "\r\n\t") {
			t.Errorf("%q became %q, then %q", s, got, again)
		}
	})
}
