package main

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/grpc"
	"github.com/slogship/slogship/transport/https"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// cpuBatch is the records of one Send, over either protocol.
const cpuBatch = 1000

// grpcCPU compares the CPU time of two processes that send the same records, one
// over gRPC and one as lines of JSON in HTTPS requests, both with TLS 1.3, and
// neither compressed. They take turns, and the medians count. The receivers are in
// this process.
func grpcCPU(size grpcSize) ([]row, error) {
	posts := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	posts.EnableHTTP2 = true
	posts.StartTLS()
	defer posts.Close()
	dir, err := os.MkdirTemp("", "slogship-grpc-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	ca := filepath.Join(dir, "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: posts.Certificate().Raw}), 0o600); err != nil {
		return nil, err
	}
	addr, stop, err := discardGRPC(posts.TLS.Certificates[0])
	if err != nil {
		return nil, err
	}
	defer stop()
	var nanos [2][]float64
	for range size.turns {
		for i, child := range [][2]string{{"grpc-sender", addr}, {"https-sender", posts.URL}} {
			var n float64
			if err := spawn(child[0], strings.Join([]string{child[1], ca, strconv.Itoa(size.sent)}, " "), &n); err != nil {
				return nil, err
			}
			nanos[i] = append(nanos[i], n)
		}
	}
	r := ratio("CPU a record of the process that sends over gRPC : as JSON over HTTPS", median(nanos[0]), median(nanos[1]), 0.6)
	r.note += fmt.Sprintf(", batches of %d, TLS 1.3, not compressed", cpuBatch)
	return []row{r}, nil
}

// discardGRPC is a receiver that takes everything.
func discardGRPC(pair tls.Certificate) (addr string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	r, err := grpc.NewReceiver(func(context.Context, []encode.Record) error { return nil },
		&grpc.ReceiverOptions{TLS: &tls.Config{Certificates: []tls.Certificate{pair}}, Remembered: -1})
	if err != nil {
		return "", nil, err
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = r.Serve(l) })
	return l.Addr().String(), func() {
		_ = r.Stop(context.Background())
		serving.Wait()
	}, nil
}

// runSender sends records and returns the CPU nanoseconds that each took, in this
// process, user and system. What is before the first batch has been answered
// (handshakes, and growing) is not counted.
func runSender(name, arg string) (any, error) {
	fields := strings.Fields(arg)
	if len(fields) != 3 {
		return nil, fmt.Errorf("want an address, a file and a number, got %q", arg)
	}
	sent, err := strconv.Atoi(fields[2])
	if err != nil {
		return nil, err
	}
	secure := &tlsconfig.Options{CAFile: fields[1]}
	var to transport.Destination = grpc.Destination{Addr: fields[0], TLS: secure}
	if name == "https-sender" {
		to = https.Destination{URL: fields[0], TLS: secure, Compression: https.Uncompressed}
	}
	tr, err := to.Open()
	if err != nil {
		return nil, err
	}
	defer tr.Close()
	recs := make([]encode.Record, 10*cpuBatch)
	for i := range recs {
		recs[i] = fiveAttrs(i)
	}
	send := func(n int) error {
		for done := 0; done < n; {
			for batch := range slices.Chunk(recs, cpuBatch) {
				if err := tr.Send(context.Background(), batch); err != nil {
					return err
				}
				done += len(batch)
			}
		}
		return nil
	}
	if err := send(1); err != nil {
		return nil, err
	}
	before := cpuTime()
	if err := send(sent); err != nil {
		return nil, err
	}
	return (cpuTime() - before) / float64(sent), nil
}

// cpuTime is this process's, in nanoseconds.
func cpuTime() float64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail for SELF
	return float64(u.Utime.Nano() + u.Stime.Nano())
}

func median(of []float64) float64 {
	slices.Sort(of)
	return of[len(of)/2]
}
