package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/internal/deliver"
	"github.com/slogship/slogship/transport/https"
)

const distantBatch = 100

// distant measures what eight batches in flight bring over one, to a server
// that answers after 100 ms. It speaks plain HTTP: the waiting is the same, and
// what TLS costs is not the question here.
func distant(batches int) ([]row, error) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		time.Sleep(100 * time.Millisecond) // the distance
	}))
	defer server.Close()
	var took [2]time.Duration
	for i, inFlight := range []int{1, 8} {
		d, err := postAll(server.URL, batches, inFlight)
		if err != nil {
			return nil, err
		}
		took[i] = d
	}
	return []row{{what: "HTTP destination 100 ms away : eight in flight against one", got: float64(took[0]) / float64(took[1]),
		budget: 6.5, unit: "×", atLeast: true, note: fmt.Sprintf("%v / %v", took[0].Round(time.Millisecond), took[1].Round(time.Millisecond))}}, nil
}

func postAll(url string, batches, inFlight int) (time.Duration, error) {
	b, err := buffer.Open(nil, "", &buffer.Options{Mode: buffer.Heap, StallTimeout: time.Second, NewID: func() [16]byte { return [16]byte{1} }})
	if err != nil {
		return 0, err
	}
	defer b.Close()
	if err := fill(b, batches*distantBatch); err != nil {
		return 0, err
	}
	b.Stop()
	tr, err := (https.Destination{URL: url, AllowPlaintext: true, MaxInFlight: inFlight}).Open()
	if err != nil {
		return 0, err
	}
	start := time.Now()
	w := deliver.Start(&deliver.Options{Route: "far", Buffer: b, Transport: tr, MaxRecords: distantBatch, MaxInFlight: inFlight})
	if err := w.Close(context.Background()); err != nil {
		return 0, err
	}
	took := time.Since(start)
	if n := w.Stats().Delivered; n != uint64(batches*distantBatch) {
		return 0, fmt.Errorf("report: delivered %d of %d", n, batches*distantBatch)
	}
	return took, nil
}
