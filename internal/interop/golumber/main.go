// Command golumber is the server of github.com/elastic/go-lumber as a process
// that can be killed: it writes each event as it came, a line each, to a file,
// and acknowledges a window when all of it is written. Both take it some
// milliseconds, as they take a Logstash with filters and outputs: else hardly a
// kill would meet a window that has no answer.
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"time"

	"github.com/elastic/go-lumber/lj"
	server "github.com/elastic/go-lumber/server/v2"
)

func main() {
	addr := flag.String("addr", "", "where to listen")
	out := flag.String("out", "", "the file to write to")
	ca := flag.String("ca", "", "the authority of clients; with it TLS is on")
	cert := flag.String("cert", "", "the server's certificate")
	key := flag.String("key", "", "its key")
	version := flag.Bool("version", false, "print the version of go-lumber and exit")
	flag.Parse()
	if *version {
		printVersion()
		return
	}
	if err := serve(*addr, *out, *ca, *cert, *key); err != nil {
		log.Fatal(err)
	}
}

func printVersion() {
	info, _ := debug.ReadBuildInfo()
	for _, dep := range info.Deps {
		if dep.Path == "github.com/elastic/go-lumber" {
			os.Stdout.WriteString(dep.Version + "\n")
		}
	}
}

func serve(addr, out, ca, cert, key string) error {
	f, err := os.OpenFile(out, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	options := []server.Option{server.JSONDecoder(keep), server.Keepalive(3 * time.Millisecond)}
	if ca != "" {
		config, err := clientTLS(ca, cert, key)
		if err != nil {
			return err
		}
		options = append(options, server.TLS(config))
	}
	s, err := server.ListenAndServe(addr, options...)
	if err != nil {
		return err
	}
	for batch := range s.ReceiveChan() {
		work()
		if err := write(f, batch); err != nil {
			return err
		}
		work()
		batch.ACK()
	}
	return nil
}

// work is what Logstash would do with a window now, so long that go-lumber has
// acks of 0 to send meanwhile.
func work() { time.Sleep(rand.N(10 * time.Millisecond)) }

// keep takes an event as it is: what is compared is what was sent, and not
// what a decoder and an encoder make of it.
func keep(data []byte, event any) error {
	*event.(*any) = bytes.Clone(data) // data is the reader's
	return nil
}

var errEvent = errors.New("an event that keep has not made")

// write is one write, so that a kill leaves at most one torn line.
func write(w io.Writer, batch *lj.Batch) error {
	var lines []byte
	for _, e := range batch.Events {
		data, ok := e.([]byte)
		if !ok {
			return errEvent
		}
		lines = append(append(lines, data...), '\n')
	}
	_, err := w.Write(lines)
	return err
}

func clientTLS(ca, cert, key string) (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, err
	}
	authority, err := os.ReadFile(ca)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authority)
	return &tls.Config{
		Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert, MinVersion: tls.VersionTLS13,
	}, nil
}
