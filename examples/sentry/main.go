// Command sentry is an HTTP service whose errors and panics become issues at
// Sentry, with the request, the stack and what was logged before as breadcrumbs.
// DEBUG goes nowhere, and is in the issue of a request that fails all the same.
//
//	go run ./examples/sentry -dsn https://KEY@o1.ingest.sentry.io/7
//	curl localhost:8080/orders/17; curl localhost:8080/orders/0; curl localhost:8080/crash
//
// With Bugsink on the same machine: -dsn http://KEY@localhost:8000/1 -plaintext.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/console"
	slogsentry "github.com/slogship/slogship/transport/sentry"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	to := slogsentry.Destination{Tags: []string{"tenant"}}
	addr := flag.String("addr", "localhost:8080", "where the service listens")
	flag.StringVar(&to.DSN, "dsn", "", "the project's DSN, https://KEY@HOST/PROJECT")
	flag.BoolVar(&to.AllowPlaintext, "plaintext", false, "allow an http:// DSN")
	flag.Parse()
	listener, err := net.Listen("tcp", *addr)
	if err == nil {
		var dir string
		if dir, err = handler.StateDir("slogship-sentry"); err == nil {
			err = serve(ctx, listener, dir, to)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "sentry:", err)
		os.Exit(1)
	}
}

// serve runs the service until ctx is done. dir keeps the errors that Sentry does
// not take meanwhile, for an hour.
func serve(ctx context.Context, listener net.Listener, dir string, to slogsentry.Destination) error {
	h, err := handler.New([]route.Route{
		{Name: "console", To: console.Destination{}, Levels: route.AtLeast(slog.LevelInfo)},
		to.Route("sentry"),
	}, &handler.Options{
		Dir: dir, Resource: encode.Resource{Service: "shop", Version: "1.4.0", Environment: "test"},
		Context: []func(context.Context) []slog.Attr{slogsentry.Context},
	})
	if err != nil {
		return err
	}
	log := slog.New(slogsentry.NewHandler(h, nil))
	server := &http.Server{
		Handler:           slogsentry.Middleware(&slogsentry.MiddlewareOptions{Logger: log})(shop(log)),
		ReadHeaderTimeout: 5 * time.Second,
	}
	stopped := make(chan error, 1)
	go func() { // ends with Serve, which Shutdown ends
		<-ctx.Done()
		grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		stopped <- server.Shutdown(grace)
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return errors.Join(err, h.Close(ctx))
	}
	err = <-stopped
	grace, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return errors.Join(err, h.Close(grace)) // what is left goes with the next start
}

var errNoOrder = errors.New("no such order")

// shop is the service. Log calls take the request's ctx: that is how they find its
// breadcrumbs.
func shop(log *slog.Logger) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders/{id}", func(w http.ResponseWriter, r *http.Request) {
		ctx, id := r.Context(), r.PathValue("id")
		log.DebugContext(ctx, "look up order", "id", id)
		if id == "0" {
			err := fmt.Errorf("load order: %w", errNoOrder)
			log.ErrorContext(ctx, "order failed", "err", err, "tenant", "eu", slog.Group("user", "id", "u7"))
			http.Error(w, "order failed", http.StatusInternalServerError)
			return
		}
		fmt.Fprintln(w, "order", id)
	})
	mux.HandleFunc("GET /crash", func(_ http.ResponseWriter, r *http.Request) {
		shelves := r.URL.Query()["shelf"]
		log.DebugContext(r.Context(), "count stock", "shelves", len(shelves))
		log.InfoContext(r.Context(), "third shelf", "name", shelves[2]) // panics without three of them
	})
	return mux
}
