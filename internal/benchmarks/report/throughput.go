package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/benchmarks"
	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/internal/codec"
	"github.com/slogship/slogship/internal/deliver"
	"github.com/slogship/slogship/internal/vfs"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/tcp"
)

const throughputRecords = 500_000

// throughput drains a buffer that was filled before over loopback TCP to a
// process that counts ids, and takes the time from the start of the worker to
// the receiver's answer.
func throughput() ([]row, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := exec.Command(exe, childArg, "receiver", "")
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.Start(); err != nil {
		return nil, err
	}
	defer c.Wait() // it ends with the connection
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		return nil, fmt.Errorf("report: receiver: no address")
	}
	rate, ids, err := drain(tcp.Destination{Addr: lines.Text()}, lines)
	if err != nil {
		_ = c.Process.Kill()
		return nil, err
	}
	return []row{
		{what: "buffer to loopback TCP as JSON lines, both ends", got: rate / 1e6, budget: 1, unit: "M records/s", atLeast: true},
		{what: "… different ids received", got: ids, budget: throughputRecords, atLeast: true},
	}, nil
}

// drain fills a buffer, sends it to the receiver, and asks that what came.
func drain(to transport.Destination, answer *bufio.Scanner) (rate, ids float64, err error) {
	dir, err := os.MkdirTemp("", "slogship-drain-")
	if err != nil {
		return 0, 0, err
	}
	defer os.RemoveAll(dir)
	b, err := buffer.Open(vfs.OS{}, dir, &buffer.Options{MaxBytes: 2 << 30, StallTimeout: 5 * time.Second, NewID: func() [16]byte { return [16]byte{1} }})
	if err != nil {
		return 0, 0, err
	}
	defer b.Close()
	if err := fill(b, throughputRecords); err != nil {
		return 0, 0, err
	}
	tr, err := to.Open()
	if err != nil {
		return 0, 0, err
	}
	b.Stop()
	start := time.Now()
	w := deliver.Start(&deliver.Options{Route: "drain", Buffer: b, Transport: tr})
	defer w.Close(context.Background())
	if !answer.Scan() {
		return 0, 0, fmt.Errorf("report: receiver: no answer")
	}
	took, n := time.Since(start), 0
	if _, err := fmt.Sscan(answer.Text(), &n, &ids); err != nil {
		return 0, 0, err
	}
	return float64(n) / took.Seconds(), ids, nil
}

// fill appends n records with the budgets' attributes and ids of their own.
func fill(b *buffer.Buffer, n int) error {
	attrs, ids, p := benchmarks.Attrs(), encode.NewIDSource(), []byte(nil)
	for range n {
		now := time.Now()
		p = codec.AppendHeader(p[:0], &codec.Header{ID: ids.Next(now), Time: now, Observed: now, Message: "request served"})
		for _, a := range attrs {
			p = codec.AppendAttr(p, a)
		}
		if _, err := b.Append(context.Background(), buffer.Record{Payload: p, Sum: buffer.Sum(p), Level: 2, Time: now.UnixNano()}); err != nil {
			return err
		}
	}
	return nil
}
