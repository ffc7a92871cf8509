package encode

import (
	"fmt"
	"time"
	"unicode/utf8"
)

// SyslogMessage says what the text of a syslog message is.
type SyslogMessage uint8

const (
	// SyslogText is the record's message.
	SyslogText SyslogMessage = 0

	// SyslogCEE is "@cee: " and the whole record as [JSONLines] writes it: what
	// rsyslog's mmjsonparse and syslog-ng's json-parser look for. Attributes are
	// in there, and nowhere else.
	SyslogCEE SyslogMessage = 1
)

// Limits of the messages, in bytes, header included.
const (
	// defaultSyslogBytes is below what rsyslog takes unless told otherwise: 8,096
	// (8.2302, measured; the manual says 8k). Its TCP inputs make two or many
	// messages of a longer one, and those begin wherever the one before was
	// cut: with what somebody wrote into the record.
	defaultSyslogBytes = 8000

	// leastSyslogBytes has room for all header fields at their longest, the
	// record's ID and trace, and some text.
	leastSyslogBytes = 1 << 10

	// cutRoom is for the mark behind a text that was cut.
	cutRoom = 32
)

// syslogLimit returns the length that dst may grow to.
func syslogLimit(dst []byte, maxBytes int) int {
	switch {
	case maxBytes <= 0:
		maxBytes = defaultSyslogBytes
	case maxBytes < leastSyslogBytes:
		maxBytes = leastSyslogBytes
	}
	return len(dst) + maxBytes
}

// validateSyslog checks what both formats have.
func validateSyslog(f Facility, m SyslogMessage, maxBytes int) error {
	if err := f.validate(); err != nil {
		return err
	}
	if m > SyslogCEE {
		return fmt.Errorf("encode: syslog message %d: %w", m, ErrSyslog)
	}
	if maxBytes < 0 || maxBytes > 0 && maxBytes < leastSyslogBytes {
		return fmt.Errorf("encode: MaxBytes %d, want at least %d: %w", maxBytes, leastSyslogBytes, ErrSyslog)
	}
	return nil
}

// appendPriority appends "<PRI>".
func appendPriority(dst []byte, f Facility, rec *Record) []byte {
	dst = append(dst, '<')
	dst = appendInt(dst, f.number()*8+int64(SeverityOf(rec.Level)))
	return append(dst, '>')
}

// when is the time that a header gets: a record without one was at least taken
// at some time.
func (r *Record) when() time.Time {
	if r.Time.IsZero() {
		return r.Observed
	}
	return r.Time
}

// appendGraph appends s as a header field: of characters that are not printable
// ASCII each becomes "_", and what is beyond most is cut. It reports whether all
// of s is there as it was.
func appendGraph(dst []byte, s string, most int) (_ []byte, whole bool) {
	start, whole := len(dst), true
	for i := 0; i < len(s); {
		if len(dst)-start == most {
			return dst, false
		}
		c, size := s[i], 1
		if c <= ' ' || c >= 0x7F {
			if c >= utf8.RuneSelf {
				_, size = decodeRune(s, i)
			}
			c, whole = '_', false
		}
		dst = append(dst, c)
		i += size
	}
	return dst, whole
}

// appendSyslogText appends a message's text, cut before limit. With lines its
// line breaks stay.
func appendSyslogText(dst []byte, s string, limit int, lines bool) []byte {
	return appendLines(dst, s, limit-cutRoom, lines)
}

// appendCEE appends the cookie and the record as JSON, in at most what is left
// before limit. JSONLines bounds message and attributes only, so what comes out
// too long is made again with less: first less of those, then without what the
// service itself adds in any length. It reports false, and appends nothing, if
// there is no room even so.
func appendCEE(dst []byte, j *JSONLines, rec *Record, limit int) ([]byte, bool) {
	const cookie = "@cee: "
	start := len(dst)
	slim := *rec
	budget := limit - start - len(cookie)
	for try := range 4 {
		if try == 2 {
			slim.Stack, slim.Source, budget = nil, rec.Source, (limit-start)/4
		}
		if try == 3 {
			slim.Source.File, slim.Source.Function, slim.Scope, slim.Resource, budget = "", "", "", nil, 1
		}
		if budget <= 0 {
			continue
		}
		j.MaxBytes = budget
		dst, _ = j.AppendRecord(append(dst[:start], cookie...), &slim)
		over := len(dst) - limit
		if over <= 0 {
			return dst, true
		}
		budget -= over + cutRoom
	}
	return dst[:start], false
}
