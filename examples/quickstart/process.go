package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"sync"
	"time"
)

// process is the shop's process, as its parent sees it.
type process struct {
	cmd     *exec.Cmd
	stdin   io.Closer      // its end tells the shop to close
	hearing sync.WaitGroup // one goroutine per pipe, until the pipe ends

	books *ledger
	lines *screen

	opened chan string // gets the shop's address once; capacity 1
}

// startProcess starts this program again, as the shop.
func startProcess(s settings, books *ledger, lines *screen) (*process, error) {
	p := &process{books: books, lines: lines, opened: make(chan string, 1)}
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p.cmd = exec.Command(program)
	p.cmd.Env = append(os.Environ(), settingsVariable+"="+string(text))
	return p, p.launch()
}

func (p *process) launch() error {
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		return err
	}
	p.stdin = stdin
	if err := p.cmd.Start(); err != nil {
		return err
	}
	p.hearing.Go(func() { p.hear(stdout) })
	p.hearing.Go(func() { p.watchConsole(stderr) })
	return nil
}

// addr waits until the shop is open.
func (p *process) addr(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	select {
	case addr := <-p.opened:
		return addr, nil
	case <-ctx.Done():
		return "", fmt.Errorf("quickstart: wait for the shop to open: %w", ctx.Err())
	}
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// kill is SIGKILL, or TerminateProcess on Windows: the shop runs not one more
// instruction. What it had written to its pipes is read to the end.
func (p *process) kill() {
	p.cmd.Process.Kill()
	p.hearing.Wait()
	p.cmd.Wait() // its error says that it was killed
}

// close asks the shop to close, which drains its routes, and waits for its end.
// The closed pipe stands for the SIGTERM that Windows lacks; for that see
// ../shutdown.
func (p *process) close(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { p.cmd.Process.Kill() })
	defer stop()
	p.stdin.Close()
	p.hearing.Wait() // Cmd.Wait closes the pipes, so they come first
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("quickstart: the shop: %w", err)
	}
	return nil
}

// hear reads what speaker writes.
func (p *process) hear(stdout io.Reader) {
	for in := bufio.NewScanner(stdout); in.Scan(); {
		var (
			addr, route string
			seq         uint64
			level       int
			bytes       int64
		)
		line := in.Text()
		switch {
		case scan(line, "logged %d %d", &seq, &level):
			p.books.logged(seq, slog.Level(level))
		case scan(line, "buffered %s %d", &route, &bytes):
			if a := p.books.account(route); a != nil {
				a.buffered(bytes)
			}
		case scan(line, "listening %s", &addr):
			p.opened <- addr
		}
	}
}

func scan(line, format string, into ...any) bool {
	n, err := fmt.Sscanf(line, format, into...)
	return err == nil && n == len(into)
}

// watchConsole reads the console route's output as a person does, by its text,
// and keeps the books of what arrived there.
func (p *process) watchConsole(stderr io.Reader) {
	number := regexp.MustCompile(`\bseq=(\d+)`)
	for in := bufio.NewScanner(stderr); in.Scan(); {
		if m := number.FindStringSubmatch(in.Text()); m != nil {
			if seq, err := strconv.ParseUint(m[1], 10, 64); err == nil {
				p.books.console.arrive(seq)
			}
		}
		p.lines.console(in.Text())
	}
}
