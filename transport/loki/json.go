package loki

import "strconv"

// jsonPush writes the push request in JSON
// (https://grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs):
//
//	{"streams":[{"stream":{"service_name":"shop"},"values":[["1766483384123456789","order paid",{"order":"42"}]]}]}
type jsonPush struct{}

func (jsonPush) begin(dst []byte, labels []label) []byte {
	dst = append(dst, `{"streams":[{"stream":{`...)
	for i, l := range labels {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendQuoted(dst, l.name)
		dst = append(dst, ':')
		dst = appendQuoted(dst, l.value)
	}
	return append(dst, `},"values":[`...)
}

func (jsonPush) end(dst []byte, _ int) []byte { return append(dst, `]}]}`...) }

func (jsonPush) entry(dst []byte, e *entry) []byte {
	if dst[len(dst)-1] == ']' {
		dst = append(dst, ',')
	}
	dst = append(dst, `["`...)
	dst = strconv.AppendInt(dst, e.time.UnixNano(), 10)
	dst = append(dst, `",`...)
	dst = appendQuoted(dst, e.line)
	for i := range e.meta.pairs {
		dst = append(dst, ',')
		if i == 0 {
			dst = append(dst, '{')
		}
		dst = appendQuoted(dst, e.meta.name(i))
		dst = append(dst, ':')
		dst = appendQuoted(dst, e.meta.value(i))
	}
	if len(e.meta.pairs) > 0 {
		dst = append(dst, '}')
	}
	return append(dst, ']')
}

// appendQuoted appends s, which is UTF-8, as a string of JSON.
func appendQuoted[T ~string | ~[]byte](dst []byte, s T) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}
