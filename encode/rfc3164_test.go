package encode_test

import (
	"log/slog"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
)

func TestRFC3164(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	res := &encode.Resource{Service: "shop", Host: "a1", PID: 7}
	for _, tt := range []struct {
		name string
		enc  encode.RFC3164
		rec  encode.Record
		want string
	}{
		{"empty", encode.RFC3164{UTC: true}, encode.Record{Observed: at}, `<14>Jan  2 03:04:05 - -: `},
		{"local", encode.RFC3164{}, encode.Record{Time: at, Message: "m"}, `<14>` + at.Local().Format(time.Stamp) + ` - -: m`},
		{"full", encode.RFC3164{UTC: true, Facility: encode.FacilityDaemon}, encode.Record{
			ID: encode.ID{1}, Time: at, Level: slog.LevelError, Message: "m", Resource: res, Scope: "db", Source: slog.Source{File: "a.go", Line: 3},
			Trace: encode.Trace{TraceID: [16]byte{1}, SpanID: [8]byte{2}, Flags: 1},
			Attrs: []slog.Attr{slog.Int("n", 1), slog.Group("g", slog.String("s", "a b")), slog.String("msg", "forged")},
		}, `<27>Jan  2 03:04:05 a1 shop[7]: m trace_id=01000000000000000000000000000000 span_id=0200000000000000 trace_flags=01` +
			` log_id=01000000-0000-0000-0000-000000000000 n=1 g.s="a b" msg#2=forged logger=db source=a.go:3`},
		{"no host", encode.RFC3164{UTC: true, OmitHost: true}, encode.Record{Time: at, Resource: res, Message: "m"}, `<14>Jan  2 03:04:05 shop[7]: m`},
		{"fields", encode.RFC3164{UTC: true, Host: "fe80::1", Tag: "a: b[é" + strings.Repeat("x", 40), ProcID: "1]:"}, encode.Record{Time: at, Message: "m"},
			`<14>Jan  2 03:04:05 fe80::1 a__b__` + strings.Repeat("x", 26) + `[1__]: m`},
		{"escapes", encode.RFC3164{UTC: true}, encode.Record{Time: at, Message: "a\r\n<13>\x00\x1bb\xff", Attrs: []slog.Attr{slog.String("k\n", "\n")}},
			`<14>Jan  2 03:04:05 - -: a\r\n<13>\u0000\u001bb` + "\ufffd" + ` k_="\n"`},
		{"cee", encode.RFC3164{UTC: true, Message: encode.SyslogCEE}, encode.Record{Level: 2, Observed: at, Message: "m"}, `<13>Jan  2 03:04:05 - -: @cee: {"observed":"2026-01-02T03:04:05.000000006Z","level":"NOTICE","msg":"m"}`},
	} {
		if got := encodeLine(t, tt.enc, &tt.rec); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

var line3164 = regexp.MustCompile(`^<([0-9]{1,3})>[A-Z][a-z]{2} [ 1-3][0-9] [0-9]{2}:[0-9]{2}:[0-9]{2} [\w.:-]{1,255} [\w./-]{1,32}(\[[\w./-]{1,128}\])?: (.*)$`)

func check3164(t testing.TB, line []byte, rec *encode.Record) {
	t.Helper()
	if r, bad := rawControl(line); bad {
		t.Fatalf("raw %U in %q", r, line)
	}
	m := line3164.FindSubmatch(line)
	if m == nil || len(line) > 8000 {
		t.Fatalf("not a message, or too long: %q", line)
	}
	if want := strconv.Itoa(8 + int(encode.SeverityOf(rec.Level))); string(m[1]) != want {
		t.Fatalf("priority %s, want %s", m[1], want)
	}
	if want := syslogText(rec.Message, ""); len(want) < 3500 && !strings.HasPrefix(string(m[3]), want) {
		t.Fatalf("message %q came back as %q", rec.Message, m[3])
	}
}

func FuzzRFC3164(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		rec := (&gen{data: data}).record()
		line, err := encode.RFC3164{}.AppendRecord(nil, rec)
		if err != nil {
			t.Fatal(err)
		}
		check3164(t, line, rec)
	})
}

// S1 and S4: no line feed, carriage return or zero byte, so a message is a line,
// and its words are logfmt's.
func TestS1_RFC3164(t *testing.T) {
	hostile(t, s1Half(), func(rec *encode.Record) {
		line, _ := encode.RFC3164{}.AppendRecord(nil, rec)
		check3164(t, line, rec)
		rec.Message = ""
		line, _ = encode.RFC3164{}.AppendRecord(nil, rec)
		if _, _, err := parseLogfmt(strings.TrimSpace(string(line3164.FindSubmatch(line)[3]))); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
	})
}
