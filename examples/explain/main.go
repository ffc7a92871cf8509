// Command explain shows where log records would go, why, why not elsewhere, and
// what they would look like there, by a configuration file and without sending
// anything:
//
//	go run ./examples/explain -config examples/explain/logging.yaml -env production < examples/explain/samples.ndjson
//
// It reads sample records from standard input, one JSON object a line: level,
// msg, scope, time and traceparent are the record's own, all other keys are
// attributes. Nothing is connected to, no buffer is opened and nothing of what
// waits in one is delivered, so it is safe beside the service itself.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route/config"
	"github.com/slogship/slogship/transport/all"
)

func main() {
	file := flag.String("config", "logging.yaml", "the configuration `file`")
	env := flag.String("env", "", "the environment; its `name` in the file")
	flag.Parse()
	if err := explain(context.Background(), *file, *env, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "explain:", err)
		os.Exit(1)
	}
}

// explain writes an explanation of each sample in in.
func explain(ctx context.Context, file, env string, in io.Reader, out io.Writer) (err error) {
	h, err := open(file, env)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.Close(ctx)) }()
	samples := newSamples(in)
	for {
		s, err := samples.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		e := h.WithScope(s.scope).Explain(context.WithValue(ctx, traceKey{}, s.trace), s.record)
		if _, err := fmt.Fprintln(out, e); err != nil {
			return err
		}
	}
}

// traceKey is where a sample's trace is in its ctx.
type traceKey struct{}

// open opens the environment's routes in memory: with the file's own directory,
// the handler would deliver what waits there.
func open(file, env string) (*handler.Handler, error) {
	cfg, err := config.Load(file, &config.Options{Schemes: all.Schemes()})
	if err != nil {
		return nil, err
	}
	routes, err := cfg.Routes(env)
	if err != nil {
		return nil, err
	}
	opts := cfg.HandlerOptions()
	opts.Dir, opts.InMemory, opts.CrashReports = "", true, false
	opts.Trace = func(ctx context.Context) encode.Trace {
		trace, _ := ctx.Value(traceKey{}).(encode.Trace)
		return trace
	}
	return handler.New(routes, opts)
}
