// Command elk shows the three ways of a service's logs into the Elastic Stack:
//
//	go run ./examples/elk -bulk https://localhost:9200 -ca http_ca.crt -key es.key
//	go run ./examples/elk -beats localhost:5044
//	go run ./examples/elk -file /var/log/shop/shop.log
//
// They can be combined, each is a route of its own. README.md says when which one
// is right, and has what Elasticsearch, Logstash and Filebeat need.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
)

func main() {
	w, err := parse(os.Args[1:], os.Stderr)
	if err == nil {
		err = run(w, os.Stdout)
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "elk:", err)
		os.Exit(1)
	}
}

// ways is which of the three are wanted; empty fields are not.
type ways struct {
	bulk, key, ca string
	beats         string
	file          string
	dir           string
}

func parse(args []string, usage io.Writer) (ways, error) {
	var w ways
	flags := flag.NewFlagSet("elk", flag.ContinueOnError)
	flags.SetOutput(usage)
	flags.StringVar(&w.bulk, "bulk", "", "`URL` of Elasticsearch or OpenSearch")
	flags.StringVar(&w.key, "key", "", "`file` with an API key, for -bulk")
	flags.StringVar(&w.ca, "ca", "", "`file` with the authority of the server's certificate, for -bulk and -beats")
	flags.StringVar(&w.beats, "beats", "", "`host:port` of Logstash's beats input")
	flags.StringVar(&w.file, "file", "", "`path` of a file that Filebeat follows")
	flags.StringVar(&w.dir, "dir", "", "`folder` for the buffer (default: where the platform keeps state)")
	if err := flags.Parse(args); err != nil {
		return w, err
	}
	if w.bulk == "" && w.beats == "" && w.file == "" {
		return w, errors.New("one of -bulk, -beats and -file is needed")
	}
	var err error
	if w.dir == "" {
		w.dir, err = handler.StateDir("slogship-elk")
	}
	return w, err
}

// routes has one for each way.
func (w ways) routes() (routes []route.Route) {
	if w.bulk != "" {
		routes = append(routes, route.Route{Name: "bulk", To: w.bulkTo()})
	}
	if w.beats != "" {
		routes = append(routes, route.Route{Name: "beats", To: w.beatsTo()})
	}
	if w.file != "" {
		routes = append(routes, route.Route{Name: "file", To: w.fileTo()})
	}
	return routes
}

// run is a service that logs a little, and says what became of it.
func run(w ways, out io.Writer) error {
	h, err := handler.New(w.routes(), &handler.Options{
		Dir:      w.dir,
		Resource: encode.Resource{Service: "shop", Version: "1.4.2", Environment: "production"},
	})
	if err != nil {
		return err
	}
	sell(slog.New(h))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	err = h.Flush(ctx)
	for _, r := range h.Stats().Routes {
		fmt.Fprintf(out, "%-6s %d delivered, %d refused, %d kept for the next start\n", r.Name, r.Delivered, r.Dead, r.Buffered)
	}
	// Close says again what Flush did not reach.
	return errors.Join(err, h.Close(ctx))
}

// sell has what ECS documents are made of: fields with types, a group, an error.
func sell(log *slog.Logger) {
	for order := range 20 {
		log.Info("order placed", "order", order, slog.Group("customer", "id", 7000+order, "country", "NL"), "took", 1500*time.Microsecond)
	}
	log.Warn("payment is slow", "order", 3, "took", 2*time.Second)
	log.Error("payment failed", "order", 4, "err", errors.New("card was declined"))
}
