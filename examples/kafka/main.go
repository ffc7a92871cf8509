// Command kafka is both ends of a topic of logs: a service that logs to it, and a
// consumer group that takes it to Elasticsearch.
//
//	go run ./examples/kafka produce -brokers localhost:9092
//	go run ./examples/kafka consume -brokers localhost:9092                                # prints bulk requests
//	go run ./examples/kafka consume -brokers localhost:9092 -bulk http://localhost:9200    # makes them
//
// README.md says where copies of a record can come from, and where they end.
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
	"time"

	"github.com/slogship/slogship/handler"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "kafka:", err)
		os.Exit(1)
	}
}

// config is what the command line says.
type config struct {
	brokers []string
	topic   string
	dir     string        // of produce: the buffer
	orders  int           // of produce
	group   string        // of consume
	bulk    string        // of consume: URL of Elasticsearch; "": print
	idle    time.Duration // of consume: the end after so long without a message; 0: never
}

var errUsage = errors.New(`the first argument is "produce" or "consume"`)

func run(ctx context.Context, args []string, out, usage io.Writer) error {
	if len(args) == 0 {
		return errUsage
	}
	c, err := parse(args[0], args[1:], usage)
	switch {
	case err != nil:
		return err
	case args[0] == "produce":
		return produce(ctx, c, out)
	case args[0] == "consume":
		return consume(ctx, c, out)
	default:
		return errUsage
	}
}

func parse(command string, args []string, usage io.Writer) (c config, err error) {
	var brokers string
	flags := flag.NewFlagSet("kafka "+command, flag.ContinueOnError)
	flags.SetOutput(usage)
	flags.StringVar(&brokers, "brokers", "localhost:9092", "`addresses` of some brokers, with commas")
	flags.StringVar(&c.topic, "topic", "logs.shop", "`topic`; produce makes it")
	flags.StringVar(&c.dir, "dir", "", "`folder` for the buffer (default: where the platform keeps state)")
	flags.IntVar(&c.orders, "orders", 20, "how many `orders` produce logs")
	flags.StringVar(&c.group, "group", "elasticsearch", "`name` of the consumer group")
	flags.StringVar(&c.bulk, "bulk", "", "`URL` of Elasticsearch or OpenSearch (default: print)")
	flags.DurationVar(&c.idle, "idle", 0, "end after so `long` without a message (default: never)")
	if err := flags.Parse(args); err != nil {
		return c, err
	}
	c.brokers = strings.Split(brokers, ",")
	if c.dir == "" {
		c.dir, err = handler.StateDir("slogship-kafka")
	}
	return c, err
}
