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
// sender's scheduler. arg is what spawn was given.
func children(name, arg string) (any, error) {
	switch name {
	case "outage":
		var task outageTask
		if err := json.Unmarshal([]byte(arg), &task); err != nil {
			return nil, err
		}
		return runOutage(task)
	case "disk":
		return runDisk(healthyBytes)
	case "idle":
		return runIdle()
	case "backlog":
		return runBacklog(arg)
	case "grpc-sender", "https-sender":
		return runSender(name, arg)
	case "otlp-slogship", "otlp-sdk":
		return runOTLP(name, arg)
	}
	return nil, fmt.Errorf("no such child")
}

// child runs in the process that spawn started.
func child(name, arg string) {
	switch name {
	case "receiver":
		receive(os.Stdin, os.Stdout)
		return
	case "grpc-receiver":
		receiveGRPC(os.Stdin, os.Stdout)
		return
	}
	v, err := children(name, arg)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(v)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "report:", name+":", err)
		os.Exit(2)
	}
}

// spawn runs a child and decodes what it found into v.
func spawn(name, arg string, v any) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	c := exec.Command(exe, childArg, name, arg)
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return fmt.Errorf("report: child %q: %w", name, err)
	}
	return json.NewDecoder(bytes.NewReader(out)).Decode(v)
}
