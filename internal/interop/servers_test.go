//go:build interop

package main

import (
	"fmt"
	"io"

	"net/http"

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
	resp, err := http.Post(url, kind, strings.NewReader(body))
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
