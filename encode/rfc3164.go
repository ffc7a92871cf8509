package encode

import "time"

// RFC3164 writes a record in the old form of syslog messages, which RFC 3164
// describes and which has neither years, time zones nor structured data. The
// zero RFC3164 is ready. It is comparable, safe for concurrent use, and does not
// allocate beyond growing dst.
//
//	<14>Nov 23 10:49:44 a1 shop[7]: order paid log_id=019ab0f2-… order=42
//
// The tag is the service, cut to 32 characters; what is not a letter, a digit or
// one of ".", "_", "-" and "/" becomes "_". The ID, trace, logger, attributes and
// source follow the message as words of [Logfmt], whose rules hold for them. In
// the message nothing is quoted: who wants to parse attributes takes SyslogCEE.
//
// Control characters are escaped as in [RFC5424], line feeds among them, so that
// a message is one line. One that would be longer than MaxBytes loses
// attributes, or the end of its text, and says so.
type RFC3164 struct {
	Facility Facility // default FacilityUser

	Host   string // default: the Resource's host
	Tag    string // default: the Resource's service
	ProcID string // default: the Resource's process id

	// OmitHost leaves the host out, as programs do that write to the socket of
	// the machine they run on (/dev/log): what reads there takes the first word
	// for the tag.
	OmitHost bool

	// UTC writes times in UTC. Default: local time, as RFC 3164 §4.1.2 has it.
	// The reader has to know: the message does not say.
	UTC bool

	// Message is what the text is. Default SyslogText, with the attributes.
	Message SyslogMessage

	Duration DurationFormat // default DurationText
	Bytes    BytesFormat    // default BytesBase64

	// MaxBytes bounds the message, header included. Default 8,000; RFC 3164
	// §4.1 allows 1,024, which is also the least.
	MaxBytes int
}

var (
	_ Encoder   = RFC3164{}
	_ Validator = RFC3164{}
)

const maxTag = 32

// ContentType returns "text/plain; charset=utf-8".
func (r RFC3164) ContentType() string { return textPlain }

// Validate reports a field that has a value which is not allowed. The encoder
// then writes the default in its place.
func (r RFC3164) Validate() error { return validateSyslog(r.Facility, r.Message, r.MaxBytes) }

// AppendRecord appends rec as described at [RFC3164]. The error is always nil.
func (r RFC3164) AppendRecord(dst []byte, rec *Record) ([]byte, error) {
	limit := syslogLimit(dst, r.MaxBytes)
	dst = r.header(dst, rec)
	if r.Message == SyslogCEE {
		j := JSONLines{Duration: r.Duration, Bytes: r.Bytes}
		if dst, ok := appendCEE(append(dst, ' '), &j, rec, limit); ok {
			return dst, nil
		}
	}
	// Half of the room at least is for the words.
	text := limit
	if len(rec.Attrs) > 0 {
		text = max(len(dst)+(limit-len(dst))/2, limit-r.attrRoom(rec))
	}
	text -= 256 // the ids are at most 150
	dst = appendSyslogText(append(dst, ' '), rec.Message, text, false)
	return r.words(dst, rec, limit), nil
}

// attrRoom is more than a record's few short attributes need, so that a long
// message need not be cut in half for them.
func (r *RFC3164) attrRoom(rec *Record) int { return 128 * len(rec.Attrs) }

func (r *RFC3164) header(dst []byte, rec *Record) []byte {
	res := rec.Resource
	if res == nil {
		res = &Resource{}
	}
	dst = appendPriority(dst, r.Facility, rec)
	at := rec.when()
	if r.UTC {
		at = at.UTC()
	} else {
		at = at.Local()
	}
	dst = at.AppendFormat(dst, time.Stamp)
	if !r.OmitHost {
		dst = appendTagWord(append(dst, ' '), r.Host, res.Host, maxHostname, ':')
	}
	dst = appendTagWord(append(dst, ' '), r.Tag, res.Service, maxTag, '/')
	switch {
	case r.ProcID != "":
		dst = append(appendTagWord(append(dst, '['), r.ProcID, "", maxProcID, '/'), ']')
	case res.PID != 0:
		dst = append(appendInt(append(dst, '['), int64(res.PID)), ']')
	}
	return append(dst, ':')
}

// appendTagWord appends set, or else known, or "-", with "_" for each character
// that receivers would take for the word's end. extra is allowed besides: the
// colon is in IPv6 addresses.
func appendTagWord(dst []byte, set, known string, most int, extra byte) []byte {
	if set == "" {
		set = known
	}
	if set == "" {
		return append(dst, '-')
	}
	start := len(dst)
	dst, _ = appendGraph(dst, set, most)
	for i := start; i < len(dst); i++ {
		if c := dst[i]; !isWordByte(c) && c != '.' && c != extra {
			dst[i] = '_'
		}
	}
	return dst
}

// words appends all but the message. If the attributes turn out too long even
// with less room, which takes names of thousands of bytes, they are left out.
func (r *RFC3164) words(dst []byte, rec *Record, limit int) []byte {
	w := logfmtWriter{names: &defaultNames, flat: flatWriter{
		time: TimeRFC3339Nano, duration: r.Duration.or(DurationText), bytes: r.Bytes,
	}}
	dst = w.trace(dst, rec)
	start := len(dst)
	room := limit - start - cutRoom
	var taken flatNames // out of the loop, where it would be on the heap
	for range 3 {
		if room <= 0 {
			break
		}
		taken = flatNames{seen: defaultTaken, reserved: &defaultNames, start: start, before: -1}
		w.flat.limit, w.flat.taken = start+room, &taken
		dst = w.flat.attrs(dst, nil, rec.Attrs, 1)
		if len(dst) <= limit {
			return r.origin(dst, rec, &w, limit)
		}
		room -= len(dst) - limit + cutRoom
		dst = dst[:start]
	}
	if len(rec.Attrs) > 0 {
		dst = append(dst, ` `+truncated+`=`...)
		dst = appendInt(dst, int64(len(rec.Attrs)))
	}
	return dst
}

// origin appends logger, source and stack, if there is room for them all.
func (r *RFC3164) origin(dst []byte, rec *Record, w *logfmtWriter, limit int) []byte {
	end := len(dst)
	w.flat.taken, w.flat.limit = nil, limit
	if dst = w.origin(dst, rec); len(dst) > limit {
		return dst[:end]
	}
	return dst
}
