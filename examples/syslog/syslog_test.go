package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/slogship/slogship/internal/testpki"
)

// store collects messages.
type store struct {
	mu       sync.Mutex
	messages []string // guarded by mu
}

func (s *store) add(message string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.messages = append(s.messages, message)
}

// want is 22 messages of the shop's, one of which looks like two.
func (s *store) want(t *testing.T, way string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	payments := 0
	for _, m := range s.messages {
		if !strings.HasPrefix(m, "<13") || !strings.Contains(m, " shop ") || strings.ContainsAny(m, "\r\n") {
			t.Errorf("%s: %q is no message of the shop's", way, m) // local0: 128 and the severity
		}
		if strings.Contains(m, " PAYMENT ") && strings.HasPrefix(m, "<131>1 ") && strings.HasSuffix(m, "payment failed") {
			payments++
		}
	}
	if len(s.messages) != 22 || payments != 1 {
		t.Errorf("%s: %d messages, %d of them the failed payment; want 22, 1", way, len(s.messages), payments)
	}
}

// serve gives each TLS connection to handle until the test ends.
func serve(t *testing.T, ca *testpki.CA, handle func(net.Conn) error) (addr string) {
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})}, ClientCAs: ca.Pool(), ClientAuth: tls.RequireAndVerifyClientCert,
	})
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	t.Cleanup(func() { l.Close(); serving.Wait() })
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer c.Close()
				if err := handle(c); err != nil && !errors.Is(err, io.EOF) {
					t.Error(err)
				}
			})
		}
	})
	return l.Addr().String()
}

// counted reads octet-counted messages (RFC 5425 §4.3).
func (s *store) counted(c net.Conn) error {
	r := bufio.NewReader(c)
	for {
		size, err := word(r)
		if err != nil {
			return err
		}
		message, err := data(r, size)
		if err != nil {
			return err
		}
		s.add(message)
	}
}

// relp speaks as much of RELP as a sender needs.
func (s *store) relp(c net.Conn) error {
	r := bufio.NewReader(c)
	for {
		n, err := word(r)
		if err != nil {
			return err
		}
		command, err := word(r)
		if err != nil || command == "close" {
			return errors.Join(err, answer(c, n, ""))
		}
		size, err := word(r)
		if err != nil {
			return err
		}
		message, err := data(r, size)
		if err != nil {
			return err
		}
		r.Discard(1) // the line feed
		if command == "syslog" {
			s.add(message)
		}
		if err := answer(c, n, "200 OK"); err != nil {
			return err
		}
	}
}

func answer(w io.Writer, n, text string) error {
	_, err := fmt.Fprintln(w, strings.TrimSpace(fmt.Sprintf("%s rsp %d %s", n, len(text), text)))
	return err
}

func word(r *bufio.Reader) (string, error) {
	s, err := r.ReadString(' ')
	return strings.TrimSuffix(s, " "), err
}

func data(r io.Reader, size string) (string, error) {
	n, err := strconv.Atoi(size)
	if err != nil {
		return "", err
	}
	b := make([]byte, n)
	_, err = io.ReadFull(r, b)
	return string(b), err
}

// Both ways at once, over TLS with client certificates: each has each message.
func TestBothWays(t *testing.T) {
	ca, dir := testpki.New(t, "ca"), t.TempDir()
	cert, key := ca.Issue(testpki.Leaf{})
	var counted, acked store
	w, err := parse([]string{
		"-tls", serve(t, ca, counted.counted), "-relp", serve(t, ca, acked.relp), "-ca", testpki.File(t, dir, "ca.pem", ca.PEM),
		"-cert", testpki.File(t, dir, "cert.pem", cert), "-key", testpki.File(t, dir, "key.pem", key), "-dir", filepath.Join(dir, "state"),
	}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run(w, &out); err != nil {
		t.Fatal(err)
	}
	counted.want(t, "TLS")
	acked.want(t, "RELP")
	if n := strings.Count(out.String(), "22 delivered, 0 refused, 0 kept"); n != 2 {
		t.Errorf("it says:\n%s", &out)
	}
}

// Without an authority's file RELP is plain.
func TestPlainRELP(t *testing.T) {
	w, err := parse([]string{"-relp", "h:2514", "-dir", "x"}, io.Discard)
	if err != nil || w.relpTo().TLS != nil || len(w.routes()) != 1 {
		t.Errorf("got %+v, %v", w.relpTo(), err)
	}
}

func TestFlags(t *testing.T) {
	if _, err := parse(nil, io.Discard); err == nil {
		t.Errorf("no way at all passes")
	}
	if _, err := parse([]string{"-h"}, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h: %v", err)
	}
}
