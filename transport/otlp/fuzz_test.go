package otlp_test

import (
	"io"
	"log/slog"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	common "go.opentelemetry.io/proto/otlp/common/v1"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/otlp"
)

// FuzzRecord: whatever a record holds, the official types read a request of it,
// with one record, the same message, and no attribute twice (S1).
func FuzzRecord(f *testing.F) {
	f.Add("message", "key", "value", "group", int64(1), 0)
	f.Add("a\r\n\x1b\x00\u2028\xff", "", "\"}]\\", "a.b", int64(-1), -100)
	f.Add("", "log.record.uid", "", "exception.type", int64(0), 100)
	f.Add(strings.Repeat("x", 200), "日本", "\xed\xa0\x80", "exception.message", int64(math.MaxInt64), 8)
	f.Add(strings.Repeat("x", 20_000), "code.file.path", strings.Repeat("y", 130), "_", int64(math.MinInt64), 4)
	s := &server{}
	d := plainly(f, s)
	tr := open(f, d)
	f.Fuzz(func(t *testing.T, message, key, value, group string, number int64, level int) {
		rec := batch(0, 1)[0]
		rec.Attrs = []slog.Attr{
			slog.String(key, value), slog.Int64(group, number), slog.Float64(key, math.Float64frombits(uint64(number))),
			slog.Group(group, slog.String(key, value), slog.Int64(key, number), slog.Group(value, slog.Uint64(key, uint64(number)))),
			slog.Any(value, []slog.Value{slog.StringValue(message), slog.GroupValue(slog.String(key, value))}),
			slog.Any(group, &encode.Error{Message: value, Type: key, Frames: []encode.Frame{{Function: group, File: value, Line: int(number)}}}),
		}
		rec.Message, rec.Scope, rec.Level, rec.Time = message, value, slog.Level(level), time.Unix(0, number)
		rec.Source = slog.Source{Function: key, File: value, Line: int(number)}
		before := len(s.requests())
		if err := tr.Send(t.Context(), []encode.Record{rec}); err != nil {
			t.Fatalf("Send: %v", err)
		}
		l := records(s.requests()[before])
		if len(l) != 1 || l[0].Body.GetStringValue() != strings.ToValidUTF8(message, "\uFFFD") || l[0].SeverityNumber < 1 || l[0].SeverityNumber > 24 {
			t.Fatalf("%v", l)
		}
		unique(t, l[0].Attributes)
		if number >= 0 && l[0].TimeUnixNano != uint64(number) {
			t.Errorf("time %d, want %d", l[0].TimeUnixNano, number)
		}
	})
}

// unique fails for a name that is twice in a list, or empty, at any depth.
func unique(t *testing.T, pairs []*common.KeyValue) {
	for name, v := range attributes(t, pairs) {
		if name == "" {
			t.Error("an attribute without a name")
		}
		unique(t, v.GetKvlistValue().GetValues())
	}
}

// FuzzAnswer: whatever a receiver answers, over either protocol, Send returns an
// error that it may or nil, with no control character in it (S1, T34).
func FuzzAnswer(f *testing.F) {
	f.Add(200, "application/x-protobuf", "\x0a\x05\x08\x02\x12\x01x", "0", "", "")
	f.Add(200, "text/html", "<html>", "", "", "")
	f.Add(400, "application/x-protobuf", "\x08\x03\x12\x03bad", "3", "bad%", "CAgSBHF1b3RhGigKJXR5cGUuZ29vZ2xlYXBpcy5jb20vZ29vZ2xlLnJwYy5SZXRyeUluZm8")
	f.Add(503, "", "\x00\x00\x00\x00\x02\x08\x01", "8", "message larger than max", "!")
	f.Add(299, "application/json", "\x01\x00\x00\x00\x01\x1f", "14", "%zz\x1b", "AA==")
	f.Fuzz(func(t *testing.T, code int, kind, body, status, message, details string) {
		header := http.Header{"Content-Type": {kind}, "Grpc-Encoding": {"gzip"}}
		trailer := http.Header{"Grpc-Status": {status}, "Grpc-Message": {message}, "Grpc-Status-Details-Bin": {details}}
		for _, p := range []otlp.Protocol{otlp.HTTP, otlp.GRPC} {
			resp := &http.Response{StatusCode: 200 + (code%100+100)%100, Header: header, Trailer: trailer, Body: io.NopCloser(strings.NewReader(body))}
			err := otlp.Judge(p, resp, 3)
			out := transport.Classify(err, 3)
			if err != nil && strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' || r == 0x7f }) {
				t.Errorf("%v: %q", p, err)
			}
			if out.After < 0 || out.After > time.Hour || out.Resend != 0 {
				t.Errorf("%v: %+v", p, out)
			}
		}
	})
}
