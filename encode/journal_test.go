package encode_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
)

var errJournal = errors.New("journald would refuse the entry, or drop a part of it")

var journalName = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,63}$`)

// parseJournal reads an entry by https://systemd.io/JOURNAL_NATIVE_PROTOCOL/, and
// says what journald drops without a word: names that are not allowed.
func parseJournal(b []byte) (names []string, fields map[string]string, err error) {
	fields = make(map[string]string)
	for len(b) > 0 {
		end := bytes.IndexAny(b, "=\n")
		if end < 0 {
			return nil, nil, fmt.Errorf("%w: ends in %q", errJournal, b)
		}
		name, binaryForm := string(b[:end]), b[end] == '\n'
		b = b[end+1:]
		size := bytes.IndexByte(b, '\n')
		if binaryForm {
			if len(b) < 8 {
				return nil, nil, fmt.Errorf("%w: no length for %s", errJournal, name)
			}
			size = int(binary.LittleEndian.Uint64(b))
			b = b[8:]
		}
		if size < 0 || size >= len(b) || b[size] != '\n' {
			return nil, nil, fmt.Errorf("%w: the value of %s does not end", errJournal, name)
		}
		if _, twice := fields[name]; twice || !journalName.MatchString(name) {
			return nil, nil, fmt.Errorf("%w: the name %q, twice: %v", errJournal, name, twice)
		}
		names = append(names, name)
		fields[name], b = string(b[:size]), b[size+1:]
	}
	if len(names) > 1000 {
		return nil, nil, fmt.Errorf("%w: %d fields", errJournal, len(names))
	}
	return names, fields, nil
}

func TestJournal(t *testing.T) {
	full := fullRecord()
	full.Message = "a\nb\tc\x1b"
	full.Attrs = append(full.Attrs,
		slog.String("a.b", "1"), slog.String("a_b", "2"), slog.Group("a", slog.String("b", "3")), slog.String("Message", "forged"), slog.String("_pid", "forged"),
		slog.String("9", "x"), slog.String("syslog_facility", "forged"), slog.String("unit", "forged"), slog.Any("raw", []byte("\x00\xff\n")), slog.String("x__2", "4"), slog.Any("nil", nil),
		slog.String("é", "5"), slog.String(strings.Repeat("n", 70), "6"), slog.String(strings.Repeat("n", 71), "7"), slog.String("mid", "0C1AE1DE-1b1c-4f00-8000-00000000000f"))
	entry, err := encode.Journal{Facility: encode.FacilityCron, MessageIDFrom: "mid"}.AppendRecord(nil, &full)
	if err != nil {
		t.Fatal(err)
	}
	names, fields, err := parseJournal(entry)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"MESSAGE": "a\nb\tc\\u001b", "PRIORITY": "4", "SLOG_LEVEL": "4", "SYSLOG_FACILITY": "9", "SYSLOG_IDENTIFIER": "s", "SYSLOG_PID": "7",
		"LOG_ID": full.ID.String(), "LOG_TIME": "2026-11-23T09:49:44.005000000Z", "TRACE_ID": "01000000000000000000000000000000", "SPAN_ID": "0200000000000000", "TRACE_FLAGS": "01",
		"LOGGER": "db", "CODE_FILE": "/src/a.go", "CODE_LINE": "3", "CODE_FUNC": "main.f", "STACK": "main.f\n\t/src/a.go:3", "MESSAGE_ID": "0c1ae1de1b1c4f00800000000000000f",
		"RESOURCE_SERVICE_VERSION": "v", "RESOURCE_DEPLOYMENT_ENVIRONMENT_NAME": "e", "RESOURCE_SERVICE_INSTANCE_ID": "i", "RESOURCE_HOST_NAME": "h",
		"RESOURCE_K8S_POD": "1", "RESOURCE_SERVICE_NAME__2": "x",
		"G_N": "1", "G_ERR": "no file\nmain.f\n\t/src/a.go:1", "OTHER": "second", "A_B": "1", "A_B__2": "2", "A_B__3": "3", "MESSAGE__2": "forged", "X_PID": "forged",
		"X9": "x", "SYSLOG_FACILITY__2": "forged", "UNIT__2": "forged", "RAW": "\x00\xff\n", "X__2__1": "4", "NIL": "null", "X_": "5",
		strings.Repeat("N", 64): "6", strings.Repeat("N", 58) + "__1": "7", "MID": "0C1AE1DE-1b1c-4f00-8000-00000000000f",
	}
	for name, value := range want {
		if fields[name] != value {
			t.Errorf("%s is %q, want %q", name, fields[name], value)
		}
	}
	if len(fields) != len(want) {
		t.Errorf("fields %q", names)
	}
}

// What is no 128-bit id is no MESSAGE_ID: journald would show a catalogue's text
// for it, or nothing.
func TestJournalMessageID(t *testing.T) {
	enc := encode.Journal{MessageIDFrom: "id"}
	for value, want := range map[string]string{
		strings.Repeat("a", 32): strings.Repeat("a", 32), strings.Repeat("a", 31): "", strings.Repeat("a", 33): "", strings.Repeat("g", 32): "", "": "",
		strings.Repeat("a", 31) + "\n": "", strings.Repeat("-", 32): "", strings.Repeat("\x11", 32): "", strings.Repeat("a", 32) + "\r": "",
	} {
		rec := encode.Record{Attrs: []slog.Attr{slog.String("id", value)}}
		entry, _ := enc.AppendRecord(nil, &rec)
		if _, fields, err := parseJournal(entry); err != nil || fields["MESSAGE_ID"] != want {
			t.Errorf("%q: %q, %v", value, fields["MESSAGE_ID"], err)
		}
	}
}

func checkJournal(t testing.TB, entry []byte, rec *encode.Record) {
	t.Helper()
	names, fields, err := parseJournal(entry)
	if err != nil {
		t.Fatalf("%v: %q", err, entry)
	}
	if want := syslogText(rec.Message, "\n\t"); fields["MESSAGE"] != want {
		t.Fatalf("message %q came back as %q, want %q", rec.Message, fields["MESSAGE"], want)
	}
	if fields["PRIORITY"] != fmt.Sprint(uint8(encode.SeverityOf(rec.Level))) || !rec.ID.IsZero() && fields["LOG_ID"] != rec.ID.String() {
		t.Fatalf("PRIORITY %q, LOG_ID %q", fields["PRIORITY"], fields["LOG_ID"])
	}
	if len(names) < leaves(rec.Attrs) {
		t.Fatalf("%d fields for %d attributes", len(names), leaves(rec.Attrs))
	}
}

func FuzzJournal(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		rec := (&gen{data: data}).record()
		entry, err := encode.Journal{}.AppendRecord(nil, rec)
		if err != nil {
			t.Fatal(err)
		}
		checkJournal(t, entry, rec)
	})
}

// S1: an entry is one entry, with one field of each name.
func TestS1_Journal(t *testing.T) {
	hostile(t, s1Half(), func(rec *encode.Record) {
		entry, _ := encode.Journal{}.AppendRecord(nil, rec)
		checkJournal(t, entry, rec)
	})
}

// An attribute cannot get the name that a second attribute of the resource has.
// (Found by TestS1_Journal with seed 7774936656903469133.)
func TestJournalResourceTwice(t *testing.T) {
	rec := &encode.Record{
		Resource: &encode.Resource{Attrs: []slog.Attr{slog.Int("_", 1), slog.Int("-", 2)}},
		Attrs:    []slog.Attr{slog.Int("resource__", 3), slog.Int("RESOURCE__", 4)},
	}
	entry, _ := encode.Journal{}.AppendRecord(nil, rec)
	checkJournal(t, entry, rec)
}

// S9: 900 attributes at most, as journald refuses entries of more than 1,024
// fields, and about MaxBytes.
func TestS9_Journal(t *testing.T) {
	var rec encode.Record
	for i := range 1000 {
		rec.Attrs = append(rec.Attrs, slog.Int(fmt.Sprint("k", i), i))
	}
	entry, _ := encode.Journal{}.AppendRecord(nil, &rec)
	if names, fields, err := parseJournal(entry); err != nil || fields["X_TRUNCATED"] != "100" || len(names) != 900+5 {
		t.Errorf("%d fields, %q left out, %v", len(names), fields["X_TRUNCATED"], err)
	}
	rec.Message = strings.Repeat("\n\x00", 1<<20)
	rec.Attrs[0] = slog.String("k", rec.Message)
	entry, _ = encode.Journal{MaxBytes: 10_000}.AppendRecord(nil, &rec)
	_, fields, err := parseJournal(entry)
	if err != nil || len(entry) > 12_000 || !strings.Contains(fields["MESSAGE"], "!TRUNCATED") || fields["X_TRUNCATED"] != "999" {
		t.Errorf("%d bytes, %q left out, %v", len(entry), fields["X_TRUNCATED"], err)
	}
}

// S9: a resource of many attributes, which every record has, may not make each
// entry one that journald refuses.
func TestS9_JournalResource(t *testing.T) {
	rec := encode.Record{Resource: &encode.Resource{Service: "s", Host: "h"}}
	for i := range 600 {
		rec.Attrs = append(rec.Attrs, slog.Int(fmt.Sprint("k", i), i))
	}
	rec.Resource.Attrs = rec.Attrs
	entry, _ := encode.Journal{}.AppendRecord(nil, &rec)
	if names, fields, err := parseJournal(entry); err != nil || fields["X_TRUNCATED"] != "300" || fields["RESOURCE_K599"] != "599" {
		t.Errorf("%d fields, %q left out, %v", len(names), fields["X_TRUNCATED"], err)
	}
}
