package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	gosyslog "github.com/leodido/go-syslog/v4"
	"github.com/leodido/go-syslog/v4/nontransparent"
	"github.com/leodido/go-syslog/v4/octetcounting"
	"github.com/leodido/go-syslog/v4/rfc3164"
	"github.com/leodido/go-syslog/v4/rfc5424"

	"github.com/slogship/slogship/encode"
)

// corpus makes n records of which each text tries to be something else (S1, S3):
// what the scene "forging" sends to rsyslog as well.
func corpus(t *testing.T, n int, take func(i int, rec *encode.Record)) {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	for i := range n {
		rec := encode.Record{
			Time: time.Unix(int64(rnd.IntN(2_000_000_000)), int64(rnd.IntN(1e9))), Level: slog.Level(rnd.IntN(40) - 15), Message: forgedText(rnd), Scope: forgedText(rnd),
			Attrs: []slog.Attr{
				slog.String(forgedText(rnd), forgedText(rnd)), slog.String("msgid", forgedText(rnd)), slog.Any("raw", []byte(forgedText(rnd))),
				slog.Group(forgedText(rnd), slog.Int(forgedText(rnd), i), slog.String(forgedText(rnd), forgedText(rnd))),
				slog.Any("err", &encode.Error{Message: forgedText(rnd), Frames: []encode.Frame{{Function: forgedText(rnd), File: forgedText(rnd)}}}),
			},
			Resource: &encode.Resource{Service: forgedText(rnd), Host: forgedText(rnd), Version: forgedText(rnd), PID: rnd.IntN(3)},
		}
		rec.ID[0], rec.ID[13], rec.ID[14], rec.ID[15] = 1, byte(i>>16), byte(i>>8), byte(i)
		take(i, &rec)
	}
}

func corpusSize() int {
	if os.Getenv("SLOGSHIP_NIGHTLY") == "1" {
		return 100_000
	}
	return 10_000
}

// syslogForms are the options that change what a message looks like.
func syslogForms() []encode.RFC5424 {
	return []encode.RFC5424{
		{},
		{Multiline: true, BOM: true, Bytes: encode.BytesText, Clock: encode.ClockSynchronized, MaxBytes: 64 << 10},
		{Message: encode.SyslogCEE, Clock: encode.ClockOmitted, SDID: "app@32473.1", MaxBytes: 2048},
		{MaxBytes: 1024, Clock: encode.ClockUnsynchronized, MsgIDFrom: encode.OmitField},
	}
}

// TestS3_LeodidoAccepts is S3: another parser accepts each message, strictly, and
// reads in it what was written.
func TestS3_LeodidoAccepts(t *testing.T) {
	parser := rfc5424.NewParser()
	corpus(t, corpusSize(), func(i int, rec *encode.Record) {
		enc := syslogForms()[i%4]
		line, err := enc.AppendRecord(nil, rec)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := parser.Parse(line)
		if err != nil {
			t.Fatalf("%v: %q", err, line)
		}
		m := parsed.(*rfc5424.SyslogMessage)
		if err := agrees(m, enc, rec); err != nil {
			t.Fatalf("%v: %q", err, line)
		}
	})
	t.Logf("S3: %d of %d messages accepted", corpusSize(), corpusSize())
}

func agrees(m *rfc5424.SyslogMessage, enc encode.RFC5424, rec *encode.Record) error {
	if want := uint8(encode.SeverityOf(rec.Level)); *m.Severity != want || *m.Facility != 1 || m.Version != 1 {
		return fmt.Errorf("severity %d, facility %d, want %d and 1", *m.Severity, *m.Facility, want)
	}
	if want := rec.Time.Truncate(time.Microsecond); m.Timestamp == nil || !m.Timestamp.Equal(want) {
		return fmt.Errorf("time %v, want %v", m.Timestamp, want)
	}
	if want := strconv.Itoa(rec.Resource.PID); rec.Resource.PID != 0 && (m.ProcID == nil || *m.ProcID != want) {
		return fmt.Errorf("procid %v, want %s", m.ProcID, want)
	}
	id := enc.SDID
	if id == "" {
		id = "slogship@32473"
	}
	if m.StructuredData == nil {
		return fmt.Errorf("no structured data")
	}
	if got := (*m.StructuredData)[id]["log_id"]; got != rec.ID.String() {
		return fmt.Errorf("log_id %q, want %v", got, rec.ID)
	}
	return nil
}

// TestS4_LeodidoCounts is S4: a stream of them, in both framings, has as many
// messages as were written, and they come in order.
func TestS4_LeodidoCounts(t *testing.T) {
	for name, framing := range map[string]struct {
		frame  func(dst, message []byte) []byte
		parser func(take func(*gosyslog.Result)) gosyslog.Parser
	}{
		"octet counting": {
			func(dst, message []byte) []byte { return append(fmt.Appendf(dst, "%d ", len(message)), message...) },
			func(take func(*gosyslog.Result)) gosyslog.Parser {
				return octetcounting.NewParser(gosyslog.WithListener(take))
			},
		},
		"newline": {
			func(dst, message []byte) []byte { return append(append(dst, message...), '\n') },
			func(take func(*gosyslog.Result)) gosyslog.Parser {
				return nontransparent.NewParser(gosyslog.WithListener(take))
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var stream []byte
			sent := corpusSize() / 4
			corpus(t, sent, func(i int, rec *encode.Record) {
				message, _ := encode.RFC5424{}.AppendRecord(nil, rec)
				stream = framing.frame(stream, message)
			})
			seen := 0
			framing.parser(func(r *gosyslog.Result) {
				if r.Error != nil {
					t.Errorf("message %d: %v", seen, r.Error)
					return
				}
				var id encode.ID
				id[0], id[13], id[14], id[15] = 1, byte(seen>>16), byte(seen>>8), byte(seen)
				m := r.Message.(*rfc5424.SyslogMessage)
				if m.StructuredData == nil || (*m.StructuredData)["slogship@32473"]["log_id"] != id.String() {
					t.Errorf("message %d is forged", seen)
				}
				seen++
			}).Parse(bytes.NewReader(stream))
			if seen != sent {
				t.Errorf("%d messages seen, %d sent", seen, sent)
			}
			t.Logf("S4: %d messages sent, %d seen, extra frames %d", sent, seen, seen-sent)
		})
	}
}

// TestLeodidoAcceptsOld is the same for RFC 3164.
func TestLeodidoAcceptsOld(t *testing.T) {
	parser := rfc3164.NewParser()
	corpus(t, corpusSize()/2, func(i int, rec *encode.Record) {
		rec.Resource.Host = "a1.example" // this parser takes names by RFC 952 alone
		line, _ := encode.RFC3164{}.AppendRecord(nil, rec)
		parsed, err := parser.Parse(line)
		if err != nil {
			t.Fatalf("%v: %q", err, line)
		}
		m := parsed.(*rfc3164.SyslogMessage)
		if want := uint8(encode.SeverityOf(rec.Level)); *m.Severity != want || m.Hostname == nil || *m.Hostname != "a1.example" {
			t.Fatalf("severity %d, host %v: %q", *m.Severity, m.Hostname, line)
		}
	})
}
