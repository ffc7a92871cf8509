package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"
)

// receivers are the two destinations. They keep their ports over a kill.
type receivers struct {
	tcp   tcpReceiver
	https httpsReceiver
}

func (r *receivers) start(ctx context.Context) error {
	return errors.Join(r.tcp.start(ctx), r.https.start(ctx))
}

func (r *receivers) kill() {
	r.tcp.kill()
	r.https.kill()
}

// tcpReceiver reads JSON lines, as an agent does. It answers nothing.
type tcpReceiver struct {
	addr    string   // "127.0.0.1:0" before the first start
	account *account //

	listener net.Listener   // made by start, closed by kill
	running  sync.WaitGroup // the accepting goroutine and one per connection

	mu    sync.Mutex            // guards conns
	conns map[*net.TCPConn]bool // open ones; nil after kill
}

// kernelBuffer is what the receiver's kernel may hold of a connection before
// the receiver has read it. The shop's tcp.Destination.WindowBytes has to be larger,
// as these bytes are gone when the receiver is killed.
const kernelBuffer = 256 << 10

func (r *tcpReceiver) start(ctx context.Context) (err error) {
	if r.listener, err = listen(ctx, r.addr); err != nil {
		return err
	}
	r.addr = r.listener.Addr().String()
	r.mu.Lock()
	r.conns = map[*net.TCPConn]bool{}
	r.mu.Unlock()
	r.running.Go(r.accept)
	return nil
}

func (r *tcpReceiver) accept() {
	for {
		c, err := r.listener.Accept()
		if err != nil {
			return // killed
		}
		conn := c.(*net.TCPConn)
		conn.SetReadBuffer(kernelBuffer)
		if !r.adopt(conn) {
			conn.Close()
			return
		}
		r.running.Go(func() { r.read(conn) })
	}
}

// adopt reports false if the receiver was killed while conn was accepted.
func (r *tcpReceiver) adopt(conn *net.TCPConn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conns == nil {
		return false
	}
	r.conns[conn] = true
	return true
}

// read books whole lines only: what a kill has cut off never arrived.
func (r *tcpReceiver) read(conn *net.TCPConn) {
	defer conn.Close()
	for in := bufio.NewReaderSize(conn, 64<<10); ; {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		book(r.account, line)
	}
}

// kill does to the connections what the kernel does for a process that dies
// with unread data: they end with a reset, and the data is gone.
func (r *tcpReceiver) kill() {
	if r.listener == nil {
		return
	}
	r.listener.Close()
	r.mu.Lock()
	for conn := range r.conns {
		conn.SetLinger(0)
		conn.Close()
	}
	r.conns = nil
	r.mu.Unlock()
	r.running.Wait()
}

// httpsReceiver takes batches of JSON lines and answers 204 when it has them.
type httpsReceiver struct {
	addr        string // "127.0.0.1:0" before the first start
	account     *account
	certificate tls.Certificate

	server  *http.Server // made by start, closed by kill
	running sync.WaitGroup
}

func (r *httpsReceiver) start(ctx context.Context) error {
	l, err := listen(ctx, r.addr)
	if err != nil {
		return err
	}
	r.addr = l.Addr().String()
	r.server = &http.Server{
		Handler:   http.HandlerFunc(r.receive),
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{r.certificate}, MinVersion: tls.VersionTLS13},
		ErrorLog:  log.New(io.Discard, "", 0), // handshakes that the kill has cut off
	}
	server := r.server
	r.running.Go(func() { server.ServeTLS(l, "", "") })
	return nil
}

// receive books a batch once all of it is there. A kill between the booking and
// the answer makes the shop send the batch again: these are the duplicates that
// at-least-once delivery speaks of.
func (r *httpsReceiver) receive(w http.ResponseWriter, req *http.Request) {
	body, err := readBody(req)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	for line := range bytes.Lines(body) {
		book(r.account, line)
	}
	w.WriteHeader(http.StatusNoContent)
}

func readBody(req *http.Request) ([]byte, error) {
	if req.Header.Get("Content-Encoding") != "gzip" {
		return io.ReadAll(req.Body)
	}
	unzip, err := gzip.NewReader(req.Body)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(unzip)
}

func (r *httpsReceiver) kill() {
	if r.server == nil {
		return
	}
	r.server.Close() // at once, with the requests that are under way
	r.running.Wait()
}

// book reads a record's number. A line without one is slogship's own, a report
// on what it had to drop, say, and never arrives in a run without losses.
func book(a *account, line []byte) {
	var record struct{ Seq uint64 }
	if json.Unmarshal(line, &record) == nil && record.Seq > 0 {
		a.arrive(record.Seq)
	}
}

// listen tries for a while: between a kill and the restart the port belongs to
// nobody, and the system may lend it for a moment.
func listen(ctx context.Context, addr string) (net.Listener, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
		if err == nil {
			return l, nil
		}
		if pause(ctx, 50*time.Millisecond) != nil {
			return nil, err
		}
	}
}
