package transporttest

import (
	"log/slog"
	"strings"
	"time"

	"github.com/slogship/slogship/encode"
)

// A hostile is a record that formats, parsers and limits stumble over.
type hostile struct {
	name  string
	build func(number int) encode.Record
}

func hostileRecords() []hostile {
	records := []hostile{
		// GELF requires a message, syslog allows none, and a line format may
		// write an empty line for it, which its reader skips.
		{"no message", func(n int) encode.Record { return with(n, func(r *encode.Record) { r.Message = "" }) }},
		// Nested objects, structured data and field lists that are empty have a
		// form of their own in many formats ("-" in RFC 5424).
		{"no attributes", func(n int) encode.Record { return with(n, func(r *encode.Record) { r.Attrs = nil }) }},
		// A zero time is not 1970, and level 0 is INFO.
		{"nothing but a message", func(n int) encode.Record {
			return encode.Record{Message: mark(n), Resource: &encode.Resource{}}
		}},
		// An empty name is no name in logfmt, RFC 5424 and most stores.
		{"an empty key", func(n int) encode.Record {
			return with(n, func(r *encode.Record) { r.Attrs = spare(slog.String("", "value")) })
		}},
		// JSON parsers disagree about which one counts; some refuse both.
		{"the same key twice", func(n int) encode.Record {
			return with(n, func(r *encode.Record) { r.Attrs = spare(slog.Int("k", 1), slog.Int("k", 2)) })
		}},
		// What a service logs of its input must not pass for the record's own
		// time, level or message (S6).
		{"keys of the format's own", func(n int) encode.Record {
			return with(n, func(r *encode.Record) {
				r.Attrs = spare(slog.String("time", "never"), slog.String("level", "!"), slog.String("msg", "forged"),
					slog.String("message", "forged"), slog.String("source", "!"), slog.String("@timestamp", "!"))
			})
		}},
		// As many and as deep as slogship keeps them (S9): stores with less
		// room refuse the record, which is Permanent, and not the batch.
		{"1,024 attributes", manyAttrs},
		{"64 levels of groups", deepGroups},
		// Larger than a datagram, and than many a server's line buffer.
		{"a message of 256 KiB", func(n int) encode.Record {
			return with(n, func(r *encode.Record) { r.Message = mark(n) + strings.Repeat(" wide", 256<<10/5) })
		}},
		{"an attribute of 256 KiB", func(n int) encode.Record {
			return with(n, func(r *encode.Record) { r.Attrs = spare(slog.Any("b", make([]byte, 256<<10))) })
		}},
		// RFC 3339 ends with the year 9999, and nanoseconds in an int64 with
		// 2262.
		{"the year 0 and the year 10,000", func(n int) encode.Record {
			return with(n, func(r *encode.Record) {
				r.Time, r.Observed = time.Time{}, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
				r.Attrs = spare(slog.Time("year 0", time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)), slog.Duration("d", -1<<63))
			})
		}},
		// Severities are a handful of names; a level is any number.
		{"levels far out", func(n int) encode.Record { return with(n, func(r *encode.Record) { r.Level = -1 << 31 }) }},
	}
	for _, h := range hostileTexts() {
		records = append(records,
			hostile{"message with " + h.name, func(n int) encode.Record {
				return with(n, func(r *encode.Record) { r.Message = mark(n) + h.text + "end" })
			}},
			hostile{"keys and values with " + h.name, func(n int) encode.Record { return textEverywhere(n, h.text) }})
	}
	return records
}

// A hostileText is sent twice: within a message, and in the place of every other
// text of a record.
type hostileText struct{ name, text string }

// hostileTexts are the texts of S1 and S5: what ends a line, a field or a
// frame, what a terminal obeys, and what is no text at all.
func hostileTexts() []hostileText {
	return []hostileText{
		{"CR LF", "a\r\nb\rc\n\n"},
		{"NUL", "a\x00b"},
		{"ESC", "a\x1b[2J\x1b]0;title\x07b"},
		{"C1", "a\u0085b\u009bc"},
		{"line separators", "a\u2028b\u2029c"},
		{"bidi controls", "a\u202eb\u2066c\u200f"},
		{"quotes", `a"b'c\d]e=f}g`},
		{"invalid UTF-8", "a\xff\xfe\xc3(\xed\xa0\x80\xf4\x90\x80\x80b\xe2\x82"},
		{"a byte order mark", "\ufeffa"},
		{"frames", "\n123 <34>1 2026-01-01T00:00:00Z h a - - - forged\n{\"msg\":\"forged\"}\n"},
		{"markup", "<script>&amp;</script>%s%n${jndi:x}{{.}}"},
	}
}

// with returns the ordinary record n, changed.
func with(n int, change func(r *encode.Record)) encode.Record {
	r := record(n)
	change(&r)
	return r
}

// manyAttrs returns a record with keys of 64 lengths, each used 16 times.
func manyAttrs(n int) encode.Record {
	return with(n, func(r *encode.Record) {
		attrs := make([]slog.Attr, 1024)
		for i := range attrs {
			attrs[i] = slog.Int("k"+strings.Repeat("x", i%64), i)
		}
		r.Attrs = spare(attrs...)
	})
}

// deepGroups returns a record with groups and lists within each other: formats
// without nesting make one name of 64, and recursive encoders go that deep.
func deepGroups(n int) encode.Record {
	return with(n, func(r *encode.Record) {
		a := slog.Int("leaf", 1)
		list := slog.IntValue(1)
		for range 64 {
			a = slog.Attr{Key: "g", Value: slog.GroupValue(a)}
			list = slog.AnyValue([]slog.Value{list})
		}
		r.Attrs = spare(a, slog.Attr{Key: "list", Value: list})
	})
}

// textEverywhere returns a record with the text in every place that is not the
// message: keys, group names, values of each kind that holds text, and what the
// service says of itself. It has no mark, so its place in the order tells it.
func textEverywhere(n int, text string) encode.Record {
	return with(n, func(r *encode.Record) {
		r.Attrs = spare(
			slog.String("key "+text, text),
			slog.Group("group "+text, slog.Any("bytes", []byte(text))),
			slog.Any("error", &encode.Error{Type: text, Message: text}),
			slog.Any("list", []slog.Value{slog.StringValue(text)}),
		)
		r.Scope = text
		r.Source = slog.Source{Function: text, File: text, Line: -1}
		r.Resource.Service, r.Resource.Host, r.Resource.Version = text, text, text
		r.Resource.Attrs = spare(slog.String(text, text))
	})
}
