// Command syslog sends a service's logs to rsyslog, in the two ways that are fit
// for a network:
//
//	go run ./examples/syslog -tls logs.example.com:6514 -ca ca.pem
//	go run ./examples/syslog -relp logs.example.com:2514 -ca ca.pem -cert shop.pem -key shop.key
//
// Both can be used together, each is a route of its own. README.md says when
// which one is right; rsyslog.conf is the other end.
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
	"github.com/slogship/slogship/transport/tlsconfig"
)

func main() {
	w, err := parse(os.Args[1:], os.Stderr)
	if err == nil {
		err = run(w, os.Stdout)
	}
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "syslog:", err)
		os.Exit(1)
	}
}

// ways is which of the two are wanted; empty fields are not.
type ways struct {
	tls, relp     string
	ca, cert, key string
	dir           string
}

func parse(args []string, usage io.Writer) (ways, error) {
	var w ways
	flags := flag.NewFlagSet("syslog", flag.ContinueOnError)
	flags.SetOutput(usage)
	flags.StringVar(&w.tls, "tls", "", "`host:port` of syslog over TLS (RFC 5425)")
	flags.StringVar(&w.relp, "relp", "", "`host:port` of RELP; over TLS if there is a -ca")
	flags.StringVar(&w.ca, "ca", "", "`file` with the authority of the server's certificate")
	flags.StringVar(&w.cert, "cert", "", "`file` with the client's certificate")
	flags.StringVar(&w.key, "key", "", "`file` with its key")
	flags.StringVar(&w.dir, "dir", "", "`folder` for the buffer (default: where the platform keeps state)")
	if err := flags.Parse(args); err != nil {
		return w, err
	}
	if w.tls == "" && w.relp == "" {
		return w, errors.New("one of -tls and -relp is needed")
	}
	var err error
	if w.dir == "" {
		w.dir, err = handler.StateDir("slogship-syslog")
	}
	return w, err
}

// options are for both ways. The files are read again for each connection.
func (w ways) options() *tlsconfig.Options {
	return &tlsconfig.Options{CAFile: w.ca, CertFile: w.cert, KeyFile: w.key}
}

// routes has one for each way.
func (w ways) routes() (routes []route.Route) {
	if w.tls != "" {
		routes = append(routes, route.Route{Name: "tls", To: w.tlsTo()})
	}
	if w.relp != "" {
		routes = append(routes, route.Route{Name: "relp", To: w.relpTo()})
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
	// Not Flush: without acknowledgements it waits ten seconds for a break that
	// does not come. Close closes the connection in order, and that says enough.
	err = h.Close(ctx)
	for _, r := range h.Stats().Routes {
		fmt.Fprintf(out, "%-5s %d delivered, %d refused, %d kept for the next start\n", r.Name, r.Delivered, r.Dead, r.Buffered)
	}
	return err
}

// sell has what syslog messages are made of: severities, a MSGID, structured
// data with a group, and a text that would be two messages if it could.
func sell(log *slog.Logger) {
	for order := range 20 {
		log.Info("order placed", "msgid", "ORDER", "order", order, slog.Group("customer", "id", 7000+order, "country", "NL"))
	}
	log.Warn("odd name\n<34>1 2026-01-01T00:00:00Z bank root - - - transfer approved", "msgid", "ORDER", "order", 3)
	log.Error("payment failed", "msgid", "PAYMENT", "order", 4, "err", errors.New("card was declined"))
}
