package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/contrib/bridges/otelslog"
	"go.opentelemetry.io/otel/exporters/otlp/otlplog/otlploghttp"
	sdklog "go.opentelemetry.io/otel/sdk/log"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/otlp"
)

// otlpBatch is the records of one request, and otlpBurst those that are logged
// before all is waited for: the SDK's queue holds them, so that it drops none.
const otlpBatch, otlpBurst = 512, 32 * otlpBatch

// otlpCPU compares the CPU time of two processes that log the same records, one
// through a durable route to the OTLP transport, one through OpenTelemetry's
// bridge, BatchProcessor and exporter; both over HTTP, not compressed, which is
// the exporter's default. They take turns, and the medians count. The receiver is
// in this process.
func otlpCPU(bursts, turns int) ([]row, error) {
	var requests atomic.Int64
	posts := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		requests.Add(1)
	}))
	defer posts.Close()
	var nanos [2][]float64
	var sent [2]int64
	for range turns {
		for i, name := range []string{"otlp-slogship", "otlp-sdk"} {
			before, took := requests.Load(), 0.0
			if err := spawn(name, fmt.Sprint(posts.URL, " ", bursts), &took); err != nil {
				return nil, err
			}
			nanos[i], sent[i] = append(nanos[i], took), sent[i]+requests.Load()-before
		}
	}
	slices.Sort(nanos[0])
	slices.Sort(nanos[1])
	r := ratio("CPU a record from the call to the wire, OTLP : otelslog + BatchProcessor + otlploghttp", nanos[0][turns/2], nanos[1][turns/2], 0.4)
	r.note += fmt.Sprintf(", batches of %d, %d and %d requests", otlpBatch, sent[0], sent[1])
	return []row{r}, nil
}

// runOTLP logs and returns the CPU nanoseconds that each record took in this
// process, user and system. The first burst, in which everything grows, is not
// counted.
func runOTLP(name, arg string) (any, error) {
	url, text, _ := strings.Cut(arg, " ")
	bursts, err := strconv.Atoi(text)
	if err != nil {
		return nil, err
	}
	subject := otlpOurs
	if name == "otlp-sdk" {
		subject = otlpTheirs
	}
	h, flush, end, err := subject(url)
	if err != nil {
		return nil, err
	}
	defer end()
	l, ctx := slog.New(h), context.Background()
	burst := func() error {
		for range otlpBurst {
			call(l, ctx)
		}
		return flush(ctx)
	}
	if err := burst(); err != nil {
		return nil, err
	}
	before := cpuTime()
	for range bursts {
		if err := burst(); err != nil {
			return nil, err
		}
	}
	return (cpuTime() - before) / float64(bursts*otlpBurst), nil
}

// otlpOurs is a durable route.
func otlpOurs(url string) (h slog.Handler, flush func(context.Context) error, end func(), err error) {
	dir, err := os.MkdirTemp("", "slogship-otlp-")
	if err != nil {
		return nil, nil, nil, err
	}
	to := otlp.Destination{
		URL: url, AllowPlaintext: true, Compression: otlp.Uncompressed, MaxRecords: otlpBatch, Service: "bench",
		Lookup: func(string) (string, bool) { return "", false },
	}
	ours, err := handler.New([]route.Route{{Name: "otlp", To: to}}, &handler.Options{Dir: dir})
	if err != nil {
		return nil, nil, nil, err
	}
	return ours, ours.Flush, func() {
		_ = ours.Close(context.Background())
		_ = os.RemoveAll(dir)
	}, nil
}

// otlpTheirs is the SDK, with a queue that holds a burst.
func otlpTheirs(url string) (h slog.Handler, flush func(context.Context) error, end func(), err error) {
	ctx := context.Background()
	exporter, err := otlploghttp.New(ctx, otlploghttp.WithEndpointURL(url+"/v1/logs"))
	if err != nil {
		return nil, nil, nil, err
	}
	batches := sdklog.NewBatchProcessor(exporter, sdklog.WithMaxQueueSize(2*otlpBurst), sdklog.WithExportMaxBatchSize(otlpBatch), sdklog.WithExportInterval(time.Second))
	provider := sdklog.NewLoggerProvider(sdklog.WithProcessor(batches))
	return otelslog.NewHandler("bench", otelslog.WithLoggerProvider(provider)), provider.ForceFlush, func() { _ = provider.Shutdown(ctx) }, nil
}
