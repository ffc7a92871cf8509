package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) == 7 && os.Args[1] == grpcReceiverArg {
		if err := receiveGRPC(os.Args[2], os.Args[3], os.Args[4], os.Args[5], os.Args[6]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ok, err := interop(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if !ok {
		stop()
		os.Exit(1)
	}
}

// interop runs the named destinations, or all, one after the other: several at
// once would compete for the CPU and make UDP lose what nobody can help.
func interop(ctx context.Context, names []string, table, progress io.Writer) (ok bool, err error) {
	dir, err := os.MkdirTemp("", "interop")
	if err != nil {
		return false, err
	}
	defer func() {
		if !ok {
			fmt.Fprintln(progress, "what the servers wrote is kept in", dir)
			return
		}
		os.RemoveAll(dir)
	}()
	pki, err := newPKI(dir)
	if err != nil {
		return false, err
	}
	chosen, err := choose(destinations(&environment{pki: pki}), names)
	if err != nil {
		return false, err
	}
	seed := seed()
	fmt.Fprintf(progress, "seed %d (INTEROP_SEED)\n", seed)
	var rows []outcome
	for _, d := range chosen {
		began := time.Now()
		fmt.Fprintf(progress, "%s …", d.name)
		rows = append(rows, d.run(ctx, dir, rand.New(rand.NewPCG(seed, 0))))
		fmt.Fprintf(progress, " %.1f s\n", time.Since(began).Seconds())
	}
	return printTable(table, rows), nil
}

// seed decides when the servers are killed, as far as that can be decided.
func seed() uint64 {
	if s, err := strconv.ParseUint(os.Getenv("INTEROP_SEED"), 10, 64); err == nil {
		return s
	}
	return rand.Uint64()
}

var errName = errors.New("unknown destination")

// choose returns the destinations with these names, or all.
func choose(all []destination, names []string) ([]destination, error) {
	if len(names) == 0 {
		return all, nil
	}
	var known []string
	var chosen []destination
	for _, d := range all {
		known = append(known, d.name)
		if slices.Contains(names, d.name) {
			chosen = append(chosen, d)
		}
	}
	for _, n := range names {
		if !slices.Contains(known, n) {
			return nil, fmt.Errorf("interop %q: %w, one of %s", n, errName, strings.Join(known, ", "))
		}
	}
	return chosen, nil
}
