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
		{"no message", func(n int) encode.Record { return with(n, func(r *encode.Record) { r.Message = "" }) }},
		{"no attributes", func(n int) encode.Record { return with(n, func(r *encode.Record) { r.Attrs = nil }) }},
		{"nothing but a message", func(n int) encode.Record {
			return encode.Record{Message: mark(n), Resource: &encode.Resource{}}
		}},
		{"an empty key", func(n int) encode.Record {
			return with(n, func(r *encode.Record) { r.Attrs = spare(slog.String("", "value")) })
		}},
		{"the same key twice", func(n int) encode.Record {
			return with(n, func(r *encode.Record) { r.Attrs = spare(slog.Int("k", 1), slog.Int("k", 2)) })
		}},
		{"keys of the format's own", func(n int) encode.Record {
			return with(n, func(r *encode.Record) {
				r.Attrs = spare(slog.String("time", "never"), slog.String("level", "!"), slog.String("msg", "forged"),
					slog.String("message", "forged"), slog.String("source", "!"), slog.String("@timestamp", "!"))
			})
		}},
		{"1,024 attributes", manyAttrs},
		{"64 levels of groups", deepGroups},
		{"a message of 256 KiB", func(n int) encode.Record {
			return with(n, func(r *encode.Record) { r.Message = mark(n) + strings.Repeat(" wide", 256<<10/5) })
		}},
		{"an attribute of 256 KiB", func(n int) encode.Record {
			return with(n, func(r *encode.Record) { r.Attrs = spare(slog.Any("b", make([]byte, 256<<10))) })
		}},
		{"the year 0 and the year 10,000", func(n int) encode.Record {
			return with(n, func(r *encode.Record) {
				r.Time, r.Observed = time.Time{}, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
				r.Attrs = spare(slog.Time("year 0", time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)), slog.Duration("d", -1<<63))
			})
		}},
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

func manyAttrs(n int) encode.Record {
	return with(n, func(r *encode.Record) {
		attrs := make([]slog.Attr, 1024)
		for i := range attrs {
			attrs[i] = slog.Int("k"+strings.Repeat("x", i%64), i)
		}
		r.Attrs = spare(attrs...)
	})
}

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
