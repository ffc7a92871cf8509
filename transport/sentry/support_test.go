package sentry_test

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/sentry"
)

const testKey = "a1b2c3d4e5f60718293a4b5c6d7e8f90"

// got is one item of an envelope, as a server reads it.
type got struct {
	kind    string
	count   int
	payload []byte
}

// event is the part of an event's JSON that tests look at.
type event struct {
	EventID     string    `json:"event_id"`
	Message     string    `json:"message"`
	Level       string    `json:"level"`
	Release     string    `json:"release"`
	Dist        string    `json:"dist"`
	Environment string    `json:"environment"`
	ServerName  string    `json:"server_name"`
	Logger      string    `json:"logger"`
	Timestamp   time.Time `json:"timestamp"`

	Fingerprint []string                  `json:"fingerprint"`
	Tags        map[string]string         `json:"tags"`
	Contexts    map[string]map[string]any `json:"contexts"`
	User        map[string]any            `json:"user"`
	Exception   []exception               `json:"exception"`
	Threads     []struct {
		Stacktrace stacktrace `json:"stacktrace"`
	} `json:"threads"`
	Breadcrumbs []struct {
		Message, Level, Category string
		Data                     map[string]any
	} `json:"breadcrumbs"`
	Request *struct {
		URL         string `json:"url"`
		Method      string `json:"method"`
		QueryString string `json:"query_string"`
		Headers     map[string]string
	} `json:"request"`
}

type exception struct {
	Type, Value string
	Stacktrace  *stacktrace
	Mechanism   struct {
		Handled *bool
	}
}

type stacktrace struct {
	Frames []struct {
		Function, Module string
		Lineno           int
		InApp            bool `json:"in_app"`
	}
}

// readEnvelope reads a request with a parser of its own: lines, and lengths.
func readEnvelope(r *http.Request) ([]got, error) {
	var body io.Reader = r.Body
	if r.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(r.Body)
		if err != nil {
			return nil, err
		}
		body = unpacked
	}
	lines := bufio.NewReader(body)
	header, err := lines.ReadBytes('\n')
	if err != nil || !json.Valid(header) {
		return nil, fmt.Errorf("envelope header %q: %v", header, err)
	}
	var items []got
	for {
		head, err := lines.ReadBytes('\n')
		if err == io.EOF && len(head) == 0 {
			return items, nil
		}
		var h struct {
			Type      string
			Length    int
			ItemCount int `json:"item_count"`
		}
		if jerr := json.Unmarshal(head, &h); err != nil || jerr != nil {
			return nil, fmt.Errorf("item header %q: %v, %v", head, err, jerr)
		}
		payload := make([]byte, h.Length+1)
		if _, err := io.ReadFull(lines, payload); err != nil {
			return nil, err
		}
		if payload[h.Length] != '\n' {
			return nil, fmt.Errorf("item of %d bytes ends with %q", h.Length, payload[h.Length])
		}
		items = append(items, got{h.Type, h.ItemCount, payload[:h.Length]})
	}
}

// server is a stand-in whose answers are scripted.
type server struct {
	t *testing.T

	mu       sync.Mutex
	requests int                                               // guarded by mu
	items    []got                                             // guarded by mu; of requests that were accepted
	auth     string                                            // guarded by mu
	answer   func(n int, w http.ResponseWriter, it []got) bool // guarded by mu; reports whether it has answered
}

func newServer(t *testing.T, answer func(n int, w http.ResponseWriter, it []got) bool) (*server, sentry.Destination) {
	t.Helper()
	s := &server{t: t, answer: answer}
	node := httptest.NewServer(s)
	t.Cleanup(node.Close)
	return s, plainly(node.URL)
}

func plainly(address string) sentry.Destination {
	return sentry.Destination{
		DSN: strings.Replace(address, "://", "://"+testKey+"@", 1) + "/7", AllowPlaintext: true, Proxy: noProxy,
	}
}

// noProxy keeps the developer's environment out of the tests.
func noProxy(*http.Request) (*url.URL, error) { return nil, nil }

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	items, err := readEnvelope(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || r.URL.Path != "/api/7/envelope/" {
		s.t.Errorf("request to %s: %v", r.URL.Path, err)
	}
	s.requests++
	s.auth = r.Header.Get("X-Sentry-Auth")
	if s.answer != nil && s.answer(s.requests, w, items) {
		return
	}
	s.items = append(s.items, items...)
	io.WriteString(w, `{"id":"x"}`)
}

// events are those that were accepted.
func (s *server) events() []event {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []event
	for _, it := range s.items {
		if it.kind != "event" {
			continue
		}
		var e event
		if err := json.Unmarshal(it.payload, &e); err != nil {
			s.t.Errorf("event %s: %v", it.payload, err)
		}
		list = append(list, e)
	}
	return list
}

// of returns the payloads of a kind.
func (s *server) of(kind string) []got {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []got
	for _, it := range s.items {
		if it.kind == kind {
			list = append(list, it)
		}
	}
	return list
}

func (s *server) asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

func open(t testing.TB, d sentry.Destination) transport.Transport {
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

// sent sends one record and returns its event.
func sent(t *testing.T, adjust func(*sentry.Destination), rec encode.Record) event {
	t.Helper()
	s, d := newServer(t, nil)
	if adjust != nil {
		adjust(&d)
	}
	if err := open(t, d).Send(t.Context(), []encode.Record{rec}); err != nil {
		t.Fatalf("Send: %v", err)
	}
	events := s.events()
	if len(events) != 1 {
		t.Fatalf("%d events of one record", len(events))
	}
	return events[0]
}

var day = time.Date(2026, 3, 1, 23, 59, 59, 123456789, time.UTC)

// batch returns n errors whose messages and IDs number them from 0 on.
func batch(n int) []encode.Record {
	recs := make([]encode.Record, n)
	for i := range recs {
		recs[i] = record(fmt.Sprintf("record %d", i))
		binary.BigEndian.PutUint64(recs[i].ID[8:], uint64(i)+1)
	}
	return recs
}

func record(message string, attrs ...slog.Attr) encode.Record {
	return encode.Record{
		ID: encode.ID{1, 15: 1}, Time: day, Observed: day, Level: slog.LevelError, Message: message, Attrs: attrs,
		Resource: &encode.Resource{Service: "shop", Version: "1.2", Environment: "test", Host: "a1", Instance: "pod-1", PID: 7},
	}
}
