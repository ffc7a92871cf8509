package main

import (
	"log/slog"
	"sync"
	"time"
)

// ledger has one account per route.
type ledger struct{ console, tcp, https *account }

// The lowest level of each route, which the shop configures and the ledger
// expects.
const (
	consoleFrom = slog.LevelWarn
	tcpFrom     = slog.LevelDebug
	httpsFrom   = slog.LevelInfo
)

func newLedger() *ledger {
	return &ledger{
		console: newAccount("console", consoleFrom),
		tcp:     newAccount("tcp", tcpFrom),
		https:   newAccount("https", httpsFrom),
	}
}

func (l *ledger) accounts() []*account { return []*account{l.console, l.tcp, l.https} }

func (l *ledger) account(route string) *account {
	for _, a := range l.accounts() {
		if a.route == route {
			return a
		}
	}
	return nil
}

// logged books a record whose log call has returned.
func (l *ledger) logged(seq uint64, level slog.Level) {
	for _, a := range l.accounts() {
		if level >= a.from {
			a.owe(seq)
		}
	}
}

// total counts each record once, however many routes it took: it is lost if it
// is missing on one of them. Duplicates are those of all routes.
func (l *ledger) total() figures {
	logged, lost := map[uint64]bool{}, map[uint64]bool{}
	var t figures
	for _, a := range l.accounts() {
		t.duplicates += a.figures().duplicates
		a.each(func(seq uint64, arrived bool) {
			logged[seq] = true
			if !arrived {
				lost[seq] = true
			}
		})
	}
	t.logged, t.lost = len(logged), len(lost)
	t.delivered = t.logged - t.lost
	return t
}

// account holds what one route owes its receiver and what it has delivered.
type account struct {
	route string
	from  slog.Level

	mu      sync.Mutex          // guards all below
	logged  map[uint64]bool     // records whose log call has returned
	arrived map[uint64]int      // how often each record came; also such whose call was cut short
	debt    map[uint64]struct{} // logged and not arrived
	backlog map[uint64]struct{} // the part of debt that was there when the receiver came back
	back    time.Time           // when that was; zero before
	drain   time.Duration       // from then until backlog was empty; zero if it never was or is not yet
	largest int64               // bytes buffered, the most that was told
}

func newAccount(route string, from slog.Level) *account {
	return &account{
		route: route, from: from,
		logged: map[uint64]bool{}, arrived: map[uint64]int{}, debt: map[uint64]struct{}{},
	}
}

// owe books a record that the route has to deliver. Its arrival may have been
// booked already: receiver and witness are two pipes.
func (a *account) owe(seq uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.logged[seq] = true
	if a.arrived[seq] == 0 {
		a.debt[seq] = struct{}{}
	}
}

func (a *account) arrive(seq uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.arrived[seq]++
	delete(a.debt, seq)
	if _, ok := a.backlog[seq]; !ok {
		return
	}
	delete(a.backlog, seq)
	if len(a.backlog) == 0 {
		a.drain = time.Since(a.back)
	}
}

// receiverIsBack starts the clock for the time to drain.
func (a *account) receiverIsBack() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.back = time.Now()
	a.backlog = make(map[uint64]struct{}, len(a.debt))
	for seq := range a.debt {
		a.backlog[seq] = struct{}{}
	}
}

func (a *account) buffered(bytes int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.largest = max(a.largest, bytes)
}

// each calls f with every record that was logged.
func (a *account) each(f func(seq uint64, arrived bool)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for seq := range a.logged {
		f(seq, a.arrived[seq] > 0)
	}
}

// figures is one line of the report.
type figures struct {
	logged, delivered, duplicates, lost int

	waiting int           // what is left of the backlog
	cut     int           // arrived, although SIGKILL cut their log call short
	largest int64         // bytes
	drain   time.Duration // zero: there was nothing to drain
}

func (a *account) figures() figures {
	a.mu.Lock()
	defer a.mu.Unlock()
	f := figures{
		logged: len(a.logged), lost: len(a.debt), delivered: len(a.logged) - len(a.debt),
		waiting: len(a.backlog), largest: a.largest, drain: a.drain,
	}
	for seq, copies := range a.arrived {
		f.duplicates += copies - 1
		if !a.logged[seq] {
			f.cut++
		}
	}
	return f
}
