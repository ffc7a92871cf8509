package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/internal/benchmarks"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/grpc"
	"github.com/slogship/slogship/transport/tcp"
)

// grpcSize is how much the rows about gRPC send.
type grpcSize struct {
	drains  int           // of 500,000 records each, beside as many over TCP
	paced   time.Duration // at 100,000 records/s
	entries int           // of which the bytes are counted
	sent    int           // of which the CPU time is taken, and as often over HTTPS
	turns   int           // so often
}

var grpcUsual = grpcSize{drains: 3, paced: 5 * time.Second, entries: 20_000, sent: 300_000, turns: 5}

// grpcRows are the figures of the gRPC transport.
func grpcRows(size grpcSize) ([]row, error) {
	var rows []row
	for _, measure := range []func(grpcSize) ([]row, error){grpcRate, grpcLatency, grpcBytes, grpcCPU} {
		more, err := measure(size)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

// grpcRate drains the same buffer over TCP and over gRPC, in turns, each to a
// process that looks at all ids; the best of each counts, as the machine's other
// work can only slow them down.
func grpcRate(size grpcSize) ([]row, error) {
	var best [2]float64
	var lost float64
	for range size.drains {
		for i, name := range []string{"receiver", "grpc-receiver"} {
			rate, ids, err := drainTo(name)
			if err != nil {
				return nil, err
			}
			best[i] = max(best[i], rate)
			lost += throughputRecords - ids
		}
	}
	note := fmt.Sprintf("%.4g M/s / %.4g M/s", best[1]/1e6, best[0]/1e6)
	return []row{
		{what: "buffer to loopback gRPC, acknowledged : to loopback TCP, records/s", got: best[1] / best[0], budget: 0.5, unit: "×", atLeast: true, note: note},
		{what: "… ids missing", got: lost, budget: 0},
	}, nil
}

func drainTo(name string) (rate, ids float64, err error) {
	p, err := startPeer(name)
	if err != nil {
		return 0, 0, err
	}
	defer p.stop()
	var to transport.Destination = grpc.Destination{Addr: p.addr}
	if name == "receiver" {
		to = tcp.Destination{Addr: p.addr}
	}
	return drain(to, p.lines)
}

// grpcLatency logs 100,000 records a second through a handler and a durable route,
// to a process that compares each record's time with its own clock, which is the
// same.
func grpcLatency(size grpcSize) ([]row, error) {
	p, err := startPeer("grpc-receiver")
	if err != nil {
		return nil, err
	}
	defer p.stop()
	logged, err := logPaced(p.addr, size.paced)
	if err != nil {
		return nil, err
	}
	var f latencies
	if err := p.ask(&f); err != nil {
		return nil, err
	}
	note := fmt.Sprintf("%.0f records in %v, p50 %.3g ms, p99.9 %.3g ms", f.Records, size.paced, f.P50, f.P999)
	return []row{
		{what: "gRPC at 100,000 records/s, from the log call to the receiver's callback, p99", got: f.P99, budget: 5, unit: "ms", note: note},
		// A process that is off the CPU for 50 ms delays 5,000 records: on a machine with
		// other work the row above tells of that, and this one of the transport.
		{what: "… p99 of a tenth of a second, the median of all", got: f.Tenth, budget: 5, unit: "ms"},
		{what: "… records missing", got: float64(logged) - f.IDs, budget: 0},
	}, nil
}

func logPaced(addr string, d time.Duration) (logged int, err error) {
	dir, err := os.MkdirTemp("", "slogship-grpc-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	h, err := handler.New([]route.Route{{Name: "grpc", To: grpc.Destination{Addr: addr}}}, &handler.Options{Dir: dir})
	if err != nil {
		return 0, err
	}
	const rate = 100_000
	l, ctx, start := slog.New(h), context.Background(), time.Now()
	for {
		elapsed := time.Since(start)
		if elapsed >= d {
			break
		}
		for due := int(elapsed.Seconds() * rate); logged < due; logged++ {
			call(l, ctx)
		}
		time.Sleep(50 * time.Microsecond) // a pace, not a wait
	}
	done, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return logged, h.Close(done)
}

// grpcBytes compares what goes over the wire for a record, headers of HTTP/2 and
// requests included, with the record's line of JSON.
func grpcBytes(size grpcSize) ([]row, error) {
	var rows []row
	for _, c := range []struct {
		what   string
		record func(i int) encode.Record
		budget float64
	}{
		{"bytes an entry over gRPC : as JSON, five attributes and ids", fiveAttrs, 0.45},
		{"… trace id, time, level and message", traceOnly, 1.0 / 3},
		{"… and the record's id", traceAndID, 1.0 / 3},
	} {
		recs := make([]encode.Record, size.entries)
		text := 0
		for i := range recs {
			recs[i] = c.record(i)
			line, err := encode.JSONLines{}.AppendRecord(nil, &recs[i])
			if err != nil {
				return nil, err
			}
			text += len(line)
		}
		wire, err := wireBytes(recs)
		if err != nil {
			return nil, err
		}
		n := float64(size.entries)
		rows = append(rows, row{what: c.what, got: float64(wire) / float64(text), budget: c.budget, unit: "×",
			note: fmt.Sprintf("%.4g / %.4g bytes", float64(wire)/n, float64(text)/n)})
	}
	return rows, nil
}

// fiveAttrs is a request that was served, each with values of its own.
func fiveAttrs(i int) encode.Record {
	rec := traceAndID(i)
	rec.Trace.SpanID, rec.Trace.Flags = [8]byte(rec.ID[8:]), 1
	rec.Attrs = []slog.Attr{
		slog.String("method", []string{"GET", "POST"}[i%2]), slog.String("path", fmt.Sprintf("/api/v1/orders/%d", 1000+i)),
		slog.Int("status", 200), slog.Int("bytes", 40_000+i), slog.Duration("took", time.Millisecond+time.Duration(i)*time.Microsecond),
	}
	return rec
}

func traceAndID(i int) encode.Record {
	rec := traceOnly(i)
	rec.ID = encode.ID(rec.Trace.TraceID)
	return rec
}

// nobody is the resource of all, as records of one process share one. Never
// written to.
var nobody = &encode.Resource{}

func traceOnly(i int) encode.Record {
	rec := *benchmarks.Record()
	rec.Trace.TraceID = rec.ID
	rec.ID, rec.Attrs, rec.Resource = encode.ID{}, nil, nobody
	rec.Message = []string{"request served", "cache refreshed", "order placed"}[i%3]
	return rec
}
