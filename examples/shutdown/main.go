// Command shutdown ends an HTTP service within a grace period, as Kubernetes
// and systemd ask for it: SIGTERM comes, and some seconds later SIGKILL.
//
//	go run ./examples/shutdown localhost:6000
//
// The period is shared out: the requests that are under way first, because they
// still log; then the routes, with what is left. What is not delivered by then
// stays on disk for the next start, and is said on stderr.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/tcp"
)

// grace is a little less than what the supervisor grants (30 s in Kubernetes,
// terminationGracePeriodSeconds), because SIGKILL does not wait for a report.
const grace = 25 * time.Second

func main() {
	addr := "localhost:6000"
	if len(os.Args) > 1 {
		addr = os.Args[1]
	}
	if err := run(addr); err != nil {
		fmt.Fprintln(os.Stderr, "shutdown:", err)
		os.Exit(1)
	}
}

func run(addr string) error {
	// Interrupt is Ctrl-C, on Windows as well, which has no SIGTERM.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir, err := handler.StateDir("slogship-shutdown")
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:8080")
	if err != nil {
		return err
	}
	return serve(ctx, l, dir, tcp.Destination{Addr: addr}, grace, os.Stderr)
}

// serve answers requests until ctx is done, and returns within the grace
// period from then on. What is left undelivered is reported to out: it is no
// error, as the next start delivers it.
func serve(ctx context.Context, l net.Listener, dir string, to transport.Destination, grace time.Duration, out io.Writer) error {
	h, err := handler.New([]route.Route{{Name: "ship", To: to}}, &handler.Options{Dir: dir})
	if err != nil {
		return errors.Join(err, l.Close())
	}
	log := slog.New(h)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, "hello")
		log.InfoContext(r.Context(), "request", "path", r.URL.Path)
	})}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }() // ends with Shutdown or Close

	select {
	case <-ctx.Done():
	case err := <-failed:
		failed <- err // for end, which reads it in either case
	}
	return end(server, failed, h, grace, out)
}

// end stops the server, then the handler. ctx starts afresh: the one that
// brought the signal is done already.
func end(server *http.Server, failed <-chan error, h *handler.Handler, grace time.Duration, out io.Writer) error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	forRequests, cancelRequests := context.WithTimeout(ctx, grace/2)
	defer cancelRequests()
	err := server.Shutdown(forRequests)
	if err != nil {
		server.Close() // requests that do not end must not take the routes' half
	}
	if e := <-failed; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	if e := h.Close(ctx); !reported(out, e) {
		err = errors.Join(err, e)
	}
	return err
}

// reported prints what Close has left behind, route by route. It is false for
// any other error.
func reported(out io.Writer, err error) bool {
	var undelivered *handler.UndeliveredError
	if !errors.As(err, &undelivered) {
		return err == nil
	}
	for _, u := range undelivered.Routes {
		place := "lost with this process"
		if u.OnDisk {
			place = "kept on disk for the next start"
		}
		fmt.Fprintf(out, "route %s: %d records (%d bytes) not delivered, %s: %v\n", u.Route, u.Records, u.Bytes, place, u.Err)
	}
	return true
}
