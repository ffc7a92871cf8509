package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// server is one server over all its lives. All of it belongs to the goroutine
// that runs the destination; the killer and it take turns.
type server struct {
	setup setup
	dir   string   // has a folder for each life, and "data"
	addrs []string // the same in every life
	life  *life    // nil: none is running
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
	at    place
	ended chan struct{} // closed when the process is gone
}

// defaultStartLimit is for servers that are there within a second on a machine
// with nothing else to do.
const defaultStartLimit = 15 * time.Second

// newServer takes the server's addresses. It starts nothing.
func newServer(s setup, dir string) (*server, error) {
	s.startLimit, s.ports = cmp.Or(s.startLimit, defaultStartLimit), cmp.Or(s.ports, 1)
	addrs, err := freeAddrs(s.ports)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(dir, "data"), 0o700); err != nil {
		return nil, err
	}
	return &server{setup: s, dir: dir, addrs: addrs}, nil
}

// install puts in place what the server needs.
func (s *server) install(ctx context.Context) error {
	if s.setup.install == nil {
		return nil
	}
	return s.setup.install(ctx)
}

// version is what the server says of itself.
func (s *server) version(ctx context.Context) (string, error) { return s.setup.version(ctx) }

// place is where the next life lives. A folder a life, so that a file which a
// kill has torn is never appended to: the next record would be glued to the
// half one.
func (s *server) place() place {
	return place{
		dir:   filepath.Join(s.dir, fmt.Sprintf("life%03d", len(s.lives))),
		data:  filepath.Join(s.dir, "data"),
		addrs: s.addrs,
	}
}

// start begins a life and returns when it takes records.
func (s *server) start(ctx context.Context) error {
	at := s.place()
	if err := os.MkdirAll(filepath.Join(at.dir, "received"), 0o700); err != nil {
		return err
	}
	cmd, err := s.setup.command(at)
	if err != nil {
		return err
	}
	// A file and no buffer of ours: with a buffer Wait would wait for everyone
	// who has inherited the pipe, and daemons that a server leaves behind
	// (RabbitMQ's epmd) never close it.
	said, err := os.Create(filepath.Join(at.dir, "output.log"))
	if err != nil {
		return err
	}
	defer said.Close()
	cmd.Stdout, cmd.Stderr = said, said
	cmd.Dir = at.dir // where a server that crashes leaves its dump
	// A group of its own: nginx has workers, and a kill is for all of them. No
	// server outlives this program either.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return err
	}
	l := &life{cmd: cmd, at: at, ended: make(chan struct{})}
	go func() { // ends with the process, which kill and stop wait for
		cmd.Wait()
		close(l.ended)
	}()
	s.life = l
	return s.await(ctx)
}

// await waits until the server takes records.
func (s *server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.setup.startLimit)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !s.setup.ready(s.life.at) {
		select {
		case <-tick.C:
		case <-s.life.ended:
			s.kill() // what it had begun
			return fmt.Errorf("%s: %w: %s", s.lastName(), errStart, s.lastWords())
		case <-ctx.Done():
			s.kill()
			return fmt.Errorf("%s: %w: not within %v: %s", s.lastName(), errStart, s.setup.startLimit, s.lastWords())
		}
	}
	return nil
}

func (s *server) lastName() string { return filepath.Base(s.lives[len(s.lives)-1].dir) }

// lastWords is the end of what the last life said.
func (s *server) lastWords() string {
	const most = 4 << 10
	var words strings.Builder
	for _, name := range []string{"output.log", "error.log"} {
		log, _ := os.ReadFile(filepath.Join(s.lives[len(s.lives)-1].dir, name))
		words.Write(log[max(0, len(log)-most):])
	}
	return words.String()
}

// errStart: a life ended before it took records, or never took any.
var errStart = errors.New("server does not start")

// kill is SIGKILL for the server and all its workers, if it runs.
func (s *server) kill() {
	if s.life == nil {
		return
	}
	group := -s.life.cmd.Process.Pid
	syscall.Kill(group, syscall.SIGKILL)
	<-s.life.ended
	// The next life needs the ports of those that are not our children, too. Not
	// for ever: somebody has to collect them, and a container may have nobody.
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_ = poll(ctx, func() bool { return errors.Is(syscall.Kill(group, 0), syscall.ESRCH) })
	s.over(true)
}

// restart is kill and start.
func (s *server) restart(ctx context.Context) error {
	s.kill()
	return s.start(ctx)
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
		return fmt.Errorf("%s: %w", s.lastName(), errStuck)
	}
}

func (s *server) over(killed bool) {
	s.lives = append(s.lives, past{dir: s.life.at.dir, killed: killed})
	s.life = nil
}

// received calls take with each record that the server has, and counts files
// that a kill has torn. No life runs afterwards.
func (s *server) received(ctx context.Context, take func(entry)) (torn int, err error) {
	if s.setup.query != nil {
		return 0, s.ask(ctx, take)
	}
	faults := []error{s.stop()}
	for _, l := range s.lives {
		tears, err := readAll(filepath.Join(l.dir, "received"), l.killed, take, s.setup.read)
		torn += tears
		faults = append(faults, err)
	}
	return torn, errors.Join(faults...)
}

// errGone: the server is not there to be asked.
var errGone = errors.New("no server to ask")

// ask asks a server that answers only while it runs. It is killed afterwards:
// there is nothing more that it could write in time.
func (s *server) ask(ctx context.Context, take func(entry)) error {
	if s.life == nil {
		return errGone
	}
	defer s.kill()
	return s.setup.query(ctx, s.life.at, take)
}

// freeAddrs finds n ports that nobody listens at, for TCP and UDP. They are below
// the range from which kernels take the ports of outgoing connections: else,
// while the server is down, one of our own connects might be given its port, or
// even be connected to itself.
func freeAddrs(n int) ([]string, error) {
	var addrs []string
	for range 100 * n {
		addr := fmt.Sprintf("127.0.0.1:%d", 20_000+rand.IntN(10_000))
		if !slices.Contains(addrs, addr) && free(addr) {
			addrs = append(addrs, addr)
		}
		if len(addrs) == n {
			return addrs, nil
		}
	}
	return nil, fmt.Errorf("no %d free ports between 20000 and 30000", n)
}

func free(addr string) bool {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return false
	}
	l.Close()
	return !bound(addr)
}

// answersTCP reports whether a connection to the first address is accepted.
func answersTCP(at place) bool {
	c, err := net.DialTimeout("tcp", at.addr(), time.Second)
	if err != nil {
		return false
	}
	c.Close()
	return true
}

// boundUDP reports whether a socket is bound to the first address. Sending
// something to ask would leave an entry that nobody logged.
func boundUDP(at place) bool { return bound(at.addr()) }

func bound(addr string) bool {
	c, err := net.ListenPacket("udp", addr)
	if err != nil {
		return true
	}
	c.Close()
	return false
}
