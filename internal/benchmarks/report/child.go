package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
)

const childArg = "child"

// children are the measurements that need a process of their own: peak memory
// and bytes written belong to a process, and a receiver must not share the
// sender's scheduler.
func children(name string) func() (any, error) {
	switch name {
	case "outage":
		return func() (any, error) { return runOutage(outageTime) }
	case "disk":
		return func() (any, error) { return runDisk(healthyBytes) }
	case "idle":
		return func() (any, error) { return runIdle() }
	}
	return nil
}

// child runs in the process that spawn started.
func child(name string) {
	if name == "receiver" {
		receive(os.Stdin, os.Stdout)
		return
	}
	v, err := children(name)()
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(v)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "report:", name+":", err)
		os.Exit(2)
	}
}

// spawn runs a child and decodes what it found into v.
func spawn(name string, v any) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	c := exec.Command(exe, childArg, name)
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return fmt.Errorf("report: child %q: %w", name, err)
	}
	return json.NewDecoder(bytes.NewReader(out)).Decode(v)
}
