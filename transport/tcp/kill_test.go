package tcp_test

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/transport/tcp"
)

// receiverEnv makes this test binary a receiver: it listens at the address in
// it and writes the number of each record that it has read to its output.
const receiverEnv = "SLOGSHIP_TEST_TCP_RECEIVER"

func TestMain(m *testing.M) {
	if addr := os.Getenv(receiverEnv); addr != "" {
		receive(addr)
		return
	}
	os.Exit(m.Run())
}

// receive is the receiving process. It is slower than the sender, so that the
// kernels' buffers on both sides are full when it is killed.
func receive(addr string) {
	l, err := net.Listen("tcp", addr)
	for end := time.Now().Add(20 * time.Second); err != nil && time.Now().Before(end); {
		time.Sleep(20 * time.Millisecond) // meanwhile a connection of somebody else may have got the port
		l, err = net.Listen("tcp", addr)
	}
	if err != nil {
		fmt.Println("error", err)
		return
	}
	fmt.Println("listening", l.Addr())
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			r := bufio.NewReaderSize(c, 64<<10)
			var out []byte
			for {
				out = out[:0]
				for range 64 {
					line, err := r.ReadBytes('\n')
					if err != nil {
						os.Stdout.Write(out)
						return
					}
					number, _, _ := bytes.Cut(line, []byte(" "))
					out = append(append(out, number...), '\n')
				}
				os.Stdout.Write(out)
				time.Sleep(time.Millisecond) // slow on purpose: at most 64 MB/s
			}
		}()
	}
}

// life is one receiving process. Its output is the witness: what is written to
// a pipe survives the writer.
type life struct {
	cmd  *exec.Cmd
	addr string
	done chan []int // the numbers it wrote, when it has ended
}

func startLife(t *testing.T, addr string) *life {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), receiverEnv+"="+addr)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReaderSize(out, 1<<20)
	first, err := r.ReadString('\n')
	listening, ok := strings.CutPrefix(strings.TrimSpace(first), "listening ")
	if err != nil || !ok {
		cmd.Process.Kill()
		t.Fatalf("receiver: %q, %v", first, err)
	}
	l := &life{cmd: cmd, addr: listening, done: make(chan []int, 1)}
	go func() {
		var numbers []int
		for {
			line, err := r.ReadString('\n')
			if n, bad := strconv.Atoi(strings.TrimSpace(line)); bad == nil && err == nil {
				numbers = append(numbers, n)
			}
			if err != nil {
				l.done <- numbers
				return
			}
		}
	}()
	return l
}

// kill is SIGKILL. It returns what the process had read.
func (l *life) kill() []int {
	l.cmd.Process.Kill()
	numbers := <-l.done
	l.cmd.Wait()
	return numbers
}

// TestReceiverKilled is T27: a receiving process is killed with SIGKILL in the
// middle of batches, with megabytes in the buffers of both kernels. With the
// default window nothing is lost; the repeats of each kill are bounded by the
// window and what was unconfirmed.
func TestReceiverKilled(t *testing.T) {
	kills := 5
	if nightly() {
		kills = 100
	}
	lost, dups, sent := killReceiver(t, tcp.Destination{}, kills)
	t.Logf("%d kills, %d records of 1 KiB sent, lost %d, repeats %d", kills, sent, lost, dups)
	if lost > 0 {
		t.Errorf("lost %d records", lost)
	}
	if most := kills * (8<<10 + 8<<10); dups > most {
		t.Errorf("%d repeats; a window has 8192 records, and the kernel no more than that: want at most %d", dups, most)
	}
}

// Without a window the same kills lose records: the test above can fail, and
// this is what all who take a successful write for a delivery lose.
func TestReceiverKilledWithoutWindow(t *testing.T) {
	lost, _, sent := killReceiver(t, tcp.Destination{WindowBytes: -1}, 3)
	t.Logf("3 kills, %d records of 1 KiB sent, lost %d", sent, lost)
	if lost == 0 {
		t.Errorf("nothing was lost: the receiver had read everything whenever it was killed")
	}
}

func killReceiver(t *testing.T, d tcp.Destination, kills int) (lost, dups, sent int) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	l := startLife(t, "127.0.0.1:0")
	d.Addr, d.Encoder = l.addr, padded{1023}
	w := open(t, d)
	got := map[int]bool{}
	note := func(numbers []int) {
		for _, n := range numbers {
			got[n] = true
		}
	}
	for range kills {
		// Beyond the window, so that records have been let go.
		w.until(w.next+12<<10+rng.IntN(8<<10), 500)
		killed := make(chan []int, 1)
		time.AfterFunc(time.Duration(rng.IntN(20_000))*time.Microsecond, func() { killed <- l.kill() })
		for w.step(t.Context(), 500) == nil { // until the break is seen
		}
		note(<-killed)
		l = startLife(t, l.addr)
	}
	w.until(w.next+1, 500)
	sent = w.next
	w.close() // in order: the last receiver has read everything
	if w.kept != sent {
		t.Errorf("%d records are still held after Close", sent-w.kept)
	}
	note(l.kill())
	for n := range sent {
		if !got[n] {
			lost++
		}
	}
	return lost, w.dups, sent
}
