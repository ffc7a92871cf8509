package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"
)

// store collects documents by event.id.
type store struct {
	mu   sync.Mutex
	docs map[string]string // guarded by mu; message by event.id
}

func (s *store) add(t *testing.T, doc []byte) {
	var d map[string]any
	if err := json.Unmarshal(doc, &d); err != nil {
		t.Errorf("%v: %s", err, doc)
		return
	}
	id, _ := d["event.id"].(string)
	message, _ := d["message"].(string)
	if d["service.name"] != "shop" || id == "" {
		t.Errorf("not a document of the shop's: %s", doc)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.docs == nil {
		s.docs = map[string]string{}
	}
	s.docs[id] = message
}

// want is 22 records, one of them the failed payment.
func (s *store) want(t *testing.T, way string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	failed := 0
	for _, message := range s.docs {
		if message == "payment failed" {
			failed++
		}
	}
	if len(s.docs) != 22 || failed != 1 {
		t.Errorf("%s: %d records, %d of them the failed payment; want 22, 1", way, len(s.docs), failed)
	}
}

// bulkServer takes documents without compression or with it.
func bulkServer(t *testing.T, s *store) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/logs-shop-default/_bulk" {
			t.Errorf("path %s", r.URL.Path)
		}
		body, err := unzipped(r)
		if err != nil {
			t.Error(err)
		}
		var items []string
		for i, line := range bytes.Split(bytes.TrimSuffix(body, []byte("\n")), []byte("\n")) {
			if i%2 == 1 {
				s.add(t, line)
				items = append(items, `{"create":{"status":201}}`)
			}
		}
		io.WriteString(w, `{"items":[`+strings.Join(items, ",")+`]}`)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// beatsServer speaks as much of the Beats protocol as a sender needs.
func beatsServer(t *testing.T, s *store) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	t.Cleanup(func() { l.Close(); serving.Wait() })
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer c.Close()
				window := uint32(0)
				for frames(t, bufio.NewReader(c), s, &window, c) == nil {
				}
			})
		}
	})
	return l.Addr().String()
}

var errFrame = errors.New("no frame of the Beats protocol")

// frames reads frames until r ends, and acknowledges each window as a whole.
func frames(t *testing.T, r *bufio.Reader, s *store, window *uint32, ack io.Writer) error {
	for {
		head := make([]byte, 6)
		if _, err := io.ReadFull(r, head); err != nil {
			return err
		}
		n := binary.BigEndian.Uint32(head[2:])
		switch string(head[:2]) {
		case "2W":
			*window = n
		case "2C":
			z, err := zlib.NewReader(io.LimitReader(r, int64(n)))
			if err != nil {
				return err
			}
			if err := frames(t, bufio.NewReader(z), s, window, ack); !errors.Is(err, io.EOF) {
				return err
			}
		case "2J":
			var size uint32
			if err := binary.Read(r, binary.BigEndian, &size); err != nil {
				return err
			}
			doc := make([]byte, size)
			if _, err := io.ReadFull(r, doc); err != nil {
				return err
			}
			s.add(t, doc)
			if n == *window {
				if _, err := ack.Write(binary.BigEndian.AppendUint32([]byte("2A"), n)); err != nil {
					return err
				}
			}
		default:
			return errFrame
		}
	}
}

// All three ways at once: each destination has each record.
func TestThreeWays(t *testing.T) {
	var bulk, beats, lines store
	dir := t.TempDir()
	w, err := parse([]string{"-bulk", bulkServer(t, &bulk), "-beats", beatsServer(t, &beats),
		"-file", filepath.Join(dir, "log", "shop.log"), "-dir", filepath.Join(dir, "state")}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run(w, &out); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(w.file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(text) {
		lines.add(t, line)
	}
	bulk.want(t, "bulk")
	beats.want(t, "beats")
	lines.want(t, "file")
	if n := strings.Count(out.String(), "22 delivered, 0 refused, 0 kept"); n != 3 {
		t.Errorf("it says:\n%s", &out)
	}
}

func TestFlags(t *testing.T) {
	if _, err := parse(nil, io.Discard); err == nil {
		t.Errorf("no way at all passes")
	}
	if _, err := parse([]string{"-h"}, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h: %v", err)
	}
}

// The configuration is YAML, of the input and the parser that the README names.
func TestFilebeatConfiguration(t *testing.T) {
	text, err := os.ReadFile("filebeat.yml")
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		Inputs []struct {
			Type    string
			Parsers []map[string]map[string]any
		} `yaml:"filebeat.inputs"`
	}
	if err := yaml.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	if len(c.Inputs) != 1 || c.Inputs[0].Type != "filestream" || c.Inputs[0].Parsers[0]["ndjson"]["overwrite_keys"] != true {
		t.Errorf("%+v", c)
	}
}

func unzipped(r *http.Request) ([]byte, error) {
	if r.Header.Get("Content-Encoding") != "gzip" {
		return io.ReadAll(r.Body)
	}
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}
