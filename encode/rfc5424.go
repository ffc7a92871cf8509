package encode

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrSyslog is wrapped by what [RFC5424.Validate] and [RFC3164.Validate] return.
var ErrSyslog = errors.New("not a valid value for syslog")

// RFC5424 writes a record as a syslog message of RFC 5424. The zero RFC5424 is
// ready. It is comparable, safe for concurrent use, and does not allocate beyond
// growing dst.
//
//	<14>1 2026-11-23T09:49:44.123456Z a1 shop 7 - [timeQuality tzKnown="1"][slogship@32473 log_id="019ab0f2-…" order="42"] order paid
//
// The header fields are HOSTNAME, APP-NAME (the service), PROCID and MSGID, cut
// to 255, 48, 128 and 32 characters; a character that is not printable ASCII
// becomes "_", and an empty field "-". The severity follows from the level: see
// [SeverityOf]; a level that has no severity of its own is in slog_level as well.
// The time is in UTC with microseconds, which is all that the RFC allows.
//
// Structured data:
//
//   - An element with SDID has the record's ID, trace ids, logger, source and stack
//     under the names of [Logfmt], and its attributes. A group's attributes have
//     the group's name and a dot before their own. In a name, a character that is
//     not ASCII, a space, "=", "]" or a quote becomes "_", and what is beyond 32
//     characters is cut.
//   - A name that is in use already gets a number, as in [JSONLines], also if only
//     the cut made it so.
//   - Errors, lists and [JSON] are written as in [Logfmt].
//   - An element "resource" with the number of SDID has what the process is known
//     by beyond the header, and timeQuality what is known of the clock.
//
// In text and values a backslash stands before each quote, backslash and "]"
// where the RFC asks for it. Control characters, also DEL, C1, U+2028 and U+2029,
// and those that turn the direction of text are written as JSON's escapes, so
// that a message is one line, whatever reads or forwards it. Bytes that are not
// UTF-8 become U+FFFD.
//
// A message is never longer than MaxBytes: attributes that do not fit are left
// out and counted in a parameter "!TRUNCATED"; a text that does not fit is cut
// before a character and marked.
type RFC5424 struct {
	Facility Facility // default FacilityUser

	Host   string // HOSTNAME. Default: the Resource's host
	App    string // APP-NAME. Default: the Resource's service
	ProcID string // PROCID. Default: the Resource's process id

	// MsgIDFrom is the key of the attribute, outside of groups, whose text is
	// MSGID. Default "msgid"; [OmitField]: none. The attribute stays among the
	// others, since 32 characters may not hold it.
	MsgIDFrom string

	// SDID is the name of the element that has the attributes, "name@number",
	// at most 32 printable ASCII characters without "=", "]" or quotes, the name
	// not "resource". The
	// number is a Private Enterprise Number (https://www.iana.org/assignments/enterprise-numbers/):
	// set your organisation's. Default "slogship@32473", the number that RFC
	// 5612 sets aside for examples: it is nobody's, so it claims nothing in
	// anyone's name and can collide with none that is in use.
	SDID string

	// Message is what the text is. Default SyslogText.
	Message SyslogMessage

	// Clock is what timeQuality says. Default ClockUnstated.
	Clock SyslogClock

	// BOM puts a byte order mark before the text, as RFC 5424 §6.4 asks for
	// where text is UTF-8. Default: none. Receivers keep it as a part of the
	// text (rsyslog does), where it hides what the text begins with. SyslogCEE
	// has none in any case.
	BOM bool

	// Multiline keeps line feeds and tabs as they are in text and values, for
	// framings that do not end a message with one (octet counting, datagrams, RELP).
	// Default: they are written "\n" and "\t": what the receiver writes or
	// forwards may well be read by lines.
	Multiline bool

	Duration DurationFormat // default DurationText
	Bytes    BytesFormat    // default BytesBase64

	// MaxBytes bounds the message, header included. Default 8,000, as
	// rsyslog takes 8,096 as it comes; RFC 5424 §6.1 asks receivers for 2,048. At
	// least 1,024.
	MaxBytes int
}

var (
	_ Encoder   = RFC5424{}
	_ Validator = RFC5424{}
)

// SyslogClock is what is known of the clock that made a record's time (RFC 5424
// §7.1). The time zone is always known.
type SyslogClock uint8

const (
	ClockUnstated       SyslogClock = 0 // tzKnown alone
	ClockSynchronized   SyslogClock = 1 // isSynced="1": the host follows a reliable source, by NTP for instance
	ClockUnsynchronized SyslogClock = 2 // isSynced="0"
	ClockOmitted        SyslogClock = 3 // no timeQuality at all
)

// Lengths that RFC 5424 §6 allows.
const (
	maxHostname = 255
	maxAppName  = 48
	maxProcID   = 128
	maxMsgID    = 32
	maxSDName   = 32
)

const (
	defaultSDID  = "slogship@32473"
	defaultMsgID = "msgid"
)

// ContentType returns "text/plain; charset=utf-8".
func (r RFC5424) ContentType() string { return textPlain }

// Validate reports a field that has a value which is not allowed. The encoder
// then writes the default in its place.
func (r RFC5424) Validate() error {
	if err := validateSyslog(r.Facility, r.Message, r.MaxBytes); err != nil {
		return err
	}
	if r.Clock > ClockOmitted {
		return fmt.Errorf("encode: Clock %d: %w", r.Clock, ErrSyslog)
	}
	if r.SDID != "" && !isSDID(r.SDID) {
		return fmt.Errorf("encode: SDID %q: %w", r.SDID, ErrSyslog)
	}
	return nil
}

// isSDID reports whether s is an SD-ID that is not one of IANA's own, nor the
// resource's, as no message may have two elements of one name (RFC 5424 §6.3.2).
func isSDID(s string) bool {
	name, number, ok := strings.Cut(s, "@")
	if !ok || name == "" || name+"@" == resourceElement || number == "" || len(s) > maxSDName || len(resourceElement)+len(number) > maxSDName {
		return false
	}
	if strings.Trim(number, "0123456789.") != "" {
		return false
	}
	return !strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c >= 0x7F || c == '=' || c == ']' || c == '"' })
}

// AppendRecord appends rec as described at [RFC5424]. The error is always nil.
func (r RFC5424) AppendRecord(dst []byte, rec *Record) ([]byte, error) {
	if r.SDID == "" || !isSDID(r.SDID) {
		r.SDID = defaultSDID
	}
	limit := syslogLimit(dst, r.MaxBytes)
	w := sdWriter{lines: r.Multiline, flat: flatWriter{time: TimeRFC3339Nano, duration: r.Duration.or(DurationText), bytes: r.Bytes}}
	dst = r.header(dst, rec, &w)
	// The text gets what it may need, up to half of the room; what it then does
	// not need is lost for the attributes. Only messages of some thousand bytes
	// notice.
	w.limit = limit - min(6*len(rec.Message)+cutRoom+len(bom), (limit-len(dst))/2)
	w.cee = r.Message == SyslogCEE
	dst = w.elements(dst, rec, &r)
	return r.text(dst, rec, &w, limit), nil
}

// header appends all up to the space before the structured data.
func (r *RFC5424) header(dst []byte, rec *Record, w *sdWriter) []byte {
	dst = appendPriority(dst, r.Facility, rec)
	dst = append(dst, '1', ' ')
	dst = appendMicros(dst, rec.when())
	res := rec.Resource
	if res == nil {
		res = &Resource{}
	}
	dst, w.hostSaid = headerField(dst, r.Host, res.Host, maxHostname)
	dst, w.appSaid = headerField(dst, r.App, res.Service, maxAppName)
	if r.ProcID == "" && res.PID != 0 {
		dst, w.pidSaid = appendInt(append(dst, ' '), int64(res.PID)), true
	} else {
		dst, _ = headerField(dst, r.ProcID, "", maxProcID)
	}
	dst = r.msgID(append(dst, ' '), rec)
	return append(dst, ' ')
}

// headerField appends a space and set, or else known. said reports whether all
// of known is there.
func headerField(dst []byte, set, known string, most int) (_ []byte, said bool) {
	dst = append(dst, ' ')
	value := set
	if value == "" {
		value = known
	}
	if value == "" {
		return append(dst, '-'), true
	}
	dst, whole := appendGraph(dst, value, most)
	return dst, whole && value == known
}

// msgID appends the text of the attribute that has it.
func (r *RFC5424) msgID(dst []byte, rec *Record) []byte {
	key := r.MsgIDFrom
	if key == "" {
		key = defaultMsgID
	}
	if key == OmitField {
		return append(dst, '-')
	}
	for i := range rec.Attrs {
		if i == maxAttrs {
			break
		}
		if rec.Attrs[i].Key != key {
			continue
		}
		start := len(dst)
		if dst = appendScalar(dst, rec.Attrs[i].Value, maxMsgID); len(dst) > start {
			return dst
		}
	}
	return append(dst, '-')
}

// appendMicros appends t in UTC with six digits of fraction, "-" if it is not
// known or its year is not of four digits.
func appendMicros(dst []byte, t time.Time) []byte {
	const layout = len("2006-01-02T15:04:05.000000000Z")
	if y := t.UTC().Year(); t.IsZero() || y < 1 || y > 9999 {
		return append(dst, '-')
	}
	start := len(dst)
	dst = appendRFC3339(dst, t, 9)
	return append(dst[:start+layout-4], 'Z')
}

const bom = "\ufeff"

// text appends a space and the message's text, or nothing if there is none.
func (r *RFC5424) text(dst []byte, rec *Record, w *sdWriter, limit int) []byte {
	start := len(dst)
	if w.cee {
		j := JSONLines{Duration: r.Duration, Bytes: r.Bytes}
		if dst, ok := appendCEE(append(dst, ' '), &j, rec, limit); ok {
			return dst
		}
		dst = dst[:start]
	}
	if rec.Message == "" {
		return dst
	}
	dst = append(dst, ' ')
	if r.BOM {
		dst = append(dst, bom...)
	}
	return appendSyslogText(dst, rec.Message, limit, r.Multiline)
}
