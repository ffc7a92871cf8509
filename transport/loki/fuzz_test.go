package loki_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/loki"
)

// opener hands requests to a stand-in without a network, so that an input costs
// microseconds.
func opener(t testing.TB, s *server, format loki.Format) transport.Transport {
	d := plainly(t, s)
	d.Format = format
	return testkit.Open(t, d)
}

// FuzzEntry: whatever a record holds, a request of it has one entry, well-formed
// in both formats, within Loki's limits and with the same content (S1).
func FuzzEntry(f *testing.F) {
	f.Add("message", "key", "value", "group", int64(1))
	f.Add("a\r\n\x1b\x00\u2028\xff", "", "\"}]\\", "a.b", int64(-1))
	f.Add("", "level", "", "log_id", int64(0))
	f.Add("x", "日本", "\xed\xa0\x80", "___", int64(1<<62))
	s := &server{}
	trs := []transport.Transport{opener(f, s, loki.Protobuf), opener(f, s, loki.JSON)}
	f.Fuzz(func(t *testing.T, message, key, value, group string, nanos int64) {
		rec := record(slog.String(key, value), slog.Group(group, slog.String(key, value), slog.Int(key, 1)),
			slog.Any(value, []slog.Value{slog.StringValue(message)}), slog.Any(group, &encode.Error{Message: value, Type: key}))
		rec.Message, rec.Scope = message, value
		rec.Time = time.Unix(0, nanos)
		rec.Observed = rec.Time
		var got []stored
		for _, tr := range trs {
			s.mu.Lock()
			s.entries, s.had, s.seen, s.broken = nil, nil, nil, nil
			s.mu.Unlock()
			if err := tr.Send(t.Context(), []encode.Record{rec}); err != nil {
				t.Fatalf("Send: %v", err)
			}
			got = append(got, s.all()...)
		}
		if len(got) != 2 || got[0].line != got[1].line || nanos >= 0 && got[0].ns != nanos {
			t.Fatalf("%+v", got)
		}
		size := 0
		for name, v := range got[0].meta {
			size += len(name) + len(v)
			if got[1].meta[name] != v || !utf8.ValidString(v) || v == "" || !lokiName(name) {
				t.Errorf("metadata %q: %q and %q", name, v, got[1].meta[name])
			}
		}
		if len(got[0].meta) > 128 || size > 64<<10 || len(got[0].line) > 256<<10 || len(got[0].meta) != len(got[1].meta) {
			t.Errorf("%d names of %d bytes, a line of %d", len(got[0].meta), size, len(got[0].line))
		}
		if got[0].meta["log_id"] != rec.ID.String() || got[0].meta["level"] != "info" {
			t.Errorf("a record took a name that identifies it: %v", got[0].meta)
		}
	})
}

// lokiName reports whether Loki leaves name as it is.
func lokiName(name string) bool {
	for i, c := range []byte(name) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return strings.Trim(name, "_") != "" && !strings.Contains(name, "__")
}

// FuzzAnswer: whatever a server answers, Send returns, and takes nothing but 200
// and 204 for an acknowledgement.
func FuzzAnswer(f *testing.F) {
	f.Add(204, "")
	f.Add(260, "ingestion blocked for user 'fake' until")
	f.Add(400, "3 errors like: entry for stream '{a=\"b\"}' has timestamp too old")
	f.Add(429, "\x1b[31m")
	var status int
	var body string
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	f.Cleanup(node.Close)
	tr := testkit.Open(f, loki.Destination{URL: node.URL, AllowPlaintext: true, Proxy: testkit.NoProxy})
	f.Fuzz(func(t *testing.T, code int, text string) {
		status, body = 200+abs(code)%400, text
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := tr.Send(ctx, batch(0, 2))
		if (err == nil) != (status == 200 || status == 204) {
			t.Fatalf("%d: %v", status, err)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\n\r\x1b\x00") {
			t.Errorf("the error has control characters: %q", err)
		}
	})
}

func abs(n int) int { return max(n, -(n + 1)) }
