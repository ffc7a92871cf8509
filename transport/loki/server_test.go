package loki_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"

	"github.com/klauspost/compress/s2"
)

// stored is one entry as the stand-in has it.
type stored struct {
	labels string // the selector, or its JSON
	ns     int64
	line   string
	meta   map[string]string
	names  []string // of meta, as they came
}

// server is a stand-in for Loki. Its parsers are its own, and strict: what Loki
// would mend or take for two values is an error here.
type server struct {
	// judge may refuse an entry: a reason. The others of the request are stored
	// nevertheless, as in Loki.
	judge func(stored) string

	// before may answer a request by itself; labels are those of its streams.
	before func(w http.ResponseWriter, labels []string) (done bool)

	mu      sync.Mutex
	entries []stored        // guarded by mu
	seen    []*http.Request // guarded by mu; without bodies
	had     map[string]bool // guarded by mu; what is stored once
	twice   int             // guarded by mu; duplicates that were dropped
	broken  error           // guarded by mu; the first request that was not well-formed
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	streams, err := parse(r)
	s.mu.Lock()
	s.seen = append(s.seen, r)
	if err != nil && s.broken == nil {
		s.broken = err
	}
	s.mu.Unlock()
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var labels []string
	for _, e := range streams {
		if len(labels) == 0 || labels[len(labels)-1] != e.labels {
			labels = append(labels, e.labels)
		}
	}
	if s.before != nil && s.before(w, labels) {
		return
	}
	reason := ""
	for _, e := range streams {
		if s.judge != nil {
			if said := s.judge(e); said != "" {
				reason = said
				continue
			}
		}
		s.store(e)
	}
	if reason != "" {
		http.Error(w, reason, http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// store drops what is there already.
func (s *server) store(e stored) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := fmt.Sprint(e.labels, e.ns, e.line, e.meta)
	if s.had[key] {
		s.twice++
		return
	}
	if s.had == nil {
		s.had = make(map[string]bool)
	}
	s.had[key] = true
	s.entries = append(s.entries, e)
}

// all returns the entries so far.
func (s *server) all() []stored {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]stored(nil), s.entries...)
}

// requests returns those that came so far.
func (s *server) requests() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*http.Request(nil), s.seen...)
}

var errWire = errors.New("malformed push request")

// parse reads a request's entries, in their order.
func parse(r *http.Request) ([]stored, error) {
	if r.Method != http.MethodPost {
		return nil, fmt.Errorf("%w: %s", errWire, r.Method)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	switch t := r.Header.Get("Content-Type"); t {
	case "application/x-protobuf":
		if e := r.Header.Get("Content-Encoding"); e != "" && e != "snappy" {
			return nil, fmt.Errorf("%w: Content-Encoding %q", errWire, e)
		}
		plain, err := s2.Decode(nil, body)
		if err != nil {
			return nil, err
		}
		return parseProto(plain)
	case "application/json":
		if r.Header.Get("Content-Encoding") == "gzip" {
			z, err := gzip.NewReader(bytes.NewReader(body))
			if err != nil {
				return nil, err
			}
			if body, err = io.ReadAll(z); err != nil {
				return nil, err
			}
		}
		return parseJSON(body)
	default:
		return nil, fmt.Errorf("%w: Content-Type %q", errWire, t)
	}
}

// fields calls take for each field of a message: with b for one that has a
// length, with n for a varint.
func fields(b []byte, take func(number int, b []byte, n uint64) error) error {
	for len(b) > 0 {
		tag, size := binary.Uvarint(b)
		if size <= 0 {
			return errWire
		}
		b = b[size:]
		n, size := binary.Uvarint(b)
		if size <= 0 {
			return errWire
		}
		b = b[size:]
		var content []byte
		switch tag & 7 {
		case 0:
		case 2:
			if n > uint64(len(b)) {
				return errWire
			}
			content, b = b[:n], b[n:]
		default:
			return errWire
		}
		if err := take(int(tag>>3), content, n); err != nil {
			return err
		}
	}
	return nil
}

func parseProto(b []byte) (all []stored, err error) {
	err = fields(b, func(number int, stream []byte, _ uint64) error {
		labels := ""
		return fields(stream, func(number int, b []byte, _ uint64) error {
			if number == 1 {
				labels = string(b)
				return nil
			}
			e := stored{labels: labels, meta: map[string]string{}}
			if err := fields(b, e.protoField); err != nil {
				return err
			}
			all = append(all, e)
			return nil
		})
	})
	return all, err
}

func (e *stored) protoField(number int, b []byte, _ uint64) error {
	switch number {
	case 1:
		return fields(b, func(number int, _ []byte, n uint64) error {
			if number == 1 {
				e.ns += int64(n) * 1e9
			} else {
				e.ns += int64(n)
			}
			return nil
		})
	case 2:
		e.line = string(b)
	case 3:
		var name, value string
		if err := fields(b, func(number int, b []byte, _ uint64) error {
			if number == 1 {
				name = string(b)
			} else {
				value = string(b)
			}
			return nil
		}); err != nil {
			return err
		}
		return e.add(name, value)
	default:
		return errWire
	}
	return nil
}

// add is for both forms: a name must not come twice.
func (e *stored) add(name, value string) error {
	if _, twice := e.meta[name]; twice {
		return fmt.Errorf("%w: metadata %q twice", errWire, name)
	}
	e.meta[name] = value
	e.names = append(e.names, name)
	return nil
}

func parseJSON(b []byte) (all []stored, err error) {
	var request struct {
		Streams []struct {
			Stream json.RawMessage
			Values [][]json.RawMessage
		}
	}
	if err := json.Unmarshal(b, &request); err != nil {
		return nil, err
	}
	for _, s := range request.Streams {
		for _, v := range s.Values {
			e := stored{labels: string(s.Stream), meta: map[string]string{}}
			if len(v) < 2 || len(v) > 3 {
				return nil, fmt.Errorf("%w: %d elements", errWire, len(v))
			}
			var ns string
			if err := errors.Join(json.Unmarshal(v[0], &ns), json.Unmarshal(v[1], &e.line)); err != nil {
				return nil, err
			}
			if e.ns, err = strconv.ParseInt(ns, 10, 64); err != nil {
				return nil, err
			}
			if len(v) == 3 {
				if err := json.Unmarshal(v[2], &e.meta); err != nil {
					return nil, err
				}
			}
			all = append(all, e)
		}
	}
	return all, nil
}
