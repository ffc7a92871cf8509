package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// collector takes what the pods send and counts it.
type collector struct {
	url string

	mu   sync.Mutex
	seen map[string]int    // guarded by mu; how often each item of each order came
	pods map[string]string // guarded by mu; who logged an order
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{seen: map[string]int{}, pods: map[string]string{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := c.take(r)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
		}
		if err != nil && !errors.Is(err, errHalf) {
			t.Errorf("collector: %v", err)
		}
	}))
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

// away is the URL of a collector that is overloaded for ever.
func away(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

var errHalf = errors.New("half a request")

func (c *collector) take(r *http.Request) error {
	sent, err := io.ReadAll(r.Body)
	if err != nil {
		return errHalf // the pod was killed on the way
	}
	var body io.Reader = bytes.NewReader(sent)
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(body)
		if err != nil {
			return err
		}
		body = z
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	lines := bufio.NewScanner(body)
	for lines.Scan() {
		var rec struct {
			Order    string         `json:"order"`
			Item     int            `json:"item"`
			Resource map[string]any `json:"resource"`
		}
		if err := json.Unmarshal(lines.Bytes(), &rec); err != nil {
			return fmt.Errorf("%w in %q", err, lines.Text())
		}
		c.seen[fmt.Sprintf("%s/%d", rec.Order, rec.Item)]++
		c.pods[rec.Order], _ = rec.Resource["k8s.pod.name"].(string)
	}
	return lines.Err()
}

// has returns how many different items of an order have come, and how many came
// more than once.
func (c *collector) has(order string, items int) (came, twice int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range items {
		switch n := c.seen[fmt.Sprintf("%s/%d", order, i)]; {
		case n > 1:
			twice++
			fallthrough
		case n == 1:
			came++
		}
	}
	return came, twice
}

// loggedBy returns the name of the pod in an order's records.
func (c *collector) loggedBy(order string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pods[order]
}
