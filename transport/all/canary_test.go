package all_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/amqp"
	"github.com/slogship/slogship/transport/elasticsearch"
	"github.com/slogship/slogship/transport/grpc"
	"github.com/slogship/slogship/transport/https"
	"github.com/slogship/slogship/transport/kafka"
	"github.com/slogship/slogship/transport/loki"
	"github.com/slogship/slogship/transport/lumberjack"
	"github.com/slogship/slogship/transport/otlp"
	"github.com/slogship/slogship/transport/relp"
	"github.com/slogship/slogship/transport/sentry"
	"github.com/slogship/slogship/transport/syslog"
	"github.com/slogship/slogship/transport/tcp"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// planted is every secret. It needs no escaping anywhere.
const planted = "c4n4ry-s3cr3t-0815"

// control is in each record: what must be found.
const control = "c0ntr0l-0815"

// withSecrets are the adapters that have credentials or a key file, with the
// planted in every field that holds one, in each of the ways to give it.
func withSecrets(addr, file string, o *tlsconfig.Options) map[string]transport.Destination {
	url := "https://user:" + planted + "@" + addr + "/p?token=" + planted
	plain := "https://" + addr + "/"
	headers := map[string]string{"X-Api-Key": planted, "Authorization": "Bearer " + planted}
	failing := func(context.Context) (string, error) { return "Bearer " + planted, nil }
	return map[string]transport.Destination{
		"https, URL":              https.Destination{URL: url, TLS: o},
		"https, headers":          https.Destination{URL: plain, Headers: headers, TLS: o},
		"https, function":         https.Destination{URL: plain, Authorize: failing, TLS: o},
		"https, token":            https.Destination{URL: plain, TokenFile: file, TLS: o},
		"https, password":         https.Destination{URL: plain, Username: "u", PasswordFile: file, TLS: o},
		"elasticsearch, URL":      elasticsearch.Destination{URLs: []string{"https://u:" + planted + "@" + addr}, TLS: o},
		"elasticsearch, headers":  elasticsearch.Destination{URLs: []string{"https://" + addr}, Headers: headers, TLS: o},
		"elasticsearch, API key":  elasticsearch.Destination{URLs: []string{"https://" + addr}, APIKeyFile: file, TLS: o},
		"elasticsearch, password": elasticsearch.Destination{URLs: []string{"https://" + addr}, Username: "u", PasswordFile: file, TLS: o},
		"loki, URL":               loki.Destination{URL: "https://u:" + planted + "@" + addr, TLS: o},
		"loki, token":             loki.Destination{URL: "https://" + addr, TokenFile: file, TLS: o},
		"sentry, DSN":             sentry.Destination{DSN: "https://" + planted + "@" + addr + "/1", TLS: o},
		"sentry, old DSN":         sentry.Destination{DSN: "https://k:" + planted + "@" + addr + "/1", TLS: o},
		"sentry, key":             sentry.Destination{DSN: "https://" + addr + "/1", KeyFile: file, TLS: o},
		"otlp, headers":           otlp.Destination{URL: "https://" + addr, Headers: headers, TLS: o},
		"otlp+grpc, headers":      otlp.Destination{URL: "https://" + addr, Protocol: otlp.GRPC, Headers: map[string]string{"authorization": planted}, TLS: o},
		"otlp, token":             otlp.Destination{URL: "https://" + addr, TokenFile: file, TLS: o},
		"grpc, function":          grpc.Destination{Addr: addr, Authorize: failing, TLS: o},
		"grpc, token":             grpc.Destination{Addr: addr, TokenFile: file, TLS: o},
		"amqp, password":          amqp.Destination{Addrs: []string{addr}, RoutingKey: "q", Username: "u", Password: planted, TLS: o},
		"amqp, file":              amqp.Destination{Addrs: []string{addr}, RoutingKey: "q", Username: "u", PasswordFile: file, TLS: o},
		"kafka, password":         kafka.Destination{Brokers: []string{addr}, Topic: "t", SASL: &kafka.SASL{Mechanism: kafka.Plain, Username: "u", Password: planted}, TLS: o},
		"kafka, file":             kafka.Destination{Brokers: []string{addr}, Topic: "t", SASL: &kafka.SASL{Username: "u", PasswordFile: file}, TLS: o},
		"tcp":                     tcp.Destination{Addr: addr, TLS: o},
		"syslog":                  syslog.Destination{Addr: addr, TLS: o},
		"relp":                    relp.Destination{Addr: addr, TLS: o},
		"lumberjack":              lumberjack.Destination{Addrs: []string{addr}, TLS: o},
	}
}

// failures are servers that make every kind of failure happen. Each returns an
// address, and how TLS is to be spoken with it.
func failures(t *testing.T, ca *testpki.CA) map[string]func() string {
	return map[string]func() string{
		"refused":  func() string { return closedPort(t) },
		"DNS":      func() string { return "no-such-host-" + "0815.invalid:443" },
		"no TLS":   func() string { return serve(t, nil, func(c net.Conn) { _, _ = c.Write([]byte("hello\r\n")) }) },
		"hangs up": func() string { return serve(t, ca, func(net.Conn) {}) },
		"silent":   func() string { return serve(t, ca, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }) },
		"echoes":   func() string { return serve(t, ca, func(c net.Conn) { _, _ = io.Copy(c, io.LimitReader(c, 1<<20)) }) },
		"HTTP 401": func() string { return serve(t, ca, answers("401 Unauthorized")) },
		"HTTP 400": func() string { return serve(t, ca, answers("400 Bad Request")) },
		"HTTP 500": func() string { return serve(t, ca, answers("500 Oops "+planted)) },
		"redirects": func() string {
			return serve(t, ca, answers("307 Temporary Redirect\r\nLocation: https://x:"+planted+"@127.0.0.1:1/?t="+planted))
		},
		"bad TLS": func() string { return serve(t, testpki.New(t, "theirs"), func(net.Conn) {}) },
	}
}

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// serve talks to each connection, over TLS unless ca is nil.
func serve(t *testing.T, ca *testpki.CA, talk func(net.Conn)) string {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := inner
	if ca != nil {
		l = tls.NewListener(inner, &tls.Config{Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})}})
	}
	var open sync.WaitGroup
	open.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			open.Go(func() {
				defer conn.Close()
				_ = conn.SetDeadline(time.Now().Add(2 * time.Second))
				talk(conn)
			})
		}
	})
	t.Cleanup(func() { l.Close(); open.Wait() })
	return inner.Addr().String()
}

// answers is an HTTP/1.1 server that shows in its answer's body what it was
// sent, as a debugging proxy does.
func answers(status string) func(net.Conn) {
	return func(c net.Conn) {
		r := bufio.NewReader(c)
		var head strings.Builder
		for {
			line, err := r.ReadString('\n')
			head.WriteString(line)
			if err != nil || line == "\r\n" {
				break
			}
		}
		body := fmt.Sprintf("you sent %s", head.String())
		fmt.Fprintf(c, "HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", status, len(body), body)
	}
}

// S10: with secrets in every field of the configuration, every failure happens,
// and everything that anybody could print, store or send on is searched for them.
func TestS10_Canary(t *testing.T) {
	ca, dir := testpki.New(t, "ours"), t.TempDir()
	file := testpki.File(t, dir, "secret", []byte(planted+"\n"))
	o := &tlsconfig.Options{CAFile: testpki.File(t, dir, "ca", ca.PEM)}
	var (
		mu                  sync.Mutex
		scenes, seen, found int
		silent              []string
		wg                  sync.WaitGroup
		slots               = make(chan struct{}, 16)
	)
	for failure, at := range failures(t, ca) {
		for adapter, to := range withSecrets(at(), file, o) {
			name := adapter + ", " + failure
			wg.Go(func() {
				slots <- struct{}{}
				defer func() { <-slots }()
				texts, failed := fail(t, to)
				mu.Lock()
				defer mu.Unlock()
				scenes++
				if strings.Contains(texts["files"], control) {
					found++
				}
				if !failed {
					silent = append(silent, name)
				}
				for what, text := range texts {
					if strings.Contains(text, planted) {
						seen++
						t.Errorf("S10: %s: the secret is in %s: %.300s", name, what, text)
					}
				}
			})
		}
	}
	wg.Wait()
	if len(silent) > scenes/10 {
		t.Errorf("nothing failed in %d of %d scenes: %q", len(silent), scenes, silent)
	}
	if found < scenes*9/10 { // some accept the record, and then it is gone
		t.Errorf("the search found what is there in %d of %d scenes", found, scenes)
	}
	t.Logf("S10: %d scenes, secrets seen %d times; in %d nothing failed", scenes, seen, len(silent))
}

// fail ships a record to a destination that fails, and returns all there is to
// see of it.
func fail(t *testing.T, to transport.Destination) (texts map[string]string, failed bool) {
	dir, err := os.MkdirTemp(t.TempDir(), "buffers")
	if err != nil {
		t.Error(err)
		return nil, false
	}
	var (
		mu    sync.Mutex
		heard []error
		first = make(chan struct{})
		once  sync.Once
	)
	texts = map[string]string{"%v of the destination": fmt.Sprintf("%v", to), "%#v of the destination": fmt.Sprintf("%#v", to), "%+v of the destination": fmt.Sprintf("%+v", to)}
	routes := []route.Route{{Name: "canary", To: to, SendTimeout: time.Second, Buffer: route.Buffer{StallTimeout: time.Minute}}}
	h, err := handler.New(routes, &handler.Options{Dir: dir, MinFree: -1, OnError: func(err error) {
		mu.Lock()
		heard = append(heard, err)
		mu.Unlock()
		once.Do(func() { close(first) })
	}})
	if err != nil {
		t.Errorf("%v", err)
		return texts, true
	}
	slog.New(h).Error("x", "n", control)
	// What is accepted is flushed, so nobody waits for an error that does not come;
	// and no clock decides whether it has come, which a busy machine would lose.
	waiting, enough := context.WithTimeout(context.Background(), time.Minute)
	flushed := make(chan struct{})
	go func() {
		defer close(flushed)
		_ = h.Flush(waiting) // how it ends is seen by what was heard
	}()
	select {
	case <-first:
	case <-flushed:
	}
	enough()
	<-flushed
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	stats, _ := json.Marshal(h.Stats())
	texts["Stats"] = string(stats) + fmt.Sprintf("%+v", h.Stats())
	texts["Explain"] = h.Explain(ctx, slog.NewRecord(time.Now(), slog.LevelError, "x", 0)).String()
	texts["Validate"] = fmt.Sprintf("%+v", handler.Validate(ctx, routes, &handler.Options{Dir: dir}))
	gone, stop := context.WithCancel(ctx)
	stop()
	texts["Close"] = printed(h.Close(gone))
	mu.Lock()
	defer mu.Unlock()
	for _, err := range heard {
		texts["an error"] += printed(err)
	}
	texts["files"] = files(t, dir)
	return texts, len(heard) > 0
}

// printed is an error in every way that it is printed.
func printed(err error) string {
	if err == nil {
		return ""
	}
	text := fmt.Sprintf("%v %+v %#v %s %q", err, err, err, err, err)
	for e := err; e != nil; e = errors.Unwrap(e) {
		j, _ := json.Marshal(e)
		line, _ := (encode.JSONLines{}).AppendRecord(nil, &encode.Record{Attrs: []slog.Attr{slog.Any("err", e)}, Resource: &encode.Resource{}})
		text += fmt.Sprintf(" %#v %s %s", e, j, line)
	}
	return text
}

// files is all that is stored.
func files(t *testing.T, dir string) string {
	var out strings.Builder
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		out.Write(data)
		return err
	})
	if err != nil {
		t.Error(err)
	}
	return out.String()
}
