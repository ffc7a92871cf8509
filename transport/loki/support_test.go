package loki_test

import (
	"crypto/tls"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/internal/testpki"
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
	return loki.Destination{URL: node.URL, AllowPlaintext: true, Proxy: testkit.NoProxy}
}

// secured serves s with TLS.
func secured(t testing.TB, s http.Handler) loki.Destination {
	t.Helper()
	ca := testpki.New(t, "authority")
	node := httptest.NewUnstartedServer(s)
	node.TLS = &tls.Config{Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})}}
	node.Config.ErrorLog = testkit.DiscardLog()
	node.StartTLS()
	t.Cleanup(node.Close)
	return loki.Destination{
		URL: node.URL, Proxy: testkit.NoProxy,
		TLS: &tlsconfig.Options{Config: &tls.Config{RootCAs: ca.Pool()}},
	}
}

// delivered sends one record and returns what came of it.
func delivered(t testing.TB, d loki.Destination, s *server, rec encode.Record) stored {
	t.Helper()
	testkit.Deliver(t, testkit.Open(t, d), []encode.Record{rec})
	all := s.all()
	if len(all) != 1 {
		t.Fatalf("%d entries of one record; the server says %v", len(all), s.broken)
	}
	return all[0]
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
