package sentry

import (
	"strconv"
	"time"
)

// item is what an envelope carries, besides a client report.
type item struct {
	kind    string // "event" or "log"; "" for a report by itself
	payload []byte
	event   string // the ID, 32 digits; "" for logs
	count   int    // of logs
}

// appendEnvelope writes the header, the item, and a report if there is something
// to say (https://develop.sentry.dev/sdk/foundations/transport/envelopes/). All
// that goes into headers is digits and letters of our own. The DSN is not in it:
// the request has the key.
func appendEnvelope(dst []byte, now time.Time, it item, counts map[outcome]int) []byte {
	dst = append(dst, '{')
	if it.event != "" {
		dst = append(dst, `"event_id":"`+it.event+`",`...)
	}
	dst = append(dst, `"sent_at":"`...)
	dst = now.UTC().AppendFormat(dst, time.RFC3339Nano)
	dst = append(dst, "\"}\n"...)
	if it.kind != "" {
		dst = appendItem(dst, it)
	}
	if len(counts) > 0 {
		dst = append(dst, `{"type":"client_report",`...)
		dst = appendPayload(dst, clientReport(now, counts))
	}
	return dst
}

func appendItem(dst []byte, it item) []byte {
	dst = append(dst, `{"type":"`+it.kind+`",`...)
	if it.count > 0 {
		dst = append(dst, `"item_count":`...)
		dst = strconv.AppendInt(dst, int64(it.count), 10)
		dst = append(dst, `,"content_type":"application/vnd.sentry.items.log+json",`...)
	}
	return appendPayload(dst, it.payload)
}

// appendPayload ends an item's header with the length, and writes the payload.
func appendPayload(dst, payload []byte) []byte {
	dst = append(dst, `"length":`...)
	dst = strconv.AppendInt(dst, int64(len(payload)), 10)
	dst = append(dst, "}\n"...)
	dst = append(dst, payload...)
	return append(dst, '\n')
}
