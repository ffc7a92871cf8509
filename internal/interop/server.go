package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// setup is what is particular to one kind of server.
type setup struct {
	// command prepares a life of the server that writes what it receives into
	// files in dir/received, and returns how to start it in the foreground.
	command func(dir, addr string) (*exec.Cmd, error)
	ready   func(addr string) bool                    // whether it takes records
	read    func(name string, j *judge) (bool, error) // reads one of its files
}

// server is one server over all its lives. All of it belongs to the goroutine
// that runs the destination; the killer and it take turns.
type server struct {
	setup setup
	dir   string // has a folder for each life
	addr  string // the same in every life
	life  *life  // nil: none is running
	lives []past
}

// past is what is known of a life that is over.
type past struct {
	dir    string
	killed bool
}

// life is one process.
type life struct {
	cmd   *exec.Cmd
	dir   string
	said  *bytes.Buffer // what it printed; read after ended is closed
	ended chan struct{} // closed when the process is gone
}

func newServer(s setup, dir string) (*server, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	return &server{setup: s, dir: dir, addr: addr}, nil
}

// start begins a life and returns when it takes records.
func (s *server) start(ctx context.Context) error {
	// A folder a life, so that a file which a kill has torn is never
	// appended to: the next record would be glued to the half one.
	dir := filepath.Join(s.dir, fmt.Sprintf("life%03d", len(s.lives)))
	if err := os.MkdirAll(filepath.Join(dir, "received"), 0o700); err != nil {
		return err
	}
	cmd, err := s.setup.command(dir, s.addr)
	if err != nil {
		return err
	}
	l := &life{cmd: cmd, dir: dir, said: &bytes.Buffer{}, ended: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = l.said, l.said
	// A group of its own: nginx has workers, and a kill is for all of them. No
	// server outlives this program either.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { // ends with the process, which kill and stop wait for
		cmd.Wait()
		close(l.ended)
	}()
	s.life = l
	return s.await(ctx)
}

// await waits until the server takes records.
func (s *server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !s.setup.ready(s.addr) {
		select {
		case <-tick.C:
		case <-s.life.ended:
			said := s.life.said
			s.over(true)
			return fmt.Errorf("%s: %w: %s%s", s.lifeName(), errStart, said, s.lastWords())
		case <-ctx.Done():
			s.kill()
			return fmt.Errorf("%s: %w: %s", s.lifeName(), errStart, s.lastWords())
		}
	}
	return nil
}

func (s *server) lifeName() string { return filepath.Base(s.lives[len(s.lives)-1].dir) }

func (s *server) lastWords() string {
	log, _ := os.ReadFile(filepath.Join(s.lives[len(s.lives)-1].dir, "error.log"))
	return string(log)
}

// errStart: a life ended before it took records, or never took any.
var errStart = errors.New("server does not start")

// kill is SIGKILL for the server and all its workers.
func (s *server) kill() {
	syscall.Kill(-s.life.cmd.Process.Pid, syscall.SIGKILL)
	<-s.life.ended
	s.over(true)
}

// errStuck: the server had to be killed at the end. What it had written counts,
// but it cannot be said that it had had the time to write.
var errStuck = errors.New("does not end on SIGTERM")

// stop ends the server in order.
func (s *server) stop() error {
	if s.life == nil {
		return nil
	}
	late := time.NewTimer(10 * time.Second)
	defer late.Stop()
	syscall.Kill(s.life.cmd.Process.Pid, syscall.SIGTERM)
	select {
	case <-s.life.ended:
		s.over(false)
		return nil
	case <-late.C:
		s.kill()
		return fmt.Errorf("%s: %w", s.lifeName(), errStuck)
	}
}

func (s *server) over(killed bool) {
	s.lives = append(s.lives, past{dir: s.life.dir, killed: killed})
	s.life = nil
}

// received lets j judge what all lives wrote.
func (s *server) received(j *judge) error {
	var faults []error
	for _, l := range s.lives {
		faults = append(faults, readAll(filepath.Join(l.dir, "received"), l.killed, j, s.setup.read))
	}
	return errors.Join(faults...)
}

// freeAddr finds a port that nobody listens at, for TCP and UDP. It is below
// the range from which kernels take the ports of outgoing connections: else,
// while the server is down, one of our own connects might be given its port, or
// even be connected to itself.
func freeAddr() (string, error) {
	for range 100 {
		addr := fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(10_000))
		if free(addr) {
			return addr, nil
		}
	}
	return "", errors.New("no free port between 20000 and 30000")
}

func free(addr string) bool {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return false
	}
	l.Close()
	return !boundUDP(addr)
}

// answersTCP reports whether a connection to addr is accepted.
func answersTCP(addr string) bool {
	c, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return false
	}
	c.Close()
	return true
}

// boundUDP reports whether a socket is bound to addr. Sending something to ask
// would leave an entry that nobody logged.
func boundUDP(addr string) bool {
	c, err := net.ListenPacket("udp", addr)
	if err != nil {
		return true
	}
	c.Close()
	return false
}
