// Command kubernetes is a service as it runs in a pod: without root, on a
// read-only root file system, with its buffer on a volume. README.md says which
// volume keeps what; the manifests are beside it.
//
//	STATE_DIRECTORY=/tmp/shop COLLECTOR_URL=http://localhost:8080/ go run ./examples/kubernetes
package main

import (
	"context"
	"errors"
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
	"github.com/slogship/slogship/transport/https"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "shop:", err)
		os.Exit(1) // the pod shows CrashLoopBackOff, and the line above in its log
	}
}

func run() error {
	s, err := settingsFrom(os.LookupEnv)
	if err != nil {
		return err
	}
	// STATE_DIRECTORY is the volume's mount path. Without it the answer would be
	// below $HOME, which in a container is on the read-only root.
	dir, err := handler.StateDir("shop")
	if err != nil {
		return err
	}
	h, err := handler.New([]route.Route{{
		Name: "collector",
		// Inside a cluster http:// is usual where a mesh encrypts.
		To: https.Destination{URL: s.collector, AllowPlaintext: true},
		// A node that dies takes what its kernel had not written yet. On a
		// volume that comes back elsewhere, that is at most this long.
		Durability: route.Interval(time.Second),
	}}, s.options(dir))
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", s.addr)
	if err != nil {
		return errors.Join(err, h.Close(context.Background()))
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	fmt.Println("listening on", l.Addr())
	return serve(ctx, l, h, s.grace)
}

// options are the handler's. The resource is what a query at the collector
// filters by; a backlog keeps the name of the pod that logged it, whichever pod
// delivers it.
func (s *settings) options(dir string) *handler.Options {
	o := &handler.Options{
		Dir: dir, MaxDisk: s.maxDisk, MinFree: s.minFree,
		Resource: encode.Resource{
			Service: "shop", Instance: s.pod,
			Attrs: []slog.Attr{
				slog.String("k8s.pod.name", s.pod),
				slog.String("k8s.namespace.name", s.namespace),
				slog.String("k8s.node.name", s.node),
			},
		},
	}
	if s.leftover {
		// The node's own log agent reads stdout, and outlives the pod.
		o.Leftover = os.Stdout
	}
	return o
}

// serve answers requests until SIGTERM, and returns within the grace period from
// then on: first the requests that are under way, because they still log, then
// the routes with what is left of the time.
func serve(ctx context.Context, l net.Listener, h *handler.Handler, grace time.Duration) error {
	server := &http.Server{Handler: shop(h), ReadHeaderTimeout: 5 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }() // ends with Shutdown or Close
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
		failed <- http.ErrServerClosed
	}
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	half, cancelHalf := context.WithTimeout(ctx, grace/2)
	defer cancelHalf()
	if server.Shutdown(half) != nil {
		server.Close() // requests that do not end must not take the routes' half
	}
	if e := <-failed; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	return errors.Join(err, report(h.Close(ctx)))
}

// report prints what Close has left behind. That is no error: the next container
// with this volume delivers it.
func report(err error) error {
	var left *handler.UndeliveredError
	if !errors.As(err, &left) {
		return err
	}
	for _, u := range left.Routes {
		fmt.Fprintf(os.Stderr, "shop: route %s: %d records stay on the volume: %v\n", u.Route, u.Records, u.Err)
	}
	return nil
}
