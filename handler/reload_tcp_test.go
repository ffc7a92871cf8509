package handler_test

import (
	"bufio"
	"encoding/json"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/tcp"
)

// reader is a receiver of JSON lines that acknowledges nothing.
type reader struct {
	listener net.Listener
	group    sync.WaitGroup

	mu  sync.Mutex
	got map[string]int // guarded by mu: by message
}

func startReader(t *testing.T) *reader {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{listener: l, got: make(map[string]int)}
	r.group.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			r.group.Go(func() { r.read(c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		r.group.Wait()
	})
	return r
}

func (r *reader) read(c net.Conn) {
	defer c.Close()
	for lines := bufio.NewScanner(c); lines.Scan(); {
		var rec struct {
			Message string `json:"message"`
			Msg     string `json:"msg"`
		}
		if json.Unmarshal(lines.Bytes(), &rec) == nil {
			r.mu.Lock()
			r.got[rec.Message+rec.Msg]++
			r.mu.Unlock()
		}
	}
}

// A transport without acknowledgements says goodbye to one destination before the
// other gets a record: as both live, what the first one had need not go to the
// second. Nothing is lost.
func TestReloadWithoutAcknowledgements(t *testing.T) {
	readers := []*reader{startReader(t), startReader(t)}
	to := func(i int) route.Route {
		// A reader that a busy machine keeps from reading for the default second has
		// acknowledged nothing: then Close rightly says so, and keeps what was sent.
		to := tcp.Destination{Addr: readers[i%2].listener.Addr().String(), CloseTimeout: 50 * time.Second}
		return route.Route{Name: "main", To: to, Buffer: blocking()}
	}
	h := opened(t, "mapped", []route.Route{to(0)})
	calls, over := produce(h)
	for i := range share(20, 300) {
		awaitCalls(calls, 50)
		mustReload(t, h, nil, to(i+1))
	}
	total := over()
	mustClose(t, h)
	all, twice := make(map[string]int), 0
	for _, r := range readers {
		r.mu.Lock()
		for message, times := range r.got {
			twice += times
			all[message] += times
		}
		r.mu.Unlock()
	}
	twice -= len(all)
	if len(all) != total {
		t.Errorf("lost %d of %d", total-len(all), total)
	}
	t.Logf("%d records, lost %d, duplicates %d", total, total-len(all), twice)
	statsOf(t, h, "main")
}
