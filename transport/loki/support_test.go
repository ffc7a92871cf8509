package loki_test

import (
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/httpstatus"
	"github.com/slogship/slogship/transport/loki"
	"github.com/slogship/slogship/transport/tlsconfig"
)

var day = time.Date(2026, 3, 1, 23, 59, 59, 123456789, time.UTC)

// batch returns n records whose messages and IDs number them from first on.
func batch(first, n int) []encode.Record {
	recs := make([]encode.Record, n)
	shop := &encode.Resource{Service: "checkout", Host: "a1", Environment: "test", Version: "1.2", PID: 7}
	for i := range recs {
		number := first + i
		at := day.Add(time.Duration(number) * time.Millisecond)
		recs[i] = encode.Record{
			Time: at, Observed: at, Level: slog.LevelInfo,
			Message:  fmt.Sprintf("record %d", number),
			Attrs:    []slog.Attr{slog.Int("number", number), slog.String("path", "/v1/items")},
			Resource: shop,
		}
		binary.BigEndian.PutUint64(recs[i].ID[8:], uint64(number)+1)
	}
	return recs
}

// record returns one with these attributes.
func record(attrs ...slog.Attr) encode.Record {
	rec := batch(0, 1)[0]
	rec.Attrs = attrs
	return rec
}

// message reads the message of a line of encode.JSONLines.
func message(line string) (string, error) {
	var fields struct {
		Msg *string `json:"msg"`
	}
	if err := json.Unmarshal([]byte(line), &fields); err != nil {
		return "", err
	}
	if fields.Msg == nil {
		return "", errors.New("no msg")
	}
	return *fields.Msg, nil
}

// plainly serves s without TLS.
func plainly(t testing.TB, s http.Handler) loki.Destination {
	t.Helper()
	node := httptest.NewServer(s)
	t.Cleanup(node.Close)
	return loki.Destination{URL: node.URL, AllowPlaintext: true, Proxy: noProxy}
}

// secured serves s with TLS.
func secured(t testing.TB, s http.Handler) loki.Destination {
	t.Helper()
	ca := testpki.New(t, "authority")
	node := httptest.NewUnstartedServer(s)
	node.TLS = &tls.Config{Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})}}
	node.Config.ErrorLog = discardLog()
	node.StartTLS()
	t.Cleanup(node.Close)
	return loki.Destination{
		URL: node.URL, Proxy: noProxy,
		TLS: &tlsconfig.Options{Config: &tls.Config{RootCAs: ca.Pool()}},
	}
}

// noProxy keeps the developer's environment out of the tests.
func noProxy(*http.Request) (*url.URL, error) { return nil, nil }

func open(t testing.TB, d loki.Destination) transport.Transport {
	t.Helper()
	tr, err := d.Open()
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := tr.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return tr
}

func send(t testing.TB, tr transport.Transport, recs []encode.Record) {
	t.Helper()
	if err := tr.Send(t.Context(), recs); err != nil {
		t.Fatalf("Send: %v", err)
	}
}

// delivered sends one record and returns what came of it.
func delivered(t testing.TB, d loki.Destination, s *server, rec encode.Record) stored {
	t.Helper()
	send(t, open(t, d), []encode.Record{rec})
	all := s.all()
	if len(all) != 1 {
		t.Fatalf("%d entries of one record; the server says %v", len(all), s.broken)
	}
	return all[0]
}

// children returns what each record was answered.
func children(t testing.TB, err error, size int) []error {
	t.Helper()
	out := transport.Classify(err, size)
	if out.Batch == nil {
		t.Fatalf("Send = %v, want an answer for each of %d records", err, size)
	}
	return out.Batch.Errs
}

// status returns the server's answer in err.
func status(t testing.TB, err error) *httpstatus.Error {
	t.Helper()
	e, ok := errors.AsType[*httpstatus.Error](err)
	if !ok {
		t.Fatalf("%v has no answer of the server in it", err)
	}
	return e
}

func discardLog() *log.Logger { return log.New(io.Discard, "", 0) }
