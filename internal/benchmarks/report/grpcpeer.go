package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport/grpc"
)

// peer is a receiver in a process of its own. It ends when its standard input does.
type peer struct {
	addr  string
	lines *bufio.Scanner
	cmd   *exec.Cmd
	in    io.WriteCloser
}

func startPeer(name string) (*peer, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &peer{cmd: exec.Command(exe, childArg, name, "")}
	p.cmd.Stderr = os.Stderr
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	p.lines = bufio.NewScanner(out)
	if !p.lines.Scan() {
		p.stop()
		return nil, fmt.Errorf("report: %s: no address", name)
	}
	p.addr = p.lines.Text()
	return p, nil
}

// ask ends the receiver and decodes its last line.
func (p *peer) ask(v any) error {
	p.in.Close()
	last := ""
	for p.lines.Scan() {
		last = p.lines.Text()
	}
	return json.Unmarshal([]byte(last), v)
}

// stop ends the receiver, however it is.
func (p *peer) stop() {
	p.in.Close()
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// latencies are in milliseconds. The first fifth of the records is not in them.
type latencies struct {
	Records, IDs, P50, P99, P999 float64

	Tenth float64 // the p99 of each tenth of a second by itself, and of these the median
}

// receiveGRPC is receive for gRPC. At the end of its input it says how long
// records took to come.
func receiveGRPC(in io.Reader, out io.Writer) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return // the parent sees the end of the pipe
	}
	records, seen := 0, make(map[encode.ID]struct{}, throughputRecords)
	late := make([]time.Duration, 0, 2*throughputRecords)
	var mu sync.Mutex // callbacks of several streams; there is one
	handle := func(_ context.Context, recs []encode.Record) error {
		mu.Lock()
		defer mu.Unlock()
		now := time.Now()
		for i := range recs {
			seen[recs[i].ID] = struct{}{}
			late = append(late, now.Sub(recs[i].Time))
		}
		before := records
		records += len(recs)
		if before/throughputRecords != records/throughputRecords {
			fmt.Fprintln(out, records, len(seen))
		}
		return nil
	}
	// What is in the set needs no second one.
	r, err := grpc.NewReceiver(handle, &grpc.ReceiverOptions{Remembered: -1})
	if err != nil {
		return
	}
	go func() { _ = r.Serve(l) }() // ends with the process
	fmt.Fprintln(out, l.Addr())
	_, _ = io.Copy(io.Discard, in)
	mu.Lock()
	defer mu.Unlock()
	late = late[len(late)/5:] // without the connection, and the first segments
	var tenths []float64
	for tenth := range slices.Chunk(late, 10_000) {
		tenth = slices.Sorted(slices.Values(tenth))
		tenths = append(tenths, tenth[len(tenth)*99/100].Seconds()*1e3)
	}
	slices.Sort(late)
	ms := func(share float64) float64 {
		if len(late) == 0 {
			return -1
		}
		return late[int(share*float64(len(late)-1))].Seconds() * 1e3
	}
	f := latencies{Records: float64(records), IDs: float64(len(seen)), P50: ms(0.5), P99: ms(0.99), P999: ms(0.999), Tenth: -1}
	if len(tenths) > 0 {
		f.Tenth = median(tenths)
	}
	_ = json.NewEncoder(out).Encode(f)
}

// wireBytes sends recs to a receiver in this process and counts what arrives.
func wireBytes(recs []encode.Record) (int64, error) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	l := &countingListener{Listener: inner}
	r, err := grpc.NewReceiver(func(context.Context, []encode.Record) error { return nil }, nil)
	if err != nil {
		return 0, err
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = r.Serve(l) })
	defer serving.Wait()
	defer r.Stop(context.Background())
	tr, err := (grpc.Destination{Addr: inner.Addr().String()}).Open()
	if err != nil {
		return 0, err
	}
	defer tr.Close()
	for batch := range slices.Chunk(recs, 1000) {
		if err := tr.Send(context.Background(), batch); err != nil {
			return 0, err
		}
	}
	return l.bytes.Load(), nil
}

type countingListener struct {
	net.Listener
	bytes atomic.Int64
}

func (l *countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &countingConn{c, &l.bytes}, nil
}

type countingConn struct {
	net.Conn
	bytes *atomic.Int64
}

func (c *countingConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.bytes.Add(int64(n))
	return n, err
}
