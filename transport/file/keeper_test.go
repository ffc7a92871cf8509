package file

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// past is a time of rotation, n minutes after the first.
func past(n int) time.Time {
	return time.Date(2026, 1, 1, 0, n, 0, 0, time.UTC)
}

// plant makes n rotated files of size bytes, the n-th last written to an hour
// after the one before, the newest an hour ago.
func plant(t *testing.T, path string, n, size int) {
	t.Helper()
	for i := range n {
		name := rotatedName(path, past(i))
		line := fmt.Sprintf(`{"msg":"%d"}`, i)
		text := line + strings.Repeat(" ", size-len(line)-1) + "\n"
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		last := time.Now().Add(-time.Duration(n-i) * time.Hour)
		if err := os.Chtimes(name, last, last); err != nil {
			t.Fatal(err)
		}
	}
}

// pass runs one pass of the keeper's work, without its goroutine.
func pass(t *testing.T, d Destination) (busy bool) {
	t.Helper()
	if err := d.setDefaults(); err != nil {
		t.Fatal(err)
	}
	busy, err := (&keeper{dest: &d}).pass(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return busy
}

// kept says which of the planted files are there, by their numbers, with a
// "z" behind compressed ones.
func kept(t *testing.T, path string) string {
	t.Helper()
	var s []string
	for _, r := range slices.Backward(rotatedFiles(t, path)) {
		n := fmt.Sprint(int(r.at.Sub(past(0)).Minutes()))
		switch {
		case r.compressed:
			n += "z"
		case r.part:
			n += "p"
		}
		s = append(s, n)
	}
	return strings.Join(s, " ")
}

func TestKeep(t *testing.T) {
	for _, test := range []struct {
		name string
		dest Destination
		want string
	}{
		{"default is ten", Destination{}, "2 3 4 5 6 7 8 9 10 11"},
		{"count", Destination{Keep: 3}, "9 10 11"},
		{"no limit", Destination{Keep: -1}, "0 1 2 3 4 5 6 7 8 9 10 11"},
		{"age", Destination{Keep: -1, KeepFor: 150 * time.Minute}, "10 11"},
		{"bytes", Destination{Keep: -1, KeepBytes: 499}, "8 9 10 11"},
		{"bytes exactly", Destination{Keep: -1, KeepBytes: 500}, "7 8 9 10 11"},
		{"bytes for none", Destination{Keep: -1, KeepBytes: 50}, ""},
		{"the strictest counts", Destination{Keep: 4, KeepFor: 10 * time.Hour, KeepBytes: 900}, "8 9 10 11"},
		{"compressed, but the newest", Destination{Keep: 3, Compress: true}, "9z 10z 11"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := test.dest
			d.Path = filepath.Join(t.TempDir(), "app.log")
			plant(t, d.Path, 12, 100)
			for range 2 { // the second pass finds nothing to do
				if busy := pass(t, d); busy {
					t.Errorf("busy, though nobody has a file open")
				}
				if got := kept(t, d.Path); got != test.want {
					t.Errorf("kept %q, want %q", got, test.want)
				}
			}
		})
	}
}

// TestForeignFilesStay holds that nothing is removed or compressed that is not
// called exactly as a rotated file of this path.
func TestForeignFilesStay(t *testing.T) {
	d := dest(t)
	d.Keep, d.Compress, d.KeepFor = 1, true, time.Nanosecond
	foreign := []string{
		"app.log", "app.log.1", "app.log.gz", "app.log.20260101", "app.log.20260101T000000Z", "app.logs.20260101T000000.000000Z",
		"app.log.20260101T000000.000000Z.bak", "app.log.20261301T000000.000000Z", "app.log.20260101T000000.000000Z.gz.gz",
		"xapp.log.20260101T000000.000000Z", "app.log.20260101T000000.000000000Z", "app.log.20260101T000000.000000z",
	}
	for _, name := range foreign {
		if err := os.WriteFile(filepath.Join(filepath.Dir(d.Path), name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(rotatedName(d.Path, past(0)), 0o700); err != nil {
		t.Fatal(err)
	}
	pass(t, d)
	for _, name := range foreign {
		if b, err := os.ReadFile(filepath.Join(filepath.Dir(d.Path), name)); err != nil || string(b) != "x" {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
	if !exists(rotatedName(d.Path, past(0))) {
		t.Errorf("a directory was removed")
	}
}

// TestCompress compares what comes out of the compressed file, with whom it
// belongs to and how old it is.
func TestCompress(t *testing.T) {
	d := dest(t)
	d.Compress, d.Mode = true, 0o640
	plant(t, d.Path, 2, 300_000)
	source := rotatedName(d.Path, past(0))
	before, err := os.Stat(source)
	if err != nil {
		t.Fatal(err)
	}
	pass(t, d)
	if exists(source) {
		t.Errorf("the source is still there")
	}
	after, err := os.Stat(source + compressedSuffix)
	if err != nil {
		t.Fatal(err)
	}
	if after.Size() >= before.Size()/10 || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("compressed: %d bytes of %v, before: %d of %v", after.Size(), after.ModTime(), before.Size(), before.ModTime())
	}
	if runtime.GOOS != "windows" && after.Mode() != 0o640 {
		t.Errorf("mode %v, want 0640", after.Mode())
	}
	if m, _ := readFile(t, source+compressedSuffix); !slices.Equal(m, []string{"0"}) {
		t.Errorf("messages %q", m)
	}
}

// TestCompressAfterCrash starts from each state that a process killed while it
// compressed may leave: the record is there once in the end, and nothing else.
func TestCompressAfterCrash(t *testing.T) {
	whole := func() []byte {
		var b bytes.Buffer
		zip := gzip.NewWriter(&b)
		fmt.Fprintln(zip, `{"msg":"0"}`)
		zip.Close()
		return b.Bytes()
	}()
	for name, test := range map[string]struct {
		part, done []byte
		gone       bool // the source
	}{
		"part empty":              {part: []byte{}},
		"part cut":                {part: whole[:len(whole)/2]},
		"part whole":              {part: whole},
		"renamed":                 {done: whole},
		"renamed, and a part":     {done: whole, part: whole[:3]},
		"source removed":          {done: whole, gone: true},
		"source removed by Keep":  {part: whole[:3], done: whole, gone: true},
		"nothing but its remains": {part: whole[:3], gone: true},
	} {
		t.Run(name, func(t *testing.T) {
			d := dest(t)
			d.Compress = true
			plant(t, d.Path, 2, 100)
			source := rotatedName(d.Path, past(0))
			if test.gone {
				os.Remove(source)
			}
			for suffix, b := range map[string][]byte{compressedSuffix: test.done, compressedSuffix + partSuffix: test.part} {
				if b != nil {
					if err := os.WriteFile(source+suffix, b, 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
			pass(t, d)
			pass(t, d)
			want := "0z 1"
			if test.gone && test.done == nil {
				want = "1"
			}
			if got := kept(t, d.Path); got != want {
				t.Errorf("kept %q, want %q", got, want)
			} else if want == "0z 1" {
				wantFile(t, d.Path, "0", "1")
			}
		})
	}
}

// TestOpenFilesAreLeftAlone is another process that still has a rotated file
// open for writing: what it writes there must not be lost with the file.
func TestOpenFilesAreLeftAlone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there are no such locks")
	}
	for name, d := range map[string]Destination{
		"removing":    {Keep: 1},
		"compressing": {Keep: -1, Compress: true},
	} {
		t.Run(name, func(t *testing.T) {
			d.Path = filepath.Join(t.TempDir(), "app.log")
			other := open(t, Destination{Path: d.Path, Keep: -1})
			send(t, other, "before")
			if err := os.Rename(d.Path, rotatedName(d.Path, past(0))); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(rotatedName(d.Path, past(1)), []byte(`{"msg":"newest"}`+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if busy := pass(t, d); !busy {
				t.Errorf("not busy, though a process has a file open")
			}
			if got := kept(t, d.Path); got != "0 1" {
				t.Fatalf("kept %q", got)
			}
			wantFile(t, rotatedName(d.Path, past(0)), "before")
			send(t, other, "after") // finds the new file, and lets go of the old one
			if busy := pass(t, d); busy {
				t.Errorf("busy, though the process has let go")
			}
			if got := kept(t, d.Path); got == "0 1" {
				t.Errorf("kept %q, though the process has let go", got)
			}
			wantFile(t, d.Path, append(map[string][]string{
				"removing": {}, "compressing": {"before"},
			}[name], "newest", "after")...)
		})
	}
}

// TestKeeperRuns goes the whole way: Sends rotate, the goroutine is woken and
// compresses and removes, and Close joins it.
func TestKeeperRuns(t *testing.T) {
	d := dest(t)
	d.MaxSize, d.Keep, d.Compress = 1, 3, true
	a := open(t, d)
	for i := range 10 {
		send(t, a, fmt.Sprint(i))
	}
	deadline := time.Now().Add(time.Minute)
	for {
		files := rotatedFiles(t, d.Path)
		if len(files) == 3 && files[1].compressed && files[2].compressed {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("files: %+v", files)
		}
		time.Sleep(time.Millisecond) // the keeper gives no signal
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	wantFile(t, d.Path, "6", "7", "8", "9")
}

// TestCloseInterruptsCompressing stops in the middle of a file, which stays as
// it is, without a part of its compressed form (lumberjack#56).
func TestCloseInterruptsCompressing(t *testing.T) {
	d := dest(t)
	d.Compress = true
	plant(t, d.Path, 2, 1<<20)
	if err := d.setDefaults(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (&keeper{dest: &d}).pass(ctx); err == nil {
		t.Errorf("compressing went on after Close")
	}
	if got := kept(t, d.Path); got != "0 1" {
		t.Errorf("kept %q, want both as they were", got)
	}
}

// TestBackgroundError is returned by Close, since nobody else asks.
func TestBackgroundError(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Log("as root, permissions stop nobody: the error is a directory in the way")
	}
	d := dest(t)
	d.Compress = true
	plant(t, d.Path, 2, 100)
	part := rotatedName(d.Path, past(0)) + compressedSuffix + partSuffix
	if err := os.MkdirAll(filepath.Join(part, "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	tr, err := d.Open()
	if err != nil {
		t.Fatal(err)
	}
	a := tr.(*appender)
	a.keeper.notify()
	deadline := time.Now().Add(time.Minute)
	for len(a.keeper.wake) > 0 { // taken only after the first pass
		if time.Now().After(deadline) {
			t.Fatal("the keeper does not run")
		}
		time.Sleep(time.Millisecond)
	}
	if err := a.Close(); err == nil {
		t.Errorf("Close does not tell that compressing failed")
	}
	if !exists(rotatedName(d.Path, past(0))) {
		t.Errorf("the source was removed, though it could not be compressed")
	}
}

func TestNothingToKeep(t *testing.T) {
	before := runtime.NumGoroutine()
	a := open(t, Destination{Path: filepath.Join(t.TempDir(), "app.log"), Keep: -1})
	if a.keeper != nil || runtime.NumGoroutine() > before {
		t.Errorf("a goroutine was started that has nothing to do")
	}
}

type entry struct{ name string }

func (e entry) Name() string               { return e.name }
func (e entry) IsDir() bool                { return false }
func (e entry) Type() fs.FileMode          { return 0 }
func (e entry) Info() (fs.FileInfo, error) { return os.Lstat(os.DevNull) }

// FuzzParseRotated holds that a name which is taken for a rotated file is one
// that we would give, so that nothing else is ever removed.
func FuzzParseRotated(f *testing.F) {
	name := filepath.Base(rotatedName("app.log", past(0)))
	for _, s := range []string{name, name + ".gz", name + ".gz.part", "app.log", "app.log.", name + "x", "app.log.20260101T000000,000000Z"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		r, ok := parseRotated("app.log", entry{name})
		if !ok {
			return
		}
		want := rotatedName("app.log", r.at)
		if r.compressed {
			want += compressedSuffix
		}
		if r.part {
			want += compressedSuffix + partSuffix
		}
		if want != name {
			t.Errorf("%q was taken for %q", name, want)
		}
	})
}
