// Command mtls ships over TLS with client certificates, and rotates the client's
// certificate while records flow: no restart, nothing lost.
//
//	go run ./examples/mtls
//
// It makes an authority and certificates in a directory of its own. In a service
// the files are mounted, and whatever renews them (cert-manager, Vault, certbot)
// writes them in their places, one after the other or by swapping a link.
package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/tcp"
	"github.com/slogship/slogship/transport/tlsconfig"
)

func main() {
	dir, err := os.MkdirTemp("", "slogship-mtls")
	if err == nil {
		defer os.RemoveAll(dir)
		err = run(context.Background(), dir, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "mtls:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir string, out io.Writer) error {
	ca, err := newAuthority(filepath.Join(dir, "ca.pem"))
	if err != nil {
		return err
	}
	cert, key := filepath.Join(dir, "client.pem"), filepath.Join(dir, "client.key")
	if err := ca.issue("shop, first certificate", cert, key); err != nil {
		return err
	}
	r, err := receive(ca)
	if err != nil {
		return err
	}
	defer r.close()
	h, err := handler.New([]route.Route{{
		Name: "collector",
		To: tcp.Destination{Addr: r.Addr().String(), TLS: &tlsconfig.Options{
			CAFile: filepath.Join(dir, "ca.pem"), CertFile: cert, KeyFile: key,
		}},
	}}, &handler.Options{Dir: filepath.Join(dir, "buffers")})
	if err != nil {
		return err
	}
	const each = 1000
	ship(h, each)
	for deadline := time.Now().Add(time.Minute); !r.saw("shop, first certificate"); {
		if time.Now().After(deadline) {
			return errors.Join(errNotSent, h.Close(ctx))
		}
		time.Sleep(10 * time.Millisecond)
	}
	if err := ca.issue("shop, second certificate", cert, key); err != nil {
		return errors.Join(err, h.Close(ctx))
	}
	// A connection that is up goes on until the files are looked at, every 5 s;
	// then the next Send makes a new one. Records flow meanwhile.
	sent := each
	for deadline := time.Now().Add(time.Minute); !r.saw("shop, second certificate"); sent++ {
		if time.Now().After(deadline) {
			return errors.Join(errNotRotated, h.Close(ctx))
		}
		ship(h, 1)
		time.Sleep(50 * time.Millisecond) // the pace of a quiet service
	}
	if err := h.Close(ctx); err != nil {
		return err
	}
	r.close()
	return r.report(out, sent)
}

var (
	errNotSent    = errors.New("no record came within a minute")
	errNotRotated = errors.New("the new certificate was not used within a minute")
	errLost       = errors.New("records are missing")
)

// ship logs n records.
func ship(h *handler.Handler, n int) {
	log := slog.New(h)
	for i := range n {
		log.Info("order paid", "order", i)
	}
}

// receiver is a collector that wants a client certificate, and counts lines by
// whose it was.
type receiver struct {
	net.Listener
	open sync.WaitGroup

	mu    sync.Mutex
	lines map[string]map[string]bool // by certificate, then line: a break repeats some
}

func receive(ca *authority) (*receiver, error) {
	config, err := ca.server("collector")
	if err != nil {
		return nil, err
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		return nil, err
	}
	r := &receiver{Listener: l, lines: make(map[string]map[string]bool)}
	r.open.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			r.open.Go(func() { r.read(conn.(*tls.Conn)) })
		}
	})
	return r, nil
}

func (r *receiver) read(conn *tls.Conn) {
	defer conn.Close()
	if conn.Handshake() != nil {
		return // without a certificate, or with one of somebody else's
	}
	name := conn.ConnectionState().PeerCertificates[0].Subject.CommonName
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		r.mu.Lock()
		if r.lines[name] == nil {
			r.lines[name] = make(map[string]bool)
		}
		r.lines[name][lines.Text()] = true
		r.mu.Unlock()
	}
}

func (r *receiver) saw(name string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.lines[name]) > 0
}

// close may be called twice. It returns when all connections have ended.
func (r *receiver) close() {
	_ = r.Listener.Close()
	r.open.Wait()
}

func (r *receiver) report(out io.Writer, sent int) error {
	all := make(map[string]bool)
	for name, lines := range r.lines {
		fmt.Fprintf(out, "%s: %d records\n", name, len(lines))
		for line := range lines {
			all[line] = true
		}
	}
	fmt.Fprintf(out, "sent %d, received %d, lost %d\n", sent, len(all), sent-len(all))
	if len(all) != sent {
		return errLost
	}
	return nil
}
