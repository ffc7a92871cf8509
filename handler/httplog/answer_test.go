package httplog_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/handler/httplog"
)

// abilities names what w can do besides answering.
func abilities(w http.ResponseWriter) string {
	var list []string
	add := func(ok bool, name string) {
		if ok {
			list = append(list, name)
		}
	}
	_, ok := w.(http.Flusher)
	add(ok, "flush")
	_, ok = w.(http.Hijacker)
	add(ok, "hijack")
	_, ok = w.(io.ReaderFrom)
	add(ok, "read")
	_, ok = w.(http.Pusher)
	add(ok, "push")
	return strings.Join(list, " ")
}

// fakes have each combination of abilities that a server could have.
func fakes() map[string]http.ResponseWriter {
	w := httptest.NewRecorder()
	base := struct{ http.ResponseWriter }{w}
	f, h, r, p := fakeFlush{}, fakeHijack{}, fakeRead{}, fakePush{}
	type W = http.ResponseWriter
	return map[string]http.ResponseWriter{
		"none": base,
		"flush": struct {
			W
			fakeFlush
		}{base, f},
		"hijack": struct {
			W
			fakeHijack
		}{base, h},
		"read": struct {
			W
			fakeRead
		}{base, r},
		"push": struct {
			W
			fakePush
		}{base, p},
		"flush hijack": struct {
			W
			fakeFlush
			fakeHijack
		}{base, f, h},
		"flush read": struct {
			W
			fakeFlush
			fakeRead
		}{base, f, r},
		"flush push": struct {
			W
			fakeFlush
			fakePush
		}{base, f, p},
		"hijack read": struct {
			W
			fakeHijack
			fakeRead
		}{base, h, r},
		"flush hijack read": struct {
			W
			fakeFlush
			fakeHijack
			fakeRead
		}{base, f, h, r},
	}
}

type (
	fakeFlush  struct{}
	fakeHijack struct{}
	fakeRead   struct{}
	fakePush   struct{}
)

func (fakeFlush) Flush()                                        {}
func (fakeHijack) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, errors.New("no") }
func (fakeRead) ReadFrom(r io.Reader) (int64, error)            { return io.Copy(io.Discard, r) }
func (fakePush) Push(string, *http.PushOptions) error           { return nil }

// Handlers get exactly the abilities of the server's own writer.
func TestAbilities(t *testing.T) {
	for name, w := range fakes() {
		l, _ := logger(t)
		httplog.Middleware(&httplog.Options{Logger: l})(http.HandlerFunc(func(got http.ResponseWriter, _ *http.Request) {
			if want := strings.TrimPrefix(name, "none"); abilities(got) != want {
				t.Errorf("%s: the handler's can %q", name, abilities(got))
			}
			if inner := got.(interface{ Unwrap() http.ResponseWriter }).Unwrap(); inner != w {
				t.Errorf("%s: Unwrap returns %T", name, inner)
			}
		})).ServeHTTP(w, request("GET", "/"))
	}
}

// The real servers, with what http.ResponseController does.
func TestResponseController(t *testing.T) {
	for major, want := range map[int]string{1: "flush hijack read", 2: "flush push"} {
		r := request("GET", "/things/1")
		r.ProtoMajor = major
		_, body, recs, err := serve(t, httplog.Options{}, r, func(w http.ResponseWriter, r *http.Request) {
			if r.ProtoMajor != major || abilities(w) != want {
				t.Errorf("HTTP/%d: can %q, want %q", r.ProtoMajor, abilities(w), want)
			}
			rc := http.NewResponseController(w)
			for _, err := range []error{rc.SetWriteDeadline(time.Now().Add(time.Minute)), rc.SetReadDeadline(time.Now().Add(time.Minute)), rc.Flush()} {
				if err != nil {
					t.Errorf("HTTP/%d: %v", major, err)
				}
			}
			w.WriteHeader(http.StatusTeapot) // too late: Flush has sent 200
			io.WriteString(w, "x")
		})
		if end := access(t, recs); err != nil || body != "x" || text(end, "http.response.status_code") != "200" || text(end, "http.response.body.size") != "1" {
			t.Errorf("HTTP/%d: %q, %v, %v", major, body, err, end.Attrs)
		}
	}
}

// Files go through the server's own ReadFrom, and are counted.
func TestServeFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, make([]byte, 300_000), 0o600); err != nil {
		t.Fatal(err)
	}
	_, body, recs, err := serve(t, httplog.Options{}, request("GET", "/things/1"), func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, path) })
	if end := access(t, recs); err != nil || len(body) != 300_000 || text(end, "http.response.body.size") != "300000" {
		t.Errorf("%d bytes, %v, %v", len(body), err, end.Attrs)
	}
}

// A connection that was taken over has no status of ours, and still one record.
func TestHijack(t *testing.T) {
	_, body, recs, err := serve(t, httplog.Options{}, request("GET", "/things/1"), func(w http.ResponseWriter, _ *http.Request) {
		conn, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		rw.WriteString("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
		rw.Flush()
	})
	if end := access(t, recs); err != nil || body != "hi" || text(end, "http.response.status_code") != "-" {
		t.Errorf("%q, %v, %v", body, err, end.Attrs)
	}
}
