package httplog

import (
	"encoding/hex"
	"math/rand/v2"
	"strings"

	"github.com/slogship/slogship/encode"
)

// parseTraceparent parses a traceparent header as strictly as section 3.2 of the
// W3C Recommendation asks: one header, lower case, no id of zeros, version ff
// invalid, further fields only in versions after 00. A header that is wrong in
// any way starts a new trace.
func parseTraceparent(values []string) (t encode.Trace, ok bool) {
	const length = len("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	if len(values) != 1 || len(values[0]) < length {
		return t, false
	}
	s := values[0]
	version, rest := s[:2], s[length:]
	if version == "00" && rest != "" || rest != "" && rest[0] != '-' || s[2] != '-' || s[35] != '-' || s[52] != '-' {
		return t, false
	}
	var flags, v [1]byte
	ok = decode(v[:], version) && v[0] != 0xff && decode(t.TraceID[:], s[3:35]) && decode(t.SpanID[:], s[36:52]) && decode(flags[:], s[53:55])
	if !ok || t.TraceID == [16]byte{} || t.SpanID == [8]byte{} {
		return encode.Trace{}, false
	}
	t.Flags = flags[0] & 1 // bits that are not defined yet are not passed on
	return t, true
}

// decode decodes lower-case hex.
func decode(dst []byte, s string) bool {
	if strings.ToLower(s) != s {
		return false
	}
	_, err := hex.Decode(dst, []byte(s))
	return err == nil
}

func formatTraceparent(t encode.Trace) string {
	b := make([]byte, 0, 55)
	b = hex.AppendEncode(append(b, "00-"...), t.TraceID[:])
	b = hex.AppendEncode(append(b, '-'), t.SpanID[:])
	b = hex.AppendEncode(append(b, '-'), []byte{t.Flags})
	return string(b)
}

// newTrace begins a trace.
func newTrace(sampled bool) encode.Trace {
	var t encode.Trace
	for t.TraceID == [16]byte{} {
		randomize(t.TraceID[:8])
		randomize(t.TraceID[8:])
	}
	if sampled {
		t.Flags = 1
	}
	return child(t)
}

// child returns t with a new span.
func child(t encode.Trace) encode.Trace {
	t.SpanID = [8]byte{}
	for t.SpanID == [8]byte{} {
		randomize(t.SpanID[:])
	}
	return t
}

// randomize fills eight bytes. Ids have to be unique, not unguessable.
func randomize(b []byte) {
	n := rand.Uint64()
	for i := range 8 {
		b[i] = byte(n >> (8 * i))
	}
}

// Bounds of section 3.3.1 of the Recommendation: members, and bytes that are
// passed on at least.
const (
	maxStateMembers = 32
	maxStateBytes   = 512
)

// parseTracestate joins the tracestate headers and checks them; "" if they are
// not well formed or longer than 512 bytes: the trace goes on without.
func parseTracestate(values []string) string {
	var members []string
	seen := make(map[string]bool)
	for _, m := range strings.Split(strings.Join(values, ","), ",") {
		if m = strings.Trim(m, " \t"); m == "" {
			continue // allowed
		}
		key, value, ok := strings.Cut(m, "=")
		if !ok || seen[key] || !validStateKey(key) || !validStateValue(value) {
			return ""
		}
		seen[key] = true
		members = append(members, m)
	}
	state := strings.Join(members, ",")
	if len(members) > maxStateMembers || len(state) > maxStateBytes {
		return ""
	}
	return state
}

// validStateKey: a tenant of up to 241 characters, @ and a system of up to 14, or
// a system of up to 256.
func validStateKey(key string) bool {
	tenant, system, multi := strings.Cut(key, "@")
	if !multi {
		return stateName(key, 256, false)
	}
	return stateName(tenant, 241, true) && stateName(system, 14, false)
}

func stateName(s string, most int, digitFirst bool) bool {
	for i, c := range []byte(s) {
		letter, digit := c >= 'a' && c <= 'z', c >= '0' && c <= '9'
		switch {
		case letter, digit && (i > 0 || digitFirst), i > 0 && strings.IndexByte("_-*/", c) >= 0:
		default:
			return false
		}
	}
	return len(s) >= 1 && len(s) <= most
}

// validStateValue: up to 256 printable characters, not ending with a space.
func validStateValue(s string) bool {
	for _, c := range []byte(s) {
		if c < 0x20 || c > 0x7e || c == ',' || c == '=' {
			return false
		}
	}
	return len(s) >= 1 && len(s) <= 256 && s[len(s)-1] != ' '
}
