//go:build interop

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// cycle starts a server, has it sent something, kills it, has it sent something
// more in its next life, and returns all that it has.
func cycle(t *testing.T, s setup, send func(at place, seq int)) (got []entry) {
	t.Helper()
	srv, err := newServer(s, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := srv.install(t.Context()); err != nil {
		t.Fatal(err)
	}
	version, err := srv.version(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := srv.start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s, ready after %.1f s", version, time.Since(began).Seconds())
	send(srv.life.at, 0)
	if err := srv.restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	send(srv.life.at, 1)
	if _, err := srv.received(t.Context(), func(e entry) { got = append(got, e) }); err != nil {
		t.Fatal(err)
	}
	if srv.life != nil {
		t.Error("the server still runs")
	}
	return got
}

// keepsBoth fails unless both records of a cycle are there, in order.
func keepsBoth(t *testing.T, got []entry) {
	t.Helper()
	j := newJudge(1, 2)
	for _, e := range got {
		j.take(e)
	}
	if v := j.sentence(); v != (verdict{received: 2}) {
		t.Errorf("%+v of %+v", v, got)
	}
}

func post(t *testing.T, url, kind, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("X-Scope-OrgID", lokiTenant) // nothing to the others
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if says, _ := io.ReadAll(resp.Body); resp.StatusCode/100 != 2 {
		t.Fatalf("%s: %d %s", url, resp.StatusCode, says)
	}
}

func TestLoki(t *testing.T) {
	keepsBoth(t, cycle(t, loki(parseLine), func(at place, seq int) {
		post(t, "http://"+at.addr()+"/loki/api/v1/push", "application/json",
			fmt.Sprintf(`{"streams":[{"stream":{"service_name":"interop"},"values":[["%d",%q,{"a":"b"}]]}]}`, time.Now().UnixNano(), good(0, seq)))
	}))
}

func TestOpenSearch(t *testing.T) {
	keepsBoth(t, cycle(t, opensearch(parseObject), func(at place, seq int) {
		post(t, "http://"+at.addr()+"/_bulk", "application/x-ndjson", fmt.Sprintf("{\"create\":{\"_index\":\"interop\",\"_id\":\"%d\"}}\n%s\n", seq, good(0, seq)))
	}))
}

func TestElasticsearch(t *testing.T) {
	keepsBoth(t, cycle(t, elasticsearchServer(parseObject), func(at place, seq int) {
		post(t, "http://"+at.addr()+"/_bulk?require_data_stream=false&include_source_on_error=false", "application/x-ndjson", fmt.Sprintf("{\"create\":{\"_index\":\"interop\",\"_id\":\"%d\"}}\n%s\n", seq, good(0, seq)))
	}))
}

// The pickle is Python's own, of what SocketHandler sends.
func TestPython(t *testing.T) {
	got := cycle(t, python(parseExtra), func(at place, seq int) {
		send := exec.Command("python3", "-c", `
import json, logging, logging.handlers, sys
host, port, row = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
h = logging.handlers.SocketHandler(host, port)
r = logging.LogRecord("shop", logging.WARNING, "/a.py", 7, row.pop("msg"), None, None)
vars(r).update(row)
h.emit(r)
h.close()
`, "127.0.0.1", at.addr()[strings.LastIndex(at.addr(), ":")+1:], string(good(0, seq)))
		if said, err := send.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
		awaitFile(t, filepath.Join(at.dir, "received", "records"))
	})
	keepsBoth(t, got)
	if f := got[0].Fields; f["levelname"] != "WARNING" || f["levelno"] != 30.0 || f["name"] != "shop" || f["lineno"] != 7.0 {
		t.Errorf("the LogRecord is %v", f)
	}
}

// Graylog's codec reads a message with a zero byte behind it, and one in two
// chunks, and says what it refuses.
func TestGraylog(t *testing.T) {
	got := cycle(t, graylog(parseGELF), func(at place, seq int) {
		raw, err := json.Marshal(map[string]any{
			"version": "1.1", "host": "a", "short_message": message, "_log_id": fmt.Sprint(seq), "_producer": 0, "_seq": seq, "_text": text(0, seq),
		})
		if err != nil {
			t.Fatal(err)
		}
		gelf := string(raw)
		network, parts := "tcp", []string{gelf + "\x00"}
		if seq == 1 {
			network, parts = "udp", []string{"\x1e\x0f12345678\x00\x02" + gelf[:40], "\x1e\x0f12345678\x01\x02" + gelf[40:]}
		}
		conn, err := net.Dial(network, at.addr())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		for _, part := range parts {
			if _, err := io.WriteString(conn, part); err != nil {
				t.Fatal(err)
			}
		}
		awaitFile(t, filepath.Join(at.dir, "received", "messages"))
	})
	keepsBoth(t, got)
}

// A package is there in its environment, with the version that was asked for,
// and the environment is found again without pip.
func TestPipVenv(t *testing.T) {
	for range 2 {
		bin, err := pipVenv(t.Context(), "venv-test", "typing_extensions==4.15.0")
		if err != nil {
			t.Fatal(err)
		}
		ask := exec.Command(filepath.Join(bin, "python3"), "-c", "from importlib.metadata import version; print(version('typing_extensions'))")
		if says, err := ask.CombinedOutput(); err != nil || string(says) != "4.15.0\n" {
			t.Errorf("%s, %v", says, err)
		}
		t.Setenv("PATH", "") // not needed the second time
	}
}

// awaitFile waits until there is something in a file.
func awaitFile(t *testing.T, name string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	err := poll(ctx, func() bool {
		info, err := os.Stat(name)
		return err == nil && info.Size() > 0
	})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}

// relpOpen says hello as a RELP client does and returns the answer.
func relpOpen(t *testing.T, c net.Conn) string {
	t.Helper()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	const offers = "relp_version=0\nrelp_software=interop\ncommands=syslog"
	relpSend(t, c, 1, "open", offers)
	return relpAnswer(t, c)
}

func relpSend(t *testing.T, c net.Conn, txnr int, verb, data string) {
	t.Helper()
	if _, err := fmt.Fprintf(c, "%d %s %d %s\n", txnr, verb, len(data), data); err != nil {
		t.Fatal(err)
	}
}

func relpAnswer(t *testing.T, c net.Conn) string {
	t.Helper()
	var txnr, size int
	var verb string
	if _, err := fmt.Fscanf(oneByte{c}, "%d %s %d", &txnr, &verb, &size); err != nil {
		t.Fatal(err)
	}
	data := make([]byte, size+1) // and the line break
	if _, err := io.ReadFull(c, data); err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// oneByte keeps Fscanf from reading ahead: it takes what ends a number with it,
// and no more.
type oneByte struct{ io.Reader }

func (r oneByte) Read(p []byte) (int, error) { return r.Reader.Read(p[:1]) }

// TestRELP speaks RELP by hand with imrelp, plain and with TLS and a client
// certificate.
func TestRELP(t *testing.T) {
	pki, err := newPKI(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		input rsyslogInput
		dial  func(addr string) (net.Conn, error)
	}{
		{"plain", relpInput(), func(addr string) (net.Conn, error) { return net.Dial("tcp", addr) }},
		{"TLS", relpTLSInput(pki), func(addr string) (net.Conn, error) { return tls.Dial("tcp", addr, clientTLS(t, pki)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			keepsBoth(t, cycle(t, rsyslog(c.input, parseMessage), func(at place, seq int) {
				conn, err := c.dial(at.addr())
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				if says := relpOpen(t, conn); !strings.HasPrefix(says, "200 OK") {
					t.Fatalf("open: %q", says)
				}
				relpSend(t, conn, 2, "syslog", fmt.Sprintf("<13>1 - - - - - - %s", good(0, seq)))
				if says := relpAnswer(t, conn); !strings.HasPrefix(says, "200 OK") {
					t.Fatalf("syslog: %q", says)
				}
			}))
		})
	}
}

func clientTLS(t *testing.T, pki *pki) *tls.Config {
	t.Helper()
	ca, err := os.ReadFile(pki.ca)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	own, err := tls.LoadX509KeyPair(pki.client.cert, pki.client.key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{own}}
}
