//go:build unix

package file

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestMain lets the test binary be a process that logs to a file.
func TestMain(m *testing.M) {
	if path := os.Getenv("FILE_TEST_CHILD"); path != "" {
		os.Exit(logForEver(path, os.Getenv("FILE_TEST_NAME")))
	}
	os.Exit(m.Run())
}

func childDestination(path string) Destination {
	return Destination{Path: path, MaxSize: 3000, Keep: -1, Compress: true}
}

// logForEver writes records until it is killed, or its standard input ends, and
// says on standard output which ones Send has returned for.
func logForEver(path, name string) int {
	go func() {
		bufio.NewReader(os.Stdin).ReadString('\n')
		os.Exit(0)
	}()
	tr, err := childDestination(path).Open()
	if err != nil {
		return 2
	}
	for i := 0; ; i += 3 {
		messages := []string{fmt.Sprintf("%s-%d", name, i), fmt.Sprintf("%s-%d", name, i+1), fmt.Sprintf("%s-%d", name, i+2)}
		if err := tr.Send(context.Background(), batch(messages...)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 3
		}
		fmt.Println(strings.Join(messages, "\n"))
	}
}

// child is a process that logs. Its standard output is the witness of what it
// may not lose.
type child struct {
	cmd   *exec.Cmd
	acked []string      // the reader's until done is closed
	first chan struct{} // closed with the first record that was acknowledged
	done  chan struct{} // closed when standard output has ended
}

func startChild(t *testing.T, path, name string) *child {
	t.Helper()
	c := &child{cmd: exec.Command(os.Args[0]), first: make(chan struct{}), done: make(chan struct{})}
	c.cmd.Env = append(os.Environ(), "FILE_TEST_CHILD="+path, "FILE_TEST_NAME="+name)
	c.cmd.Stderr = os.Stderr
	if _, err := c.cmd.StdinPipe(); err != nil { // ends with this process
		t.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(c.done)
		var once sync.Once
		r := bufio.NewReader(out)
		for {
			line, err := r.ReadString('\n')
			if err != nil {
				return // a line without its end is not a word
			}
			c.acked = append(c.acked, strings.TrimSuffix(line, "\n"))
			once.Do(func() { close(c.first) })
		}
	}()
	return c
}

// kill ends the process where it is, some time after it has begun to log, and
// returns what was acknowledged.
func (c *child) kill(after time.Duration) []string {
	select {
	case <-c.first:
	case <-c.done: // it has failed, and has said why
	}
	<-time.After(after) // the moment of death is random; nothing is waited for
	c.cmd.Process.Kill()
	<-c.done
	c.cmd.Wait()
	return c.acked
}

// TestProcessesShareAFile has three processes write to one file, rotate it under
// each other and compress what they rotated, while they are killed with SIGKILL
// one after another and replaced (T1, T38). No record is lost whose Send had
// returned, and no line is damaged but the last one of a process that was killed
// in its write.
func TestProcessesShareAFile(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	kills := 12
	if os.Getenv("SLOGSHIP_NIGHTLY") != "" {
		kills = 1000
	}
	d := childDestination(dest(t).Path)
	var acked []string
	children := make([]*child, 3)
	for i := range children {
		children[i] = startChild(t, d.Path, fmt.Sprintf("first%d", i))
	}
	for n := range kills {
		i := rng.IntN(len(children))
		acked = append(acked, children[i].kill(time.Duration(rng.IntN(50))*time.Millisecond)...)
		children[i] = startChild(t, d.Path, fmt.Sprintf("p%d", n))
	}
	for _, c := range children {
		acked = append(acked, c.kill(0)...)
	}
	if busy := pass(t, d); busy {
		t.Errorf("a killed process still holds a file")
	}
	got, broken := read(t, d.Path)
	slices.Sort(got)
	for _, m := range acked {
		if _, found := slices.BinarySearch(got, m); !found {
			t.Errorf("%s was acknowledged and is lost", m)
		}
	}
	if most := kills + len(children); len(broken) > most {
		t.Errorf("%d broken lines, want at most one a killed process, %d: %q", len(broken), most, broken[0])
	}
	rotated := rotatedFiles(t, d.Path)
	t.Logf("%d acknowledged, %d lines, %d broken, %d rotated files", len(acked), len(got), len(broken), len(rotated))
	if len(acked) == 0 || len(rotated) == 0 {
		t.Errorf("nothing was acknowledged or rotated: the test has seen nothing")
	}
}
