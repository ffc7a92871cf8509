package elasticsearch_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

// server is a stand-in for a cluster: it takes bulk requests apart with a parser
// of its own, which is as strict as Elasticsearch's or stricter, and keeps
// documents by index and ID.
type server struct {
	// knows says that include_source_on_error is a parameter, as Elasticsearch
	// 8.18 has it.
	knows bool

	// judge may refuse a document: a status and the "error" object. Status 0
	// takes it.
	judge func(index string, doc map[string]any) (status int, failure string)

	// before may answer the whole request by itself.
	before func(w http.ResponseWriter, r *http.Request) (done bool)

	mu    sync.Mutex
	docs  map[string]map[string]string // guarded by mu; document by index and ID
	order []string                     // guarded by mu; IDs as they were stored
	seen  []*http.Request              // guarded by mu; without bodies
	faked int                          // guarded by mu; IDs made up for documents without
}

// parameters that this server knows besides include_source_on_error.
const parameters = " filter_path timeout pipeline require_data_stream "

// ServeHTTP answers as Elasticsearch does, in the shape that filter_path asks for.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.seen = append(s.seen, r)
	s.mu.Unlock()
	if s.before != nil && s.before(w, r) {
		return
	}
	for name := range r.URL.Query() {
		if !strings.Contains(parameters, " "+name+" ") && !(s.knows && name == "include_source_on_error") {
			refuse(w, 400, "illegal_argument_exception", "request ["+r.URL.Path+"] contains unrecognized parameter: ["+name+"]")
			return
		}
	}
	body, err := plain(r)
	if err != nil {
		refuse(w, 400, "compress_exception", err.Error())
		return
	}
	answer, err := s.take(strings.Trim(strings.TrimSuffix(r.URL.Path, "_bulk"), "/"), body)
	if err != nil {
		refuse(w, 400, "illegal_argument_exception", err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, `{"took":3,"errors":false,"items":[`+strings.Join(answer, ",")+`]}`)
}

func refuse(w http.ResponseWriter, status int, kind, reason string) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"error":{"type":%q,"reason":%q},"status":%d}`, kind, reason, status)
}

func plain(r *http.Request) ([]byte, error) {
	if t := r.Header.Get("Content-Type"); r.Method != http.MethodPost || t != "application/x-ndjson" {
		return nil, fmt.Errorf("%s of %q", r.Method, t)
	}
	if r.Header.Get("Content-Encoding") != "gzip" {
		return io.ReadAll(r.Body)
	}
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// action is the line before each document. Nothing else may be in it.
type action struct {
	Create *struct {
		Index string `json:"_index"`
		ID    string `json:"_id"`
	} `json:"create"`
}

var errGrammar = errors.New("malformed bulk request")

// take reads a whole body before it stores anything of it.
func (s *server) take(index string, body []byte) (items []string, err error) {
	if !bytes.HasSuffix(body, []byte("\n")) {
		return nil, fmt.Errorf("%w: it must be terminated by a newline", errGrammar)
	}
	lines := bufio.NewScanner(bytes.NewReader(body))
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var a action
		dec := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&a); err != nil || a.Create == nil || dec.More() {
			return nil, fmt.Errorf("%w: action %.200q", errGrammar, lines.Text())
		}
		if !lines.Scan() {
			return nil, fmt.Errorf("%w: no document", errGrammar)
		}
		if a.Create.Index == "" {
			a.Create.Index = index
		}
		if a.Create.Index == "" {
			return nil, fmt.Errorf("%w: no index", errGrammar)
		}
		items = append(items, s.create(a.Create.Index, a.Create.ID, lines.Text()))
	}
	return items, lines.Err()
}

// create stores one document and returns its item.
func (s *server) create(index, id, document string) string {
	var doc map[string]any
	if err := json.Unmarshal([]byte(document), &doc); err != nil {
		return `{"create":{"status":400,"error":{"type":"document_parsing_exception","reason":"failed to parse"}}}`
	}
	if s.judge != nil {
		if status, failure := s.judge(index, doc); status != 0 {
			return fmt.Sprintf(`{"create":{"_index":%q,"status":%d,"error":%s}}`, index, status, failure)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if id == "" {
		s.faked++
		id = fmt.Sprintf("made-up-%d", s.faked)
	}
	if _, there := s.docs[index][id]; there {
		return `{"create":{"status":409,"error":{"type":"version_conflict_engine_exception","reason":"document already exists"}}}`
	}
	if s.docs == nil {
		s.docs = make(map[string]map[string]string)
	}
	if s.docs[index] == nil {
		s.docs[index] = make(map[string]string)
	}
	s.docs[index][id] = document
	s.order = append(s.order, id)
	return `{"create":{"status":201}}`
}

// count is how many documents an index has.
func (s *server) count(index string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.docs[index])
}

// requests returns those that came so far.
func (s *server) requests() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*http.Request(nil), s.seen...)
}
