// Command rabbitmq is both ends of a RabbitMQ queue of logs: a service that logs
// into it, and a consumer that drops what comes twice.
//
//	go run ./examples/rabbitmq publish -addrs localhost:5672
//	go run ./examples/rabbitmq consume -addrs localhost:5672
//
// With -user and -password-file both log in by name; without, as guest, which
// RabbitMQ takes from its own machine only. README.md says where copies of a
// record can come from.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/slogship/slogship/handler"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "rabbitmq:", err)
		os.Exit(1)
	}
}

// config is what the command line says.
type config struct {
	addrs        []string
	user         string
	passwordFile string
	plaintext    bool
	dir          string // of publish: the buffer
	orders       int    // of publish
	most         int    // of consume: the end after so many records; 0: never
}

var errUsage = errors.New(`the first argument is "publish" or "consume"`)

func run(ctx context.Context, args []string, out, usage io.Writer) error {
	if len(args) == 0 {
		return errUsage
	}
	c, err := parse(args[0], args[1:], usage)
	switch {
	case err != nil:
		return err
	case args[0] == "publish":
		return publish(ctx, c, out)
	case args[0] == "consume":
		return consume(ctx, c, out)
	default:
		return errUsage
	}
}

func parse(command string, args []string, usage io.Writer) (c config, err error) {
	var addrs string
	flags := flag.NewFlagSet("rabbitmq "+command, flag.ContinueOnError)
	flags.SetOutput(usage)
	flags.StringVar(&addrs, "addrs", "localhost:5672", "`addresses` of the cluster's nodes, with commas")
	flags.StringVar(&c.user, "user", "", "`name` to log in by (default: guest)")
	flags.StringVar(&c.passwordFile, "password-file", "", "`file` with its password")
	flags.BoolVar(&c.plaintext, "plaintext", false, "send the password without TLS, in a network that encrypts by itself")
	flags.StringVar(&c.dir, "dir", "", "`folder` for the buffer (default: where the platform keeps state)")
	flags.IntVar(&c.orders, "orders", 20, "how many `orders` publish logs")
	flags.IntVar(&c.most, "most", 0, "end after so many `records` (default: never)")
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	c.addrs = strings.Split(addrs, ",")
	if c.dir == "" {
		c.dir, err = handler.StateDir("slogship-rabbitmq")
	}
	return c, err
}
