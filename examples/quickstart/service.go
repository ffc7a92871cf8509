package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/console"
	"github.com/slogship/slogship/transport/https"
	"github.com/slogship/slogship/transport/tcp"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// settings is what the shop is told by its parent, as JSON in the environment
// variable that also says that this process is the shop.
type settings struct {
	Dir    string // where undelivered records are kept
	TCP    string // address of the TCP receiver
	HTTPS  string // address of the HTTPS receiver
	CAFile string // the authority that has signed its certificate
	First  uint64 // number of the first record
}

const settingsVariable = "SLOGSHIP_QUICKSTART_SHOP"

// routes say which record goes where. They are plain data.
func routes(s settings) []route.Route {
	return []route.Route{
		// What a person at the terminal should see. Direct: written in the log
		// call itself, as slog's own handlers do.
		{Name: "console", To: console.Destination{}, Levels: route.AtLeast(consoleFrom), Direct: true},

		// All of it to the agent next door. TCP has no acknowledgements, so the
		// newest Window bytes are kept until later bytes have pushed them out.
		{
			Name: "tcp", Levels: route.AtLeast(tcpFrom),
			To:      tcp.Destination{Addr: s.TCP, WindowBytes: 4 * kernelBuffer},
			Backoff: route.Backoff{MaxInterval: retry},
		},

		// INFO and up to the collector, which answers for each batch.
		{
			Name: "https", Levels: route.AtLeast(httpsFrom),
			To: https.Destination{
				URL: "https://" + s.HTTPS + "/ingest",
				TLS: &tlsconfig.Options{CAFile: s.CAFile},
			},
			Backoff: route.Backoff{MaxInterval: retry},
		},
	}
}

// retry bounds the wait between two attempts. The default of 30 s is kinder to
// a collector that thousands of processes come back to, but long for a spectator.
const retry = 500 * time.Millisecond

// serve is the shop's process: it opens the handler, serves until its standard
// input ends, and closes the handler, which delivers what is still there.
func serve(text string) error {
	var s settings
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return fmt.Errorf("quickstart: read %s: %w", settingsVariable, err)
	}
	h, err := handler.New(routes(s), &handler.Options{
		Dir:      s.Dir,
		Resource: encode.Resource{Service: "shop", Version: "1.0.0", Environment: "demo"},
	})
	if err != nil {
		return err
	}
	say := &speaker{out: os.Stdout}
	log := slog.New(newWitness(h, say, s.First))

	served := open(newShop(log), h, say)

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return errors.Join(served, h.Close(ctx))
}

// open serves the shop until standard input ends.
func open(shop http.Handler, h *handler.Handler, say *speaker) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: shop}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }() // ends with Shutdown
	say.listening(l.Addr().String())

	watch(h, say, ended(os.Stdin))

	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	err = server.Shutdown(ctx)
	if e := <-failed; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return err
}

// ended returns a channel that is closed when in ends. The goroutine lives as
// long as in, which for standard input is as long as the process should.
func ended(in io.Reader) <-chan struct{} {
	end := make(chan struct{})
	go func() {
		defer close(end)
		io.Copy(io.Discard, in)
	}()
	return end
}

// watch tells the parent how much is buffered until end is closed.
func watch(h *handler.Handler, say *speaker, end <-chan struct{}) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		for _, r := range h.Stats().Routes {
			say.buffered(r.Name, r.BufferedBytes)
		}
		select {
		case <-tick.C:
		case <-end:
			return
		}
	}
}
