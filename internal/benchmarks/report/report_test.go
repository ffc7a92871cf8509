package main

import (
	"bufio"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Every row's function runs and yields rows that can be judged. Whether a
// budget is met is the report's matter: a test that fails with the machine's
// mood is soon ignored.
func TestGroups(t *testing.T) {
	for name, measure := range map[string]func() ([]row, error){
		"handlers": func() ([]row, error) { return handlers(1) },
		"paced":    func() ([]row, error) { return paced(20) },
		"enabled":  func() ([]row, error) { return enabled(1) },
		"sealing":  func() ([]row, error) { return sealing(1) },
		"routing":  func() ([]row, error) { return routing(1) },
		"overload": func() ([]row, error) { return overloads(1) },
		"stores":   func() ([]row, error) { return stores(1) },
		"encoders": func() ([]row, error) { return encoders(1) },
		"distant":  func() ([]row, error) { return distant(2) },
		"grpc":     func() ([]row, error) { return grpcBytes(grpcSize{entries: 200}) },
	} {
		t.Run(name, func(t *testing.T) {
			rows, err := measure()
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				if r.what == "" || r.got != r.got {
					t.Errorf("not a figure: %v", r)
				}
			}
		})
	}
}

// TestOTLP: both sides deliver what they log.
func TestOTLP(t *testing.T) {
	posts := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	defer posts.Close()
	for _, name := range []string{"otlp-slogship", "otlp-sdk"} {
		if nanos, err := runOTLP(name, posts.URL+" 1"); err != nil || nanos.(float64) <= 0 {
			t.Errorf("%s: %v, %v", name, nanos, err)
		}
	}
}

func TestOutage(t *testing.T) {
	f, err := runOutage(outageTask{For: 50 * time.Millisecond})
	if err != nil || f.Calls != 10000 || f.P999Micros <= 0 {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestDisk(t *testing.T) {
	f, err := runDisk(1 << 20)
	if err != nil || f.LoggedMiB != 1 || f.Dropped != 0 {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestBacklog(t *testing.T) {
	dir := t.TempDir()
	if err := fillBacklog(dir, 1<<20); err != nil {
		t.Fatal(err)
	}
	f, err := runBacklog(dir)
	if err != nil || f.Recovered < 1000 || f.FirstMillis <= 0 {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestRowJudges(t *testing.T) {
	for _, c := range []struct {
		r    row
		want bool
	}{
		{row{got: 1, budget: 1}, true}, {row{got: 2, budget: 1}, false},
		{row{got: 1, budget: 1, atLeast: true}, true}, {row{got: 0.5, budget: 1, atLeast: true}, false},
		{ratio("", 1, 2, 0.5), true}, {ratio("", 2, 1, 0.5), false},
		{faster("", 1, 20, 20), true}, {faster("", 2, 20, 20), false},
	} {
		if got := c.r.ok(); got != c.want {
			t.Errorf("%v: ok %v, want %v", c.r, got, c.want)
		}
	}
}

func TestBeyond(t *testing.T) {
	spin := func(n int) { time.Sleep(time.Duration(n) * time.Microsecond) }
	more := beyond(3, subject{func(int) {}, 10}, subject{spin, 1000}, subject{func(int) {}, 10})
	if more[0] < 900 || more[1] > more[0] {
		t.Errorf("1 µs an operation is %v ns beyond nothing, nothing is %v ns", more[0], more[1])
	}
}

// One subject that takes a thousand times as long has to come out as slower.
func TestCompareKeepsOrder(t *testing.T) {
	spin := func(n int) { time.Sleep(time.Duration(n) * time.Microsecond) }
	m := compare(3, subject{func(int) {}, 10}, subject{spin, 10000})
	if m[0] >= m[1] {
		t.Errorf("an empty subject took %v ns, one that sleeps %v ns", m[0], m[1])
	}
}

func TestChosen(t *testing.T) {
	if all, err := chosen(nil, usual); err != nil || len(all) != len(groups(usual)) {
		t.Errorf("%d of %d, %v", len(all), len(groups(usual)), err)
	}
	if two, err := chosen([]string{"outage", "calls"}, usual); err != nil || len(two) != 2 || two[0].name != "outage" {
		t.Errorf("%v, %v", two, err)
	}
	if _, err := chosen([]string{"nothing"}, usual); err == nil {
		t.Error("an unknown name passes")
	}
}

// The sender of the CPU row is tried in this process: as a child it would be this
// test's own binary.
func TestGRPCSender(t *testing.T) {
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	addr, stop, err := discardGRPC(server.TLS.Certificates[0])
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	if nanos, err := runSender("grpc-sender", addr+" "+ca+" 1000"); err != nil || nanos.(float64) <= 0 {
		t.Errorf("%v, %v", nanos, err)
	}
}

func TestGRPCPeer(t *testing.T) {
	in, ended := io.Pipe()
	out, addr := io.Pipe()
	done := make(chan struct{})
	go func() { defer close(done); receiveGRPC(in, addr); addr.Close() }()
	lines := bufio.NewScanner(out)
	lines.Scan()
	logged, err := logPaced(lines.Text(), 20*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	ended.Close()
	var f latencies
	if lines.Scan(); json.Unmarshal(lines.Bytes(), &f) != nil || f.IDs != float64(logged) || f.P99 <= 0 {
		t.Errorf("logged %d, the receiver has %+v", logged, f)
	}
	<-done
}
