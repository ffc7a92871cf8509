package amqp_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/internal/netfault"
	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/amqp"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// What the broker says on connecting is the error, and it is about nobody's
// record. None of it shows the password (S10), however it is repeated.
func TestS10_Refusals(t *testing.T) {
	drop := func(*client) error { return errEOF }
	closes := func(code uint16, text string) func(*client) error {
		return func(c *client) error { c.closeConnection(code, text); return nil }
	}
	closesChannel := func(code uint16, text string) func(*client) error {
		return func(c *client) error { c.closeChannel(code, text); return nil }
	}
	for _, c := range []struct {
		name   string
		method uint32
		refuse func(*client) error
		want   func(error) bool
	}{
		{"login dropped", connStartOK, drop, func(err error) bool { return errors.Is(err, amqp.ErrLogin) }},
		{"login refused", connStartOK, closes(403, "ACCESS_REFUSED for "+password+"\x1b[31m\n"), func(err error) bool { return code(err) == 403 }},
		{"no such virtual host", connOpen, closes(530, "NOT_ALLOWED - vhost "+fmt.Sprintf("%q", password)), func(err error) bool { return code(err) == 530 }},
		{"no channel", chanOpen, closes(504, "CHANNEL_ERROR"), func(err error) bool { return code(err) == 504 }},
		{"no such exchange", exchDeclare, closesChannel(404, "NOT_FOUND - no exchange 'logs'"), func(err error) bool { return code(err) == 404 }},
		{"declared differently", queueDeclare, closesChannel(406, "PRECONDITION_FAILED - inequivalent arg"), func(err error) bool { return code(err) == 406 }},
		{"no confirms", confirmSelect, closesChannel(540, "NOT_IMPLEMENTED"), func(err error) bool { return code(err) == 540 }},
		{"shut down", basicPublish, closes(320, "CONNECTION_FORCED - broker forced connection closure"), func(err error) bool { return code(err) == 320 }},
		{"no permission", basicPublish, closesChannel(403, "ACCESS_REFUSED - write access to exchange 'logs'"), func(err error) bool { return code(err) == 403 }},
		{"dies", basicPublish, drop, func(err error) bool { return true }},
		{"nonsense", connTuneOK, func(c *client) error { c.write(99, 7, []byte("x")); return nil }, func(err error) bool { return true }},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &broker{refuse: map[uint32]func(*client) error{c.method: c.refuse}}
			tr := open(t, amqp.Destination{
				Addrs: []string{b.listen(t)}, Exchange: "logs", Username: "shop", Password: password, AllowPlaintext: true,
				Declare: &amqp.Topology{Queues: []amqp.Queue{{Name: "q"}}},
			})
			for range 2 {
				err := send(t, tr, numbered(3))
				if !plain(err) || !c.want(err) {
					t.Errorf("got %v", err)
				}
				if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, password) || strings.ContainsAny(text, "\x1b\n") {
					t.Errorf("the error shows too much: %q", text)
				}
			}
			if text := fmt.Sprintf("%v %+v %#v", amqp.Destination{Password: password}, amqp.Destination{Password: password}, amqp.Destination{Password: password}); strings.Contains(text, password) {
				t.Errorf("a Destination shows its password: %s", text)
			}
		})
	}
}

// A password that is corrected is used with the next connection, from a file and
// from a func; guest is what one is by default.
func TestCredentials(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("wrong\n")
	right := "PLAIN \x00shop\x00right"
	b := &broker{}
	b.refuse = map[uint32]func(*client) error{connOpen: func(c *client) error {
		logins := b.noted(&b.logins)
		if last := logins[len(logins)-1]; last != right && !strings.Contains(last, "guest\x00guest") {
			c.closeConnection(403, "ACCESS_REFUSED")
			return nil
		}
		c.method(0, connOpenOK, short(""))
		return nil
	}}
	addrs, now := []string{b.listen(t)}, "wrong"
	fromFile := open(t, amqp.Destination{Addrs: addrs, Username: "shop", PasswordFile: file, AllowPlaintext: true})
	fromFunc := open(t, amqp.Destination{Addrs: addrs, AllowPlaintext: true, Credentials: func(context.Context) (string, string, error) {
		if now == "" {
			return "", "", os.ErrPermission
		}
		return "shop", now, nil
	}})
	for _, tr := range []transport.Transport{fromFile, fromFunc} {
		if err := send(t, tr, numbered(1)); code(err) != 403 {
			t.Errorf("want 403, got %v", err)
		}
	}
	write("")
	if err := send(t, fromFile, numbered(1)); !plain(err) || !errors.Is(err, amqp.ErrCredentials) {
		t.Errorf("an empty file: %v", err)
	}
	now = ""
	if err := send(t, fromFunc, numbered(1)); !plain(err) || !errors.Is(err, amqp.ErrCredentials) || !errors.Is(err, os.ErrPermission) {
		t.Errorf("a func that fails: %v", err)
	}
	write(" right\n")
	now = "right"
	for _, tr := range []transport.Transport{fromFile, fromFunc, open(t, amqp.Destination{Addrs: addrs})} {
		if err := send(t, tr, numbered(1)); err != nil {
			t.Error(err)
		}
	}
}

// The topology is declared in order on each connection; a message that came back
// makes it be declared again before its record is given up.
func TestDeclare(t *testing.T) {
	var got inbox
	lost := map[string]int{"gone": 1, "never": 100}
	b := &broker{on: func(c *client, m message) error {
		got.add(m)
		if lost[m.body] > 0 {
			lost[m.body]--
			c.back(m, "NO_ROUTE")
		}
		c.ack(m.tag)
		return nil
	}}
	tr := open(t, amqp.Destination{
		Addrs: []string{b.listen(t)}, Exchange: "logs",
		Declare: &amqp.Topology{
			Exchanges: []amqp.Exchange{{Name: "logs"}, {Name: "dead", Kind: "fanout"}},
			Queues:    []amqp.Queue{{Name: "all"}, {Name: "old", Kind: "classic", Arguments: map[string]any{"x-max-length": 10}}},
			Bindings:  []amqp.Binding{{Exchange: "logs", Queue: "all", Key: "#"}},
		},
	})
	want := []string{
		"exchange logs topic passive false", "exchange dead fanout passive false",
		"queue all durable true quorum", "queue old durable true classic", "binding all logs #",
	}
	recs := records("a", "gone", "never")
	errs := children(t, send(t, tr, recs), 3)
	if errs[0] != nil || !plain(errs[1]) || !plain(errs[2]) || code(errs[1]) != 312 {
		t.Errorf("at first: %v", errs)
	}
	errs = children(t, send(t, tr, recs[1:]), 2)
	if errs[0] != nil || !permanent(errs[1]) || code(errs[1]) != 312 {
		t.Errorf("after it was declared again: %v", errs)
	}
	if declared := b.noted(&b.declared); !reflect.DeepEqual(declared, append(want, want...)) {
		t.Errorf("declared: %q", declared)
	}
}

// Of several hosts and addresses the one that works is found (T28), and kept.
func TestHosts(t *testing.T) {
	dead, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead.Close()
	netfaultDNS := netfault.NewDNS(t, "127.0.0.1")
	b := &broker{}
	addr := b.listen(t)
	_, port, _ := net.SplitHostPort(addr)
	for range 4 { // whichever is first by chance
		tr := open(t, amqp.Destination{
			Addrs: []string{dead.Addr().String(), "rabbit.example:" + port, "127.0.0.1:1"}, Resolver: netfaultDNS.Resolver(),
		})
		if err := send(t, tr, numbered(1)); err != nil {
			t.Error(err)
		}
		if err := tr.(transport.Prober).Probe(t.Context()); err != nil {
			t.Error(err)
		}
	}
	netfaultDNS.Set()
	tr := open(t, amqp.Destination{Addrs: []string{"rabbit.example:" + port}, Resolver: netfaultDNS.Resolver()})
	if err := send(t, tr, numbered(1)); !plain(err) {
		t.Errorf("a name that does not resolve: %v", err)
	} else if _, ok := errors.AsType[*net.DNSError](err); !ok {
		t.Errorf("want a DNSError, got %v", err)
	}
}

// A connection that breaks while nothing is sent is replaced by the next Send,
// which does not fail for it. A lifetime ends one in order.
func TestIdleConnection(t *testing.T) {
	var last *client
	b := &broker{on: func(c *client, m message) error { last = c; c.ack(m.tag); return nil }}
	proxy := netfault.New(t, b.listen(t))
	tr := open(t, amqp.Destination{Addrs: []string{proxy.Addr()}, Lifetime: time.Hour})
	for range 3 {
		if err := send(t, tr, numbered(1)); err != nil {
			t.Fatal(err)
		}
		last.closeConnection(320, "CONNECTION_FORCED")
		until(t, func() bool { return last.gone() })
	}
	short := open(t, amqp.Destination{Addrs: []string{proxy.Addr()}, Lifetime: time.Nanosecond})
	before := b.connections()
	for range 3 {
		if err := send(t, short, numbered(1)); err != nil {
			t.Fatal(err)
		}
	}
	if n := b.connections() - before; n != 3 {
		t.Errorf("%d connections", n)
	}
}

// With TLS the server is verified, the client is known by its certificate, and
// new files mean a new connection (T30).
func TestExternal(t *testing.T) {
	ca, dir := testpki.New(t, "ours"), t.TempDir()
	issue := func() []byte {
		cert, key := ca.Issue(testpki.Leaf{})
		testpki.File(t, dir, "cert", cert)
		testpki.File(t, dir, "key", key)
		return cert
	}
	issue()
	b := &broker{t: t}
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.serveAll(t, tls.NewListener(inner, &tls.Config{
		Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ca.Pool(),
	}))
	options := &tlsconfig.Options{CAFile: testpki.File(t, dir, "ca", ca.PEM), CertFile: filepath.Join(dir, "cert"), KeyFile: filepath.Join(dir, "key")}
	tr := open(t, amqp.Destination{Addrs: []string{inner.Addr().String()}, External: true, TLS: options})
	if err := send(t, tr, numbered(3)); err != nil {
		t.Fatal(err)
	}
	if logins := b.noted(&b.logins); !reflect.DeepEqual(logins, []string{"EXTERNAL \x00*\x00*"}) {
		t.Errorf("logins: %q", logins)
	}
	other := testpki.New(t, "others")
	stranger := open(t, amqp.Destination{
		Addrs: []string{inner.Addr().String()}, External: true,
		TLS: &tlsconfig.Options{CAFile: testpki.File(t, dir, "other", other.PEM), CertFile: options.CertFile, KeyFile: options.KeyFile},
	})
	if err := send(t, stranger, numbered(1)); !plain(err) {
		t.Errorf("a server that nobody vouches for: %v", err)
	} else if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok {
		t.Errorf("want a CertificateVerificationError, got %v", err)
	}
	if issued := issue(); !bytes.Contains(issued, []byte("CERTIFICATE")) {
		t.Fatal("no certificate")
	}
	until(t, func() bool { // files are looked at every 5 s
		if err := send(t, tr, numbered(1)); err != nil {
			t.Fatal(err)
		}
		return len(b.noted(&b.logins)) == 2
	})
}
