package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	slogkafka "github.com/slogship/slogship/transport/kafka"
)

func brokers(t *testing.T) string {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	return strings.Join(cluster.ListenAddrs(), ",")
}

// documents reads a bulk body: the documents' messages by id.
func documents(t *testing.T, body []byte) map[string]string {
	t.Helper()
	docs := map[string]string{}
	lines := bytes.Split(bytes.TrimSuffix(body, []byte("\n")), []byte("\n"))
	for i := 0; i+1 < len(lines); i += 2 {
		var action struct {
			Create struct {
				ID    string `json:"_id"`
				Index string `json:"_index"`
			}
		}
		var doc map[string]any
		if err := json.Unmarshal(lines[i], &action); err != nil {
			t.Fatalf("%v: %s", err, lines[i])
		}
		if err := json.Unmarshal(lines[i+1], &doc); err != nil {
			t.Fatalf("%v: %s", err, lines[i+1])
		}
		if action.Create.ID == "" || action.Create.Index != "logs-shop-default" || doc["event.id"] != action.Create.ID {
			t.Errorf("%s\n%s", lines[i], lines[i+1])
		}
		docs[action.Create.ID] = fmt.Sprint(doc["message"])
	}
	return docs
}

// What one end logs, the other end writes for Elasticsearch.
func TestBothEnds(t *testing.T) {
	at := brokers(t)
	var said bytes.Buffer
	if err := run(t.Context(), []string{"produce", "-brokers", at, "-dir", t.TempDir(), "-orders", "7"}, &said, io.Discard); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(said.String(), "21 delivered, 0 refused, 0 kept") {
		t.Error(said.String())
	}
	var body bytes.Buffer
	if err := run(t.Context(), []string{"consume", "-brokers", at, "-dir", t.TempDir(), "-idle", "5s"}, &body, io.Discard); err != nil {
		t.Fatal(err)
	}
	docs := documents(t, body.Bytes())
	shipped := 0
	for _, message := range docs {
		if message == "order shipped" {
			shipped++
		}
	}
	if len(docs) != 21 || shipped != 7 {
		t.Errorf("%d documents, %d of them shipped orders", len(docs), shipped)
	}
}

// A copy of a message is dropped in its partition; the window is bounded.
func TestCopies(t *testing.T) {
	k := consumer{seen: map[int32]*seen{}}
	message := func(partition int32, id string) *kgo.Record {
		return &kgo.Record{Partition: partition, Value: []byte("{}"), Headers: []kgo.RecordHeader{{Key: slogkafka.HeaderID, Value: []byte(id)}}}
	}
	body := k.body([]*kgo.Record{message(0, "a"), message(0, "b"), message(0, "a"), message(1, "a"), message(1, "c"), message(1, "c")})
	if n := bytes.Count(body, []byte("create")); n != 4 || k.dropped != 2 || k.written != 4 {
		t.Errorf("%d documents, %d dropped:\n%s", n, k.dropped, body)
	}
	var s seen
	for i := range 2*seenMost + 5 {
		if !s.add(fmt.Sprint(i)) {
			t.Fatalf("%d is taken for a copy", i)
		}
	}
	if len(s.known) != seenMost || s.add(fmt.Sprint(seenMost+5)) || !s.add(fmt.Sprint(seenMost+4)) {
		t.Errorf("%d ids are known, or not the newest", len(s.known))
	}
}

// A request is made again until it is taken; a document that is there already
// counts as taken, one that never will be is an error.
func TestBulk(t *testing.T) {
	var mu sync.Mutex
	answers := []string{"503", `{"items":[{"create":{"status":429}}]}`, `{"items":[{"create":{"status":201}},{"create":{"status":409}}]}`}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		answer := answers[0]
		if answers = answers[1:]; answer == "503" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		io.WriteString(w, answer)
	}))
	defer server.Close()
	if err := bulkTo(server.URL+"/")(t.Context(), []byte("{}\n")); err != nil {
		t.Error(err)
	}
	mu.Lock()
	answers = []string{`{"items":[{"create":{"status":400}}]}`}
	mu.Unlock()
	if err := bulkTo(server.URL)(t.Context(), []byte("{}\n")); err == nil {
		t.Error("a refused document was taken for a stored one")
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"both"}, {"produce", "-nothing"}} {
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil {
			t.Errorf("%q was accepted", args)
		}
	}
}
