package encode

import (
	"strings"
	"time"
)

// GELF writes a record in version 1.1 of the Graylog Extended Log Format
// (https://go2docs.graylog.org/current/getting_in_log_data/gelf_format.html) as
// one JSON object on one line. The zero GELF is ready. It is comparable, safe for
// concurrent use, and does not allocate beyond growing dst.
//
//	{"version":"1.1","host":"a1","short_message":"order paid","timestamp":1795427384.123456,"level":6,"_slog_level":0,
//	 "_log_id":"019ab0f2-…","_resource_service_name":"shop","_order":42}
//
// Over TCP, Graylog wants tcp.Null as framing; over UDP, what is longer than a
// datagram has to be chunked by transport/udp; over HTTP, one a request.
//
//   - short_message is the message's first line that is not blank, full_message the
//     whole of it, if it has more, and the record's Stack. Graylog refuses a blank message or
//     host, so "-" stands for that message and "unknown" for that host.
//   - level is the syslog severity: see [SeverityOf]. _slog_level is the level as
//     it was. timestamp has six decimals.
//   - All else are additional fields, whose names GELF begins with "_". Their
//     values are strings or numbers, as GELF demands: a bool, a time, and a number
//     that Java's long or double cannot hold are strings; an error is its
//     message, with its stack if it carried one; lists and [JSON] are JSON text.
//   - A group's attributes have the group's name and "_" before their own. In a
//     name, each character but ASCII letters, digits, "_" and "-" becomes "_". GELF
//     allows a dot, but Graylog makes it "_" later, and "a.b" and "a_b" one.
//   - The resource's fields are named as in [Logfmt], and so begin with
//     "_resource_".
//
// An attribute with a name that is in use gets a number, as in [JSONLines], but
// behind "--", as GELF has no "#": "level" becomes "_level--2". In use are, beside
// the fields above, all names that Graylog throws away, or takes for a field of
// its own, once it has cut off the "_": id, host, source, message, version,
// timestamp, full_message, facility, streams and what begins with gl2_.
//
// The limits are those of [JSONLines], where the groups' attributes count
// together.
//
// GELF over TCP has no acknowledgement: see package tcp. Measured with the codec
// of Graylog 6.3.7 behind a socket, killed with SIGKILL and restarted 8 times under
// load, 20,000 records of 8 producers, about 40 MB: 0 lost with the default window
// and 2,700 repeats a kill; 0 and 11 lost, in two runs, with one of 64 KiB; with
// none, over 12 kills each, 17,583 and 17,658 lost. Graylog trims spaces off the
// ends of every field.
type GELF struct {
	// Host is the host field. Default: the Resource's.
	Host string

	// Strings writes the numbers among the attributes as strings. Graylog's
	// index refuses a message in which a field has another type than it had
	// first, long after it was accepted, and Graylog drops it.
	Strings bool

	Duration DurationFormat // default DurationNanos
	Bytes    BytesFormat    // default BytesBase64

	// MaxBytes bounds what message and attributes take. Default 1 MiB. Over UDP
	// 128 chunks have to hold the whole record, which are 1,047,040 bytes unless
	// udp.Destination.MaxDatagram says otherwise: set 900,000 there, and no record is
	// refused for its length.
	MaxBytes int
}

var _ Encoder = GELF{}

// ContentType returns "application/json".
func (g GELF) ContentType() string { return "application/json" }

// gelfNames are the names that attributes may not have, without their "_". What
// GelfCodec of Graylog skips or takes for one of its own fields comes first.
// Never written to.
var (
	gelfNames = reserved{
		"id", "version", "host", "short_message", "message", "full_message", "timestamp", "level", "facility", "line", "file", "source", "streams",
		"_id", "_all", "_index", "_score", "_source", "_ttl", "_type",
		"slog_level", KeyScope, "function", KeyStack, KeyTraceID, KeySpanID, KeyTraceFlags, KeyID, KeyResource,
		gelfCut,
	}
	gelfTaken = gelfNames.taken()

	// gelfResourceNames are reserved among the resource's own attributes.
	gelfResourceNames = reserved{
		"resource_service_name", "resource_service_version", "resource_deployment_environment_name",
		"resource_service_instance_id", "resource_host_name", "resource_process_pid", "resource_" + gelfCut,
	}
	gelfResourceTaken = gelfResourceNames.taken()
)

// gelfCut is what becomes of the mark.
const gelfCut = "_TRUNCATED"

// AppendRecord appends rec as described at [GELF]. The error is always nil.
func (g GELF) AppendRecord(dst []byte, rec *Record) ([]byte, error) {
	start := len(dst)
	w := gelfWriter{jsonWriter: jsonWriter{limit: limitFor(dst, g.MaxBytes)}}
	dst = append(dst, `{"version":"1.1","host":`...)
	dst = appendQuoted(dst, g.host(rec.Resource), w.tail(dst))
	dst = w.message(dst, rec)
	dst = w.time(dst, rec)
	dst = append(dst, `,"level":`...)
	dst = appendInt(dst, int64(SeverityOf(rec.Level)))
	dst = append(dst, `,"_slog_level":`...)
	dst = appendInt(dst, int64(rec.Level))
	dst = w.origin(dst, rec)
	dst = w.trace(dst, rec)
	dst = w.resource(dst, rec.Resource)
	f := flatJSON{
		flat:    flatWriter{time: TimeRFC3339Nano, duration: g.Duration.or(DurationNanos), bytes: g.Bytes, limit: w.tail(dst)},
		prefix:  "_",
		mark:    "--",
		strings: g.Strings,
		ascii:   true,
		own:     gelfResourceNames,
		seen:    gelfResourceTaken,
		start:   len(dst),
	}
	if rec.Resource != nil && len(rec.Resource.Attrs) > 0 {
		dst = f.record(dst, &path{name: KeyResource}, rec.Resource.Attrs)
	}
	// The resource's names stay in the filter: what they take is taken.
	for i := range f.seen {
		f.seen[i] |= gelfTaken[i]
	}
	f.own, f.sets = gelfNames, true
	f.flat.limit = w.limit + len(dst) - start - w.used
	dst = f.record(dst, nil, rec.Attrs)
	return append(dst, '}'), nil
}

func (g GELF) host(r *Resource) string {
	host := g.Host
	if host == "" && r != nil {
		host = r.Host
	}
	if allBlank(host) {
		return "unknown"
	}
	return host
}

// gelfWriter is one AppendRecord call's state.
type gelfWriter struct {
	jsonWriter
	used int // what the message takes of the limit
}

// message appends short_message and, if there is more to say, full_message.
func (w *gelfWriter) message(dst []byte, rec *Record) []byte {
	start := len(dst)
	short, rest := firstLine(rec.Message)
	dst = append(dst, `,"short_message":`...)
	if short == "" {
		dst = append(dst, `"-"`...)
	} else {
		dst = appendQuoted(dst, short, len(dst)+(w.limit-len(dst))/4)
	}
	w.used = len(dst) - start
	if allBlank(rest) && len(rec.Stack) == 0 {
		return dst
	}
	dst = append(dst, `,"full_message":"`...)
	dst = appendEscaped(dst, rec.Message, len(dst)+(w.limit-len(dst))/2, true)
	w.used = len(dst) - start
	if len(rec.Stack) > 0 {
		dst = append(dst, `\n`...)
		dst = appendStack(dst, rec.Stack, w.tail(dst), `\n`, `\t`)
	}
	return append(dst, '"')
}

// firstLine returns the first line of s that is not blank, "" if all are, and what
// follows it.
func firstLine(s string) (line, rest string) {
	for rest = s; rest != ""; {
		line, rest, _ = strings.Cut(rest, "\n")
		if !allBlank(line) {
			return line, rest
		}
	}
	return "", ""
}

// time appends the timestamp, which Graylog sets itself if there is none.
func (w *gelfWriter) time(dst []byte, rec *Record) []byte {
	at := rec.Time
	if at.IsZero() {
		at = rec.Observed
	}
	if at.IsZero() {
		return dst
	}
	dst = append(dst, `,"timestamp":`...)
	return appendSeconds(dst, at.Unix(), int64(at.Nanosecond())/int64(time.Microsecond), 6)
}

func (w *gelfWriter) origin(dst []byte, rec *Record) []byte {
	dst = w.text(dst, `,"_logger":`, clip(rec.Scope, maxKeyLen))
	dst = w.text(dst, `,"_file":`, rec.Source.File)
	if rec.Source.Line > 0 {
		dst = append(dst, `,"_line":`...)
		dst = appendInt(dst, int64(rec.Source.Line))
	}
	return w.text(dst, `,"_function":`, rec.Source.Function)
}

// trace appends the trace's ids and the record's own.
func (w *gelfWriter) trace(dst []byte, rec *Record) []byte {
	if t := &rec.Trace; t.TraceID != [16]byte{} || t.SpanID != [8]byte{} {
		dst = append(dst, `,"_trace_id":"`...)
		dst = appendHex(dst, t.TraceID[:])
		dst = append(dst, `","_span_id":"`...)
		dst = appendHex(dst, t.SpanID[:])
		dst = append(dst, `","_trace_flags":"`...)
		dst = append(dst, hexLower[t.Flags>>4], hexLower[t.Flags&15], '"')
	}
	if !rec.ID.IsZero() {
		dst = append(dst, `,"_log_id":"`...)
		dst = append(appendID(dst, rec.ID), '"')
	}
	return dst
}

func (w *gelfWriter) resource(dst []byte, r *Resource) []byte {
	if r == nil {
		return dst
	}
	dst = w.text(dst, `,"_resource_service_name":`, r.Service)
	dst = w.text(dst, `,"_resource_service_version":`, r.Version)
	dst = w.text(dst, `,"_resource_deployment_environment_name":`, r.Environment)
	dst = w.text(dst, `,"_resource_service_instance_id":`, r.Instance)
	dst = w.text(dst, `,"_resource_host_name":`, r.Host)
	if r.PID != 0 {
		dst = append(dst, `,"_resource_process_pid":`...)
		dst = appendInt(dst, int64(r.PID))
	}
	return dst
}
