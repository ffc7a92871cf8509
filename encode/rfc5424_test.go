package encode_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/slogship/slogship/encode"
)

// message5424 is a message as this test's own parser reads it.
type message5424 struct {
	pri                               int
	time                              time.Time
	rawTime, host, app, procID, msgID string
	elements                          []element5424
	msg                               string
}

type element5424 struct {
	id     string
	params [][2]string
}

func (m *message5424) param(name string) (string, bool) {
	for _, e := range m.elements {
		if !strings.HasPrefix(e.id, "slogship@") {
			continue
		}
		for _, p := range e.params {
			if p[0] == name {
				return p[1], true
			}
		}
	}
	return "", false
}

var errABNF = errors.New("not what RFC 5424 §6 allows")

// parse5424 reads a message by the RFC's grammar, as strictly as that.
func parse5424(line string) (m message5424, err error) {
	fail := func(what string) (message5424, error) { return m, fmt.Errorf("%w: %s in %q", errABNF, what, line) }
	pri, rest, ok := strings.Cut(strings.TrimPrefix(line, "<"), ">1 ")
	if m.pri, err = strconv.Atoi(pri); err != nil || !ok || line[0] != '<' || strconv.Itoa(m.pri) != pri || m.pri > 191 {
		return fail("PRI")
	}
	for _, f := range []struct {
		name string
		to   *string
		most int
	}{{"TIMESTAMP", &m.rawTime, 32}, {"HOSTNAME", &m.host, 255}, {"APP-NAME", &m.app, 48}, {"PROCID", &m.procID, 128}, {"MSGID", &m.msgID, 32}} {
		if *f.to, rest, ok = strings.Cut(rest, " "); !ok || !graph(*f.to, f.most, "") {
			return fail(f.name)
		}
	}
	if m.rawTime != "-" {
		if m.time, err = time.Parse("2006-01-02T15:04:05.000000Z", m.rawTime); err != nil {
			return fail("TIMESTAMP")
		}
	}
	if rest, ok = strings.CutPrefix(rest, "-"); !ok {
		for strings.HasPrefix(rest, "[") {
			var e element5424
			if e, rest, ok = parseElement(rest[1:]); !ok {
				return fail("SD-ELEMENT")
			}
			m.elements = append(m.elements, e)
		}
		if len(m.elements) == 0 {
			return fail("STRUCTURED-DATA")
		}
	}
	if rest != "" && rest[0] != ' ' {
		return fail("what follows STRUCTURED-DATA")
	}
	if rest != "" {
		m.msg = rest[1:]
	}
	return m, nil
}

// graph reports whether s is 1 to most characters of PRINTUSASCII but those in not.
func graph(s string, most int, not string) bool {
	return s != "" && len(s) <= most && !strings.ContainsFunc(s, func(r rune) bool {
		return r < 33 || r > 126 || strings.ContainsRune(not, r)
	})
}

func parseElement(s string) (e element5424, rest string, ok bool) {
	end := strings.IndexAny(s, " ]")
	if end < 0 || !graph(s[:end], 32, `="]`) {
		return e, "", false
	}
	e.id, s = s[:end], s[end:]
	for strings.HasPrefix(s, " ") {
		var name, value string
		if name, s, ok = strings.Cut(s[1:], `="`); !ok || !graph(name, 32, `="]`) {
			return e, "", false
		}
		if value, s, ok = paramValue(s); !ok {
			return e, "", false
		}
		e.params = append(e.params, [2]string{name, value})
	}
	rest, ok = strings.CutPrefix(s, "]")
	return e, rest, ok
}

func paramValue(s string) (value, rest string, ok bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return b.String(), s[i+1:], utf8.ValidString(b.String())
		case c == ']':
			return "", "", false
		case c == '\\' && i+1 < len(s) && strings.ContainsRune(`"\]`, rune(s[i+1])):
			i++
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", "", false
}

func TestRFC5424(t *testing.T) {
	full := fullRecord()
	full.Attrs = append(full.Attrs, slog.String("msgid", "ID 47é"))
	const head = `<14>1 - - - - - `
	attr := func(a ...slog.Attr) encode.Record { return encode.Record{Attrs: a} }
	none := encode.RFC5424{Clock: encode.ClockOmitted}
	for _, tt := range []struct {
		name string
		enc  encode.RFC5424
		rec  encode.Record
		want string
	}{
		{"empty", none, encode.Record{}, head + `-`},
		{"message", none, encode.Record{Message: "m"}, head + `- m`},
		{"clock", encode.RFC5424{}, encode.Record{}, head + `[timeQuality tzKnown="1"]`},
		{"synchronized", encode.RFC5424{Clock: encode.ClockSynchronized}, encode.Record{}, head + `[timeQuality tzKnown="1" isSynced="1"]`},
		{"unsynchronized", encode.RFC5424{Clock: encode.ClockUnsynchronized}, encode.Record{}, head + `[timeQuality tzKnown="1" isSynced="0"]`},
		{"full", encode.RFC5424{Facility: encode.FacilityLocal3}, full, `<156>1 2026-11-23T09:49:44.005000Z h s 7 ID_47_ [timeQuality tzKnown="1"]` +
			`[resource@32473 service.version="v" deployment.environment.name="e" service.instance.id="i" k8s.pod="1" service.name#2="x"]` +
			`[slogship@32473 log_id="ab000000-0000-0000-0000-000000000000" trace_id="01000000000000000000000000000000" span_id="0200000000000000" trace_flags="01"` +
			` logger="db" source="/src/a.go:3" stack="main.f\\n\\t/src/a.go:3" g.n="1" g.err="no file\\nmain.f\\n\\t/src/a.go:1" other="second" msgid="ID 47é"] ` + full.Message},
		{"observed", none, encode.Record{Observed: time.Unix(1, 1234567)}, `<14>1 1970-01-01T00:00:01.001234Z - - - - -`},
		{"year 10000", none, encode.Record{Time: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, head + `-`},
		{"fields", encode.RFC5424{Host: "gw 1", App: "ä", ProcID: "worker/2", SDID: "app@99999", Clock: encode.ClockOmitted},
			encode.Record{Resource: &encode.Resource{Service: "s", Host: "h", PID: 3}, ID: encode.ID{1}},
			`<14>1 - gw_1 _ worker/2 - [resource@99999 service.name="s" host.name="h" process.pid="3"][app@99999 log_id="01000000-0000-0000-0000-000000000000"]`},
		{"escapes", none, attr(slog.String("a", `q" b\ ]`), slog.String("c", "\r\n\x00\x1b\u2028\u202e\xff]")),
			head + `[slogship@32473 a="q\" b\\ \]" c="\\r\\n\\u0000\\u001b\\u2028\\u202e` + "\ufffd" + `\]"]`},
		{"text", none, encode.Record{Message: "a\n<13>1 \"]\x00\\"}, head + `- a\n<13>1 "]\u0000\`},
		{"multiline", encode.RFC5424{Clock: encode.ClockOmitted, Multiline: true}, encode.Record{Message: "a\n\tb\r", Attrs: []slog.Attr{slog.String("k", "c\nd")}}, head + "[slogship@32473 k=\"c\nd\"] a\n\tb\\r"},
		{"bom", encode.RFC5424{Clock: encode.ClockOmitted, BOM: true}, encode.Record{Message: "m"}, head + "- \ufeffm"},
		{"names", none, attr(slog.Int("a b", 1), slog.Int("a=b", 2), slog.Group("a", slog.Int("b", 3)), slog.Int("a.b", 4), slog.Int(`é]"`, 5), slog.Int("", 6), slog.Int("a#2", 7), slog.Int("log_id", 8), slog.Int("LOG_ID", 9)),
			head + `[slogship@32473 a_b="1" a_b#2="2" a.b="3" a.b#2="4" ___="5" _="6" a#2#1="7" log_id#2="8" LOG_ID#2="9"]`},
		{"cut names", none, attr(slog.Int(strings.Repeat("n", 40), 1), slog.Int(strings.Repeat("n", 41), 2), slog.Int(strings.Repeat("n", 32), 3), slog.Int(strings.Repeat("n", 27), 4), slog.Int(strings.Repeat("n", 27)+"#2", 5)),
			head + `[slogship@32473 ` + strings.Repeat("n", 32) + `="1" ` + strings.Repeat("n", 27) + `#1="2" ` + strings.Repeat("n", 27) + `#2="3" ` + strings.Repeat("n", 27) + `="4" ` + strings.Repeat("n", 27) + `#4="5"]`},
		{"values", none, attr(slog.Any("nil", nil), slog.Any("b", []byte("x]")), slog.Any("j", encode.JSON(`{"a":[1]}`)), slog.Any("l", []slog.Value{slog.IntValue(1), slog.StringValue("x")}), slog.Duration("d", 1500), slog.Bool("t", true), slog.Float64("f", 0.5)),
			head + `[slogship@32473 nil="null" b="eF0=" j="{\"a\":[1\]}" l="[1,\"x\"\]" d="1.5µs" t="true" f="0.5"]`},
		{"level", none, encode.Record{Level: -8}, `<15>1 - - - - - [slogship@32473 slog_level="-8"]`},
		{"msgid", encode.RFC5424{Clock: encode.ClockOmitted, MsgIDFrom: "code"}, attr(slog.Group("code", slog.Int("x", 1)), slog.Int("code", 7)), `<14>1 - - - - 7 [slogship@32473 code.x="1" code="7"]`},
		{"no msgid", encode.RFC5424{Clock: encode.ClockOmitted, MsgIDFrom: "-"}, attr(slog.Int("-", 7)), head + `[slogship@32473 -="7"]`},
		{"cee", encode.RFC5424{Clock: encode.ClockOmitted, Message: encode.SyslogCEE, BOM: true}, encode.Record{Message: "m", Attrs: []slog.Attr{slog.Int("a", 1)}}, head + `- @cee: {"level":"INFO","msg":"m","a":1}`},
	} {
		got := encodeLine(t, tt.enc, &tt.rec)
		if got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
		if _, err := parse5424(got); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// Both ways: each severity's level is written with that severity.
func TestRFC5424Severities(t *testing.T) {
	for s := encode.Emergency; s <= encode.Debug; s++ {
		rec := encode.Record{Level: s.Level()}
		if got, want := encodeLine(t, encode.RFC5424{Facility: encode.FacilityLocal7}, &rec), fmt.Sprintf("<%d>1 ", 23*8+int(s)); !strings.HasPrefix(got, want) {
			t.Errorf("%v: %s", s, got)
		}
	}
}

func TestSyslogValidate(t *testing.T) {
	for _, enc := range []encode.Encoder{
		encode.RFC5424{Facility: 24}, encode.RFC5424{Message: 2}, encode.RFC5424{MaxBytes: 1023}, encode.RFC5424{MaxBytes: -1}, encode.RFC5424{Clock: 4},
		encode.RFC5424{SDID: "noat"}, encode.RFC5424{SDID: "a b@1"}, encode.RFC5424{SDID: "@1"}, encode.RFC5424{SDID: "a@"}, encode.RFC5424{SDID: "a@x"}, encode.RFC5424{SDID: "a]@1"}, encode.RFC5424{SDID: "resource@1"},
		encode.RFC5424{SDID: strings.Repeat("a", 31) + "@1"}, encode.RFC5424{SDID: "a@" + strings.Repeat("1", 30)},
		encode.RFC3164{Facility: 200}, encode.RFC3164{Message: 2}, encode.RFC3164{MaxBytes: 1}, encode.Journal{Facility: 24},
	} {
		err := encode.Validate(enc)
		if !errors.Is(err, encode.ErrSyslog) && !errors.Is(err, encode.ErrFacility) {
			t.Errorf("%+v: %v", enc, err)
		}
		rec := fullRecord()
		line := encodeLine(t, enc, &rec)
		if _, ok := enc.(encode.RFC5424); ok {
			if _, err := parse5424(line); err != nil || !strings.HasPrefix(line, "<12>1 ") {
				t.Errorf("%+v: %v", enc, err)
			}
		}
	}
	if err := encode.Validate(encode.RFC5424{SDID: "a@1.2", MaxBytes: 1024}); err != nil {
		t.Error(err)
	}
}

func TestFacility(t *testing.T) {
	for f := encode.FacilityUser; f <= encode.FacilityLocal7; f++ {
		for _, s := range []string{f.String(), strings.ToUpper(f.String()), "LOG_" + strings.ToUpper(f.String()), strconv.Itoa(int(f))} {
			if got, err := encode.ParseFacility(s); got != f || err != nil {
				t.Errorf("%q: %v, %v", s, got, err)
			}
		}
		text, err := f.MarshalText()
		var back encode.Facility
		if err != nil || back.UnmarshalText(text) != nil || back != f {
			t.Errorf("%v: %s, %v, %v", f, text, err, back)
		}
	}
	for _, s := range []string{"", "0", "kern", "24", "-1", "local8", "1.5", "user "} {
		if got, err := encode.ParseFacility(s); !errors.Is(err, encode.ErrFacility) {
			t.Errorf("%q: %v, %v", s, got, err)
		}
	}
	if encode.Facility(0).String() != "user" || encode.Facility(24).String() != "Facility(24)" {
		t.Error(encode.Facility(0), encode.Facility(24))
	}
}

// syslogText is what a message's text becomes, rune by rune: what cannot go out
// as it is stands there as JSON's escape, but for what is in keep.
func syslogText(s, keep string) string {
	var b strings.Builder
	for _, r := range clean(s) {
		switch _, bad := rawControl([]byte(string(r))); {
		case !bad || strings.ContainsRune(keep, r):
			b.WriteRune(r)
		case strings.ContainsRune("\n\r\t", r):
			b.WriteString(strings.Trim(strconv.Quote(string(r)), `"`))
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

func check5424(t testing.TB, enc encode.RFC5424, line []byte, rec *encode.Record) {
	t.Helper()
	limit := enc.MaxBytes
	if limit == 0 {
		limit = 8000
	}
	if len(line) > limit {
		t.Fatalf("%d bytes, more than %d", len(line), limit)
	}
	checked := string(line)
	if enc.Multiline {
		checked = strings.NewReplacer("\n", "", "\t", "").Replace(checked)
	}
	if r, bad := rawControl([]byte(checked)); bad {
		t.Fatalf("raw %U in %q", r, line)
	}
	m, err := parse5424(string(line))
	if err != nil {
		t.Fatal(err)
	}
	if want := 8 + int(encode.SeverityOf(rec.Level)); m.pri != want {
		t.Fatalf("priority %d, want %d", m.pri, want)
	}
	if id, _ := m.param("log_id"); id != rec.ID.String() && !rec.ID.IsZero() {
		t.Fatalf("log_id %q, want %v", id, rec.ID)
	}
	names, count := map[string]bool{}, 0
	for _, e := range m.elements {
		for _, p := range e.params {
			if names[e.id+" "+p[0]] {
				t.Fatalf("%q twice in %s", p[0], line)
			}
			names[e.id+" "+p[0]] = true
		}
		if names["id "+e.id] {
			t.Fatalf("the element %q twice in %s", e.id, line)
		}
		names["id "+e.id] = true
		count += len(e.params)
	}
	if left, _ := m.param("!TRUNCATED"); left == "" && enc.Message == encode.SyslogText && count < leaves(rec.Attrs) {
		t.Fatalf("%d parameters for %d attributes: %s", count, leaves(rec.Attrs), line)
	}
}

func FuzzRFC5424(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		rec := (&gen{data: data}).record()
		for _, enc := range []encode.RFC5424{{}, {MaxBytes: 1024}, {Multiline: true, Bytes: encode.BytesText, BOM: true}, {Message: encode.SyslogCEE, MaxBytes: 1200}} {
			line, err := enc.AppendRecord(nil, rec)
			if err != nil {
				t.Fatal(err)
			}
			check5424(t, enc, line, rec)
		}
	})
}

// S1 and S3: the grammar, on its own, accepts every message and sees one line.
func TestS1_RFC5424(t *testing.T) {
	hostile(t, s1Half(), func(rec *encode.Record) {
		line, _ := encode.RFC5424{}.AppendRecord(nil, rec)
		check5424(t, encode.RFC5424{}, line, rec)
		m, _ := parse5424(string(line))
		if want := syslogText(rec.Message, ""); len(want) < 3500 && m.msg != want {
			t.Fatalf("message %q came back as %q, want %q", rec.Message, m.msg, want)
		}
	})
}

// S6: the record's own parameters cannot be forged.
func TestS6_RFC5424(t *testing.T) {
	rec := shadowedRecord()
	rec.Attrs = append(rec.Attrs, slog.String("slog_level", "forged"), slog.String("!TRUNCATED", "forged"))
	line, _ := encode.RFC5424{MaxBytes: 64 << 10}.AppendRecord(nil, rec)
	m, err := parse5424(string(line))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"log_id", "trace_id", "span_id", "trace_flags", "logger", "source", "stack", "slog_level", "!TRUNCATED"} {
		if v, _ := m.param(name); v == "forged" {
			t.Errorf("%q is forged", name)
		}
	}
	if n := strings.Count(string(line), `="forged"`); n != len(rec.Attrs) {
		t.Errorf("%d of %d attributes are left", n, len(rec.Attrs))
	}
}

// S9 and S3: whatever is too long, the message keeps within MaxBytes, says so,
// and has its ids.
func TestS9_SyslogLimits(t *testing.T) {
	long := strings.Repeat("é", 20_000)
	var many []slog.Attr
	for i := range 1200 {
		many = append(many, slog.Int(fmt.Sprint("k", i), i))
	}
	for name, rec := range map[string]encode.Record{
		"message":  {Message: long},
		"escapes":  {Message: strings.Repeat("\x00", 20_000)},
		"value":    {Message: "m", Attrs: []slog.Attr{slog.String("k", long), slog.Int("after", 1)}},
		"both":     {Message: long, Attrs: []slog.Attr{slog.String("k", long), slog.Int("after", 1)}},
		"names":    {Message: "m", Attrs: []slog.Attr{slog.Group(long, slog.Group(long, slog.Int(long, 1)))}},
		"many":     {Message: "m", Attrs: many},
		"header":   {Message: long, Resource: &encode.Resource{Host: strings.Repeat("h", 999), Service: strings.Repeat("s", 999), PID: 1, Version: long, Instance: long, Attrs: many}},
		"frames":   {Message: long, Stack: []encode.Frame{{Function: long, File: long}}, Source: slog.Source{File: long}, Scope: long},
		"the most": {Message: long, Attrs: many, Stack: []encode.Frame{{Function: long}}, Resource: &encode.Resource{Host: long, Service: long, Attrs: many}, Trace: encode.Trace{TraceID: [16]byte{1}}},
	} {
		rec.ID, rec.Time = encode.ID{1}, at(0)
		for _, size := range []int{1024, 2048, 8000, 65536} {
			for _, enc := range []encode.Encoder{
				encode.RFC5424{MaxBytes: size}, encode.RFC5424{MaxBytes: size, Multiline: true, ProcID: long}, encode.RFC5424{MaxBytes: size, Message: encode.SyslogCEE},
				encode.RFC3164{MaxBytes: size}, encode.RFC3164{MaxBytes: size, Message: encode.SyslogCEE},
			} {
				line := encodeLine(t, enc, &rec)
				if len(line) > size {
					t.Errorf("%s, %+v: %d bytes", name, enc, len(line))
				}
				if !utf8.ValidString(line) {
					t.Errorf("%s, %+v: cut inside a character: %q", name, enc, line)
				}
				if !strings.Contains(line, "!TRUNCATED") && size < 8000 && name != "header" && name != "frames" && name != "names" && !strings.Contains(line, "@cee") {
					t.Errorf("%s, %+v: no mark in %q", name, enc, line)
				}
				if _, ok := enc.(encode.RFC5424); ok {
					m, err := parse5424(line)
					if err != nil {
						t.Errorf("%s: %v", name, err)
					}
					if id, _ := m.param("log_id"); id != rec.ID.String() {
						t.Errorf("%s, %+v: log_id %q", name, enc, id)
					}
				}
			}
		}
	}
}
