package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

// scenario is how long each act takes. An act also lasts until the shop has
// logged some records in it, so that a slow machine plays the same piece.
type scenario struct {
	calm     time.Duration // all is well
	outage   time.Duration // the receivers are dead
	alone    time.Duration // and the shop was killed and started again
	healed   time.Duration // the receivers are back
	shoppers int
	every    time.Duration // between two orders of one shopper
}

// leisurely takes about seven seconds, enough to follow it.
func leisurely() scenario {
	return scenario{
		calm: 1200 * time.Millisecond, outage: 1800 * time.Millisecond,
		alone: 1500 * time.Millisecond, healed: 1500 * time.Millisecond,
		shoppers: 6, every: 4 * time.Millisecond,
	}
}

// world is what a scenario is played with.
type world struct {
	settings  settings
	books     *ledger
	screen    *screen
	receivers receivers
	customers customers
	shop      *process // nil before it has opened and after it has closed
}

// play runs all acts. Whatever happens, nothing it started is left when it
// returns.
func (s scenario) play(ctx context.Context, dir string, books *ledger, screen *screen) error {
	w, err := newWorld(s, dir, books, screen)
	if err != nil {
		return err
	}
	defer w.end()
	return w.acts(ctx, s)
}

func newWorld(s scenario, dir string, books *ledger, screen *screen) (*world, error) {
	ca := filepath.Join(dir, "ca.pem")
	certificate, err := selfSigned(ca)
	if err != nil {
		return nil, err
	}
	return &world{
		settings: settings{Dir: filepath.Join(dir, "state"), CAFile: ca, First: 1},
		books:    books,
		screen:   screen,
		receivers: receivers{
			tcp:   tcpReceiver{addr: "127.0.0.1:0", account: books.tcp},
			https: httpsReceiver{addr: "127.0.0.1:0", account: books.https, certificate: certificate},
		},
		customers: customers{count: s.shoppers, every: s.every},
	}, nil
}

func (w *world) acts(ctx context.Context, s scenario) error {
	if err := w.prologue(ctx); err != nil {
		return err
	}
	if err := w.pass(ctx, s.calm); err != nil {
		return err
	}

	w.receivers.kill()
	w.screen.event("receivers killed", "the shop goes on logging")
	if err := w.pass(ctx, s.outage); err != nil {
		return err
	}

	if err := w.killShop(ctx); err != nil {
		return err
	}
	if err := w.pass(ctx, s.alone); err != nil {
		return err
	}

	if err := w.bringBack(ctx); err != nil {
		return err
	}
	if err := w.pass(ctx, s.healed); err != nil {
		return err
	}
	return w.epilogue(ctx)
}

func (w *world) prologue(ctx context.Context) error {
	if err := w.receivers.start(ctx); err != nil {
		return err
	}
	w.settings.TCP, w.settings.HTTPS = w.receivers.tcp.addr, w.receivers.https.addr
	w.screen.event("receivers listen", "tcp "+w.settings.TCP+", https "+w.settings.HTTPS)
	if err := w.openShop(ctx); err != nil {
		return err
	}
	w.screen.event("shop opens", fmt.Sprintf("pid %d; its console route, WARN and up, shows here:", w.shop.pid()))
	w.customers.start(ctx)
	return nil
}

func (w *world) openShop(ctx context.Context) (err error) {
	if w.shop, err = startProcess(w.settings, w.books, w.screen); err != nil {
		return err
	}
	addr, err := w.shop.addr(ctx)
	if err != nil {
		return err
	}
	w.customers.shop.Store(&addr)
	return nil
}

// killShop is the moment that matters: the receivers are dead, and so is the
// process that has all these records.
func (w *world) killShop(ctx context.Context) error {
	pid := w.shop.pid()
	w.shop.kill()
	w.screen.event("shop killed", fmt.Sprintf("pid %d by SIGKILL, with %s records for https in its buffer",
		pid, grouped(w.books.https.figures().lost)))

	// Far above any number that the dead process has given, told or not.
	w.settings.First += 1_000_000_000
	if err := w.openShop(ctx); err != nil {
		return err
	}
	w.screen.event("shop opens again", fmt.Sprintf("pid %d, same directory", w.shop.pid()))
	return nil
}

func (w *world) bringBack(ctx context.Context) error {
	for _, a := range []*account{w.books.tcp, w.books.https} {
		a.receiverIsBack()
	}
	if err := w.receivers.start(ctx); err != nil {
		return err
	}
	w.screen.event("receivers are back", "same ports")
	if w.wait(ctx, w.drained) == nil {
		w.screen.event("backlog is delivered", fmt.Sprintf("tcp %s, https %s after they came back",
			seconds(w.books.tcp.figures().drain), seconds(w.books.https.figures().drain)))
	}
	return ctx.Err() // a backlog that is not delivered shows in the report
}

func (w *world) drained() bool {
	return w.books.tcp.figures().waiting == 0 && w.books.https.figures().waiting == 0
}

func (w *world) epilogue(ctx context.Context) error {
	w.customers.leave()
	w.screen.event("customers have left", grouped(int(w.customers.orders.Load()))+" orders")
	shop := w.shop
	w.shop = nil
	if err := shop.close(ctx); err != nil {
		return err
	}
	w.screen.event("shop has closed", "with nothing left to deliver")
	return nil
}

// pass lets d go by, and more until the shop has logged at least minimum records.
func (w *world) pass(ctx context.Context, d time.Duration) error {
	const minimum = 50
	until, enough := time.Now().Add(d), w.books.tcp.figures().logged+minimum
	return w.wait(ctx, func() bool {
		return time.Now().After(until) && w.books.tcp.figures().logged >= enough
	})
}

var errStuck = errors.New("quickstart: nothing moves any more")

// wait shows the progress until done, which it asks ten times a second.
func (w *world) wait(ctx context.Context, done func() bool) error {
	for deadline := time.Now().Add(10 * time.Second); !done(); {
		if time.Now().After(deadline) {
			return errStuck
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
		w.screen.progress(w.books)
	}
	return nil
}

// end clears up after an act that failed; after the epilogue there is nothing
// left to do.
func (w *world) end() {
	if w.shop != nil {
		w.shop.kill()
	}
	if w.customers.stop != nil {
		w.customers.leave()
	}
	w.receivers.kill()
}
