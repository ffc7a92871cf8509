package group_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

var errDown = errors.New("connection refused")

// node is a member that follows a script, remembers everything, and objects if
// it is called in a way that the contract does not allow. Its fields are set
// before Open, or by do.
type node struct {
	t      testing.TB
	desc   transport.Description
	probes bool // it is a Prober
	holds  bool // it is a Holder, too
	paths  []string

	mu        sync.Mutex // guards all below, and what the scripts use
	down      bool
	slow      time.Duration // how long a Send or Probe takes
	send      func(recs []encode.Record) error
	probe     func() error
	got       []int // in the order in which it took them
	asked     [][]int
	probed    []time.Time
	lost      map[int]bool // places in got that it took back
	unread    int          // of got, the newest
	running   int
	most      int
	probing   bool
	closed    int
	described int
	marks     []any // what the ctx of each Probe had
}

type markKey struct{}

func (n *node) Open() (transport.Transport, error) {
	n.described = 0
	inner := &nodeTransport{n}
	p, h, c := nodeProber{n}, nodeHolder{n}, nodeClient{n}
	switch {
	case n.holds:
		return struct {
			*nodeTransport
			nodeProber
			nodeHolder
		}{inner, p, h}, nil
	case n.probes && n.paths != nil:
		return struct {
			*nodeTransport
			nodeProber
			nodeClient
		}{inner, p, c}, nil
	case n.probes:
		return struct {
			*nodeTransport
			nodeProber
		}{inner, p}, nil
	case n.paths != nil:
		return struct {
			*nodeTransport
			nodeClient
		}{inner, c}, nil
	default:
		return inner, nil
	}
}

type (
	nodeTransport struct{ n *node }
	nodeProber    struct{ n *node }
	nodeHolder    struct{ n *node }
	nodeClient    struct{ n *node }
)

func (c nodeClient) ImportPaths() []string { return c.n.paths }

func (t *nodeTransport) Describe() transport.Description {
	t.n.mu.Lock()
	defer t.n.mu.Unlock()
	if t.n.described++; t.n.described > 1 {
		t.n.t.Error("Describe twice")
	}
	return t.n.desc
}

func (t *nodeTransport) Send(ctx context.Context, recs []encode.Record) error {
	n := t.n
	n.mu.Lock()
	n.running++
	n.most = max(n.most, n.running)
	if n.running > max(n.desc.MaxInFlight, 1) && !n.desc.Direct {
		n.t.Errorf("%d Sends at a time", n.running)
	}
	if n.probing {
		n.t.Error("Send beside a Probe")
	}
	if n.closed > 0 {
		n.t.Error("Send after Close")
	}
	n.asked = append(n.asked, numbers(recs))
	slow := n.slow
	n.mu.Unlock()
	err := pause(ctx, slow)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.running--
	if err == nil {
		err = n.answer(recs)
	}
	out := transport.Classify(err, len(recs))
	for i := range recs {
		if err == nil || out.Batch != nil && out.Batch.Errs[i] == nil {
			n.got = append(n.got, number(&recs[i]))
			n.unread++
		}
	}
	n.takeBack(out.Resend)
	return err
}

func (n *node) answer(recs []encode.Record) error {
	if n.send != nil {
		return n.send(recs)
	}
	if n.down {
		return errDown
	}
	return nil
}

// takeBack notes that the newest k were never read.
func (n *node) takeBack(k int) {
	if n.lost == nil {
		n.lost = map[int]bool{}
	}
	for i := len(n.got) - 1; i >= 0 && k > 0; i-- {
		if !n.lost[i] {
			n.lost[i] = true
			k--
			n.unread--
		}
	}
}

func (p nodeProber) Probe(ctx context.Context) error {
	n := p.n
	n.mu.Lock()
	if n.running > 0 || n.probing {
		n.t.Error("Probe beside a Send or a Probe")
	}
	n.probing = true
	n.probed = append(n.probed, time.Now())
	n.marks = append(n.marks, ctx.Value(markKey{}))
	slow := n.slow
	n.mu.Unlock()
	err := pause(ctx, slow)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.probing = false
	switch {
	case err != nil:
		return err
	case n.probe != nil:
		err = n.probe()
	case n.down:
		err = errDown
	}
	n.takeBack(transport.Classify(err, 1).Resend)
	return err
}

func (h nodeHolder) Held() int {
	n := h.n
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.running > 0 {
		n.t.Error("Held beside a Send")
	}
	return n.unread
}

func (t *nodeTransport) Close() error {
	t.n.mu.Lock()
	defer t.n.mu.Unlock()
	if t.n.closed++; t.n.closed > 1 || t.n.probing {
		t.n.t.Error("Close twice, or beside a Probe")
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) error {
	if d > 0 {
		select {
		case <-time.After(d):
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

func (n *node) do(change func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	change()
}

func (n *node) set(down bool) { n.do(func() { n.down = down }) }

// says makes the node answer that.
func (n *node) says(err error) {
	n.do(func() { n.send = func([]encode.Record) error { return err } })
}

func (n *node) received() []int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.got)
}

func (n *node) sends() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.asked)
}

func (n *node) beats() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.probed)
}

// acked returns nodes that acknowledge and can be probed.
func acked(t testing.TB, count int) []*node {
	nodes := make([]*node, count)
	for i := range nodes {
		nodes[i] = &node{t: t, probes: true, desc: transport.Description{Acknowledged: true}}
	}
	return nodes
}

func members(nodes []*node) []transport.Destination {
	var all []transport.Destination
	for _, n := range nodes {
		all = append(all, n)
	}
	return all
}

func open(t testing.TB, d transport.Destination) transport.Transport {
	t.Helper()
	tr, err := d.Open()
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	return tr
}

// batch returns the records with the numbers from lo to hi.
func batch(lo, hi int) []encode.Record {
	var recs []encode.Record
	for i := lo; i <= hi; i++ {
		recs = append(recs, recordOf(i))
	}
	return recs
}

func recordOf(i int) encode.Record {
	r := encode.Record{Message: fmt.Sprint(i)}
	binary.BigEndian.PutUint64(r.ID[8:], uint64(i))
	return r
}

func number(r *encode.Record) int { return int(binary.BigEndian.Uint64(r.ID[8:])) }

func numbers(recs []encode.Record) []int {
	var all []int
	for i := range recs {
		all = append(all, number(&recs[i]))
	}
	return all
}

func seq(lo, hi int) []int { return numbers(batch(lo, hi)) }

func wantInts(t testing.TB, what string, got, want []int) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func want[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func mustSend(t testing.TB, tr transport.Transport, recs []encode.Record) {
	t.Helper()
	if err := tr.Send(t.Context(), recs); err != nil {
		t.Fatalf("Send: %v", err)
	}
}

func states(tr transport.Transport) []transport.MemberState { return tr.(transport.Stater).State() }

// active returns the place of the member that a Failover works with.
func active(tr transport.Transport) int {
	return slices.IndexFunc(states(tr), func(s transport.MemberState) bool { return s.Active })
}

func healthy(tr transport.Transport) (which []int) {
	for i, s := range states(tr) {
		if s.Healthy {
			which = append(which, i)
		}
	}
	return which
}

func mustClose(t testing.TB, tr transport.Transport) {
	t.Helper()
	if err := tr.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}
