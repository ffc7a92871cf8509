package transporttest

import (
	"bufio"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// Peer is one case's receiver, as the suite sees it. The fields are set by
// [Harness].Start and not changed afterwards.
type Peer struct {
	// Kill ends the receiver as SIGKILL would: it drops every connection at
	// once, and connecting fails from then on. It must not wait for a call of
	// Received to return. Leave it nil where connecting is not part of the
	// protocol (datagrams).
	Kill func()

	// Restart brings a killed receiver back at the same address.
	Restart func()

	// Read returns all entries so far in order of arrival, for destinations
	// that are read rather than answer (a file). It replaces Received.
	Read func() []string

	mu      sync.Mutex
	entries []string      // guarded by mu
	life    int           // guarded by mu; counts kills
	changed chan struct{} // guarded by mu; closed and replaced when entries grow
	gate    *gate         // guarded by mu; nil while the receiver answers
}

// gate holds up a receiver that is about to take entries.
type gate struct {
	reached chan struct{} // closed when the first call of Received waits
	opened  chan struct{} // closed when they may go on
	reach   sync.Once
	open    sync.Once
}

func newPeer() *Peer { return &Peer{changed: make(chan struct{})} }

// Received hands over what the receiver has taken: one entry for each record,
// as it stands in the destination's format. The receiver answers after
// Received has returned. While the suite plays a receiver that hangs, Received
// blocks; what a killed receiver hands over is forgotten. It is safe for
// concurrent use.
func (p *Peer) Received(entries ...string) {
	p.mu.Lock()
	life, g := p.life, p.gate
	p.mu.Unlock()
	if g != nil {
		g.reach.Do(func() { close(g.reached) })
		<-g.opened
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if life != p.life {
		return // this receiver was killed before it had taken them
	}
	p.entries = append(p.entries, entries...)
	close(p.changed)
	p.changed = make(chan struct{})
}

// ReceivedLines hands over each line of r as it comes, without its line break,
// until r ends. A line without an end is no entry: the sender has not finished
// it.
func (p *Peer) ReceivedLines(r io.Reader) {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		p.Received(strings.TrimSuffix(line, "\n"))
	}
}

// hang makes the receiver stop in its next call of Received.
func (p *Peer) hang() *gate {
	g := &gate{reached: make(chan struct{}), opened: make(chan struct{})}
	p.mu.Lock()
	p.gate = g
	p.mu.Unlock()
	return g
}

// resume lets a receiver that hangs go on. It is the last thing that touches
// the receiver before the adapter's own cleanup, which may wait for it.
func (p *Peer) resume() {
	p.mu.Lock()
	g := p.gate
	p.gate = nil
	p.mu.Unlock()
	if g != nil {
		g.open.Do(func() { close(g.opened) })
	}
}

// kill ends the receiver; what hangs in Received is forgotten. The connections
// go first: resumed before, the receiver could still answer.
func (p *Peer) kill() {
	p.mu.Lock()
	p.life++
	p.mu.Unlock()
	p.Kill()
	p.resume()
}

// all returns the entries that have arrived, and a channel that is closed when
// there are more (never, for a destination that is read).
func (p *Peer) all() ([]string, <-chan struct{}) {
	if p.Read != nil {
		return p.Read(), nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.entries), p.changed
}

// wait waits until enough reports that what has arrived will do, or the time is
// up. It returns what has arrived and whether it will do.
func (p *Peer) wait(t testing.TB, d time.Duration, enough func(entries []string) bool) ([]string, bool) {
	t.Helper()
	deadline := time.NewTimer(d)
	defer deadline.Stop()
	for {
		entries, changed := p.all()
		if enough(entries) {
			return entries, true
		}
		if p.Read != nil {
			return entries, false // what is read is there when Send returns
		}
		select {
		case <-changed:
		case <-deadline.C:
			return entries, false
		}
	}
}
