// Command quickstart shows what slogship is for, in a few seconds and with
// nothing to install:
//
//	go run ./examples/quickstart
//
// A small shop, an HTTP service in a process of its own, logs through log/slog
// to three routes: the console (WARN and up), a TCP receiver and an HTTPS
// receiver. This program is the world around it. It plays the customers and
// both receivers, and it is unkind: it kills the receivers, lets the shop go on
// logging, kills the shop with SIGKILL, starts it again, and only then brings
// the receivers back. At the end it compares, record by record, what was logged
// with what arrived, and exits with 1 if one is missing.
//
// To see how a service uses slogship, read service.go; it is all there.
//
//	main.go         which of the two processes this is
//	service.go      the shop's logging: routes, handler, shutdown
//	shop.go         the shop itself, which knows log/slog only
//	witness.go      how the shop says which log calls have returned
//	scenario.go     what happens when
//	process.go      the shop's process, seen from outside
//	customers.go    the requests
//	receivers.go    the TCP and the HTTPS receiver
//	certificate.go  the HTTPS receiver's certificate
//	ledger.go       what was logged and what arrived
//	report.go       what you see
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
)

func main() {
	if settings, ok := os.LookupEnv(settingsVariable); ok {
		os.Exit(exitCode(serve(settings)))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(exitCode(quickstart(ctx, leisurely(), os.Stdout)))
}

func exitCode(err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, "quickstart:", err)
	return 1
}

// quickstart plays the scenario in a directory of its own and prints the
// report. Its error is about the world (no port, no directory), or errLost.
func quickstart(ctx context.Context, s scenario, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "slogship-quickstart-")
	if err != nil {
		return err
	}
	defer func() {
		if e := os.RemoveAll(dir); err == nil {
			err = e
		}
	}()

	screen := newScreen(out)
	books := newLedger()
	if err := s.play(ctx, dir, books, screen); err != nil {
		return err
	}
	return screen.report(books)
}
