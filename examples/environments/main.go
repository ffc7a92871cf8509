// Command environments has the routes of a shop's environments twice, in code.go
// and in logging.yaml, and prints where some records would go by each. Nothing is
// sent.
//
//	go run ./examples/environments
//	go run ./examples/environments -env production
//	COLLECTOR=logs.example go run ./examples/environments -env staging
//	go run ./examples/environments -env produktion   # lists those that there are
//
// A service would read its environment with a line like the one of -env below, and
// call config.Load("logging.yaml", …) and Open.
package main

import (
	"cmp"
	"context"
	_ "embed"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"reflect"
	"time"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/route/config"
	"github.com/slogship/slogship/transport/all"
)

//go:embed logging.yaml
var configFile []byte

func main() {
	env := flag.String("env", os.Getenv("APP_ENV"), "the environment; all of them if there is none")
	flag.Parse()
	if err := run(os.Stdout, *env); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run prints one environment, or all.
func run(w io.Writer, env string) error {
	cfg, err := config.Parse("logging.yaml", configFile, &config.Options{Schemes: all.Schemes()})
	if err != nil {
		return err
	}
	names := cfg.Environments()
	if env != "" {
		names = []string{env}
	}
	for _, name := range names {
		if err := show(w, cfg, name); err != nil {
			return err
		}
	}
	return nil
}

func show(w io.Writer, cfg *config.Config, name string) error {
	fromFile, err := cfg.Routes(name)
	if err != nil {
		return err
	}
	fromCode, err := environments(cmp.Or(os.Getenv("COLLECTOR"), "logs.internal")).Routes(name)
	if err != nil {
		return err
	}
	verdict := "in code and file alike"
	if !reflect.DeepEqual(fromCode, fromFile) {
		verdict = "OTHERWISE IN CODE THAN IN THE FILE"
	}
	fmt.Fprintf(w, "== %s: %d routes, %s\n\n", name, len(fromFile), verdict)
	return explain(w, fromFile, cfg.HandlerOptions())
}

// explain prints where some records would go.
func explain(w io.Writer, routes []route.Route, options *handler.Options) error {
	h, err := handler.New(routes, options)
	if err != nil {
		return err
	}
	defer h.Close(context.Background()) // nothing was logged
	for _, r := range samples() {
		from := h
		if r.Message == "slow query" {
			from = h.WithScope("db")
		}
		fmt.Fprintln(w, from.Explain(context.Background(), r))
	}
	return nil
}

// samples are records that differ in what routes look at.
func samples() []slog.Record {
	record := func(level slog.Level, message string, args ...any) slog.Record {
		r := slog.NewRecord(time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC), level, message, 0)
		r.Add(args...)
		return r
	}
	return []slog.Record{
		record(slog.LevelDebug, "cache warmed", "entries", 5120),
		record(slog.LevelInfo, "order paid", "order", 42),
		record(slog.LevelInfo, "slow query", "took", 3*time.Second), // of the scope db
		record(slog.LevelInfo, "role granted", "audit", true, "role", "admin"),
		record(route.LevelFatal, "the disk is gone", "path", "/var/lib/shop"),
	}
}
