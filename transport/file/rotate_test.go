package file

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
)

func lineSize(t *testing.T, message string) int64 {
	t.Helper()
	rec := record(message)
	b, err := encode.JSONLines{}.AppendRecord(nil, &rec)
	if err != nil {
		t.Fatal(err)
	}
	return int64(len(b) + 1)
}

// TestRotateBySize fills files to the brim: none is larger than MaxSize, none
// is rotated before it has to be, and a batch is never divided.
func TestRotateBySize(t *testing.T) {
	d := dest(t)
	d.MaxSize = 3*lineSize(t, "00") + lineSize(t, "00")/2 // three lines fit, also when times have fewer digits
	a := open(t, d)
	var want []string
	for i := range 20 {
		want = append(want, fmt.Sprintf("%02d", i))
		send(t, a, want[i])
	}
	wantFile(t, d.Path, want...)
	files := rotatedFiles(t, d.Path)
	if len(files) != 6 {
		t.Errorf("%d rotated files for 20 lines, want 6 with 3 each", len(files))
	}
	for _, r := range files {
		if r.size > d.MaxSize {
			t.Errorf("%s has %d bytes, MaxSize is %d", r.name, r.size, d.MaxSize)
		}
	}
	send(t, a, numbers(10)...) // larger than a file may be: in one file of its own
	if messages, _ := readFile(t, d.Path); !slices.Equal(messages, numbers(10)) {
		t.Errorf("the large batch is in a file with %q", messages)
	}
}

func TestNoLimit(t *testing.T) {
	d := dest(t)
	d.MaxSize = -1
	a := open(t, d)
	send(t, a, "1")
	send(t, a, "2")
	if files := rotatedFiles(t, d.Path); len(files) > 0 {
		t.Errorf("rotated: %v", files)
	}
}

// TestRotateByTime sets the time of the last write, which is what decides: so
// it does after a restart, and between processes.
func TestRotateByTime(t *testing.T) {
	d := dest(t)
	d.Every = 24 * time.Hour
	a := open(t, d)
	midnight := time.Now().UTC().Truncate(24 * time.Hour)
	for i, test := range []struct {
		last   time.Time
		rotate bool
	}{
		{midnight, false},
		{midnight.Add(-time.Nanosecond), true},
		{midnight.AddDate(0, 0, -10), true},
		{midnight.AddDate(0, 0, 1), false}, // the clock was set back
	} {
		send(t, a, "before")
		before := len(rotatedFiles(t, d.Path))
		if err := os.Chtimes(d.Path, test.last, test.last); err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			a.Close()
			a = open(t, d)
		}
		send(t, a, "after")
		if rotated := len(rotatedFiles(t, d.Path)) > before; rotated != test.rotate {
			t.Errorf("last write at %v, now %v: rotated %v", test.last, time.Now(), rotated)
		}
	}
}

// TestMovedAway is what logrotate does, and people: the file is renamed,
// replaced or removed under a transport that has it open.
func TestMovedAway(t *testing.T) {
	move := map[string]func(path string) error{
		"renamed": func(path string) error { return os.Rename(path, path+".1") },
		"removed": os.Remove,
		"replaced": func(path string) error {
			if err := os.Rename(path, path+".1"); err != nil {
				return err
			}
			return os.WriteFile(path, nil, 0o640)
		},
		"directory renamed": func(path string) error {
			return os.Rename(filepath.Dir(path), filepath.Dir(path)+".1")
		},
	}
	for name, f := range move {
		t.Run(name, func(t *testing.T) {
			d := dest(t)
			d.Path = filepath.Join(filepath.Dir(d.Path), "dir", "app.log")
			a := open(t, d)
			send(t, a, "before")
			if !renamesOpenFiles {
				t.Skip("an open file cannot be moved here")
			}
			if err := f(d.Path); err != nil {
				t.Fatal(err)
			}
			send(t, a, "after")
			wantFile(t, d.Path, "after")
			if old := d.Path + ".1"; exists(old) {
				wantFile(t, old, "before")
			}
		})
	}
}

// TestReopen closes what is open, also if Path still names it: the number of
// the descriptor's file is the same, but a half line is looked for again.
func TestReopen(t *testing.T) {
	d := dest(t)
	hup := make(chan os.Signal, 1)
	d.Reopen = hup
	a := open(t, d)
	send(t, a, "1")
	first := a.file
	send(t, a, "2")
	if a.file != first {
		t.Errorf("the file was opened anew without being asked")
	}
	hup <- syscall.SIGHUP
	send(t, a, "3")
	if a.file == first {
		t.Errorf("the file was not opened anew")
	}
	second := a.file
	close(hup)
	send(t, a, "4")
	if a.file != second {
		t.Errorf("a closed channel asked for opening the file anew")
	}
	wantFile(t, d.Path, "1", "2", "3", "4")
}

// TestAgentFollows runs an agent as they are built: it knows files by inode,
// reads each to its end, and finds new ones by their names. It sees each line
// once, however far it is behind.
func TestAgentFollows(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("an open file cannot be moved here")
	}
	d := dest(t)
	d.MaxSize = 2000
	a := open(t, d)
	const total = 2000
	written := make(chan struct{})
	go func() {
		defer close(written)
		for i := range total {
			if err := a.Send(t.Context(), batch(fmt.Sprint(i))); err != nil {
				t.Error(err)
			}
		}
	}()
	agent := &agent{t: t, path: d.Path}
	for done := false; !done; agent.poll() {
		select {
		case <-written:
			done = true
		default:
		}
	}
	agent.sawEach(total)
}

// TestAgentFollowsCompressed has the agent look once for each file that is
// filled, which is as slow as it may be: what is two rotations old may be a
// compressed file. Those it has open it reads on, removed or not.
func TestAgentFollowsCompressed(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("an open file cannot be moved here")
	}
	d := dest(t)
	d.MaxSize = 2000
	d.Compress = true
	a := open(t, d)
	agent := &agent{t: t, path: d.Path}
	const total = 500
	for i := range total {
		before := a.identity
		send(t, a, fmt.Sprint(i))
		if i > 0 && !os.SameFile(before, a.identity) {
			agent.poll()
		}
	}
	agent.poll()
	agent.sawEach(total)
}

func (g *agent) sawEach(total int) {
	g.t.Helper()
	got, want := slices.Sorted(slices.Values(g.seen)), numbers(total)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		missing := slices.DeleteFunc(want, func(m string) bool { return slices.Contains(got, m) })
		g.t.Errorf("the agent saw %d lines of %d, missing %q", len(got), total, missing)
	}
}

// agent follows files by inode.
type agent struct {
	t     *testing.T
	path  string
	files []*followed
	seen  []string
}

type followed struct {
	info os.FileInfo
	r    *bufio.Reader
	part string
}

// poll looks for files that it does not know, in the order of their names (the
// rotated ones by time, then the file itself), and reads all to their ends.
func (g *agent) poll() {
	names, err := filepath.Glob(g.path + ".*Z")
	if err != nil {
		g.t.Fatal(err)
	}
	for _, name := range append(names, g.path) {
		g.discover(name)
	}
	for _, f := range g.files {
		g.read(f)
	}
}

func (g *agent) discover(name string) {
	f, err := os.Open(name)
	if err != nil {
		return // moved since
	}
	info, err := f.Stat()
	if err != nil {
		g.t.Fatal(err)
	}
	for _, known := range g.files {
		if os.SameFile(known.info, info) {
			f.Close()
			return
		}
	}
	g.t.Cleanup(func() { f.Close() })
	g.files = append(g.files, &followed{info: info, r: bufio.NewReader(f)})
}

func (g *agent) read(f *followed) {
	for {
		line, err := f.r.ReadString('\n')
		f.part += line
		if err == io.EOF {
			return
		}
		if err != nil {
			g.t.Fatal(err)
		}
		var m struct{ Msg string }
		if err := json.Unmarshal([]byte(f.part), &m); err != nil {
			g.t.Errorf("broken line %q", f.part)
		}
		g.seen = append(g.seen, m.Msg)
		f.part = ""
	}
}

// TestTwoTransportsOneFile has the two rotate under each other all the time.
func TestTwoTransportsOneFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("one transport a file, the package comment says")
	}
	d := dest(t)
	d.MaxSize = 1000
	d.Compress = true
	var wg sync.WaitGroup
	const transports, each = 4, 200
	for n := range transports {
		a := open(t, d)
		wg.Go(func() {
			for i := range each {
				if err := a.Send(t.Context(), batch(fmt.Sprint(n*each+i))); err != nil {
					t.Error(err)
				}
			}
			a.Close()
		})
	}
	wg.Wait()
	got, broken := read(t, d.Path)
	want := numbers(transports * each)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) || len(broken) > 0 {
		t.Errorf("%d lines, want %d, each once; broken %q", len(got), len(want), broken)
	}
}
