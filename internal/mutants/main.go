package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	timeout := flag.Duration("timeout", time.Minute, "how long the tests of one mutant may take; longer is a kill")
	names := flag.Bool("list", false, "print the mutants' names and end")
	flag.Parse()
	ok, err := mutate(*timeout, *names, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

// mutate is main with an end, so that the scratch folder is removed.
func mutate(timeout time.Duration, names bool, want []string) (bool, error) {
	chosen, err := choose(want)
	if err != nil {
		return false, err
	}
	if names {
		for _, m := range chosen {
			fmt.Println(m.name)
		}
		return true, nil
	}
	root, err := moduleRoot()
	if err != nil {
		return false, err
	}
	scratch, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return false, fmt.Errorf("mutants: make scratch folder: %w", err)
	}
	defer os.RemoveAll(scratch)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	return newRunner(root, scratch, timeout, os.Stdout).all(ctx, chosen), nil
}

var errUnknown = errors.New("unknown; -list prints the names")

// choose returns the mutants of these names, all of them for none.
func choose(names []string) ([]mutant, error) {
	if len(names) == 0 {
		return slices.Clone(list), nil
	}
	var chosen []mutant
	for _, name := range names {
		i := slices.IndexFunc(list, func(m mutant) bool { return m.name == name })
		if i < 0 {
			return nil, fmt.Errorf("mutants: mutant %q: %w", name, errUnknown)
		}
		chosen = append(chosen, list[i])
	}
	return chosen, nil
}

// moduleRoot returns the folder of the module around the working directory.
func moduleRoot() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("mutants: go env: %w", err)
	}
	return filepath.Dir(strings.TrimSpace(string(out))), nil
}
