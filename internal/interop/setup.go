package main

import (
	"context"
	"os/exec"
	"time"
)

// setup is what is particular to one kind of server. What all have in common
// (start, kill, restart, stop) is the type server.
type setup struct {
	// install puts in place what the server needs and this machine lacks. nil:
	// nothing. See aptInstall, mavenFetch, pipVenv and goBuild.
	install func(ctx context.Context) error

	// version is the server's own word of what it is, or an error that names
	// what is missing. It is asked after install.
	version func(ctx context.Context) (string, error)

	// command says how to start a life of the server in the foreground. It may
	// write configuration into at.dir.
	command func(at place) (*exec.Cmd, error)

	// ready reports whether the server takes records. It is asked every 5 ms,
	// so one whose question is dear should ask cheaply first.
	ready func(at place) bool

	// read or query says what the server received; exactly one of them is set.
	//
	// read reads one file of at.dir/received, with take for each record in the
	// order in which they were written, after the end of the life that wrote
	// it. torn: the file ends in the middle of something.
	read func(name string, take func(entry)) (torn bool, err error)
	// query asks the running server, after everything was delivered.
	query func(ctx context.Context, at place, take func(entry)) error

	// startLimit is how long a start may take. Default 15 s.
	startLimit time.Duration

	// ports is how many addresses the server needs. Default 1.
	ports int
}

// place is where one life of a server lives.
type place struct {
	dir   string   // of this life alone, and new: received/ in it, error.log
	data  string   // the same in every life: what a store keeps over a kill
	addrs []string // the same in every life, free for TCP and UDP
}

// addr is the address that records are sent to.
func (at place) addr() string { return at.addrs[0] }
