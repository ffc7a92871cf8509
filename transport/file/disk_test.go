//go:build linux

package file

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/slogship/slogship/transport"
)

// withFileLimit lets this process's files grow to size bytes only: the kernel
// then writes what fits and fails, as it does when the disk is full. Go ignores
// the signal that comes with it.
func withFileLimit(t *testing.T, size int64, f func()) {
	t.Helper()
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	limit := old
	limit.Cur = uint64(size)
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	defer unix.Setrlimit(unix.RLIMIT_FSIZE, &old)
	f()
}

// TestFullDisk runs testFullDisk in a process of its own: the limit would also
// hold for the files that go test keeps its accounts in.
func TestFullDisk(t *testing.T) {
	if os.Getenv("FILE_TEST_FULL_DISK") != "" {
		testFullDisk(t, false)
		testFullDisk(t, true)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestFullDisk$")
	cmd.Env = append(os.Environ(), "FILE_TEST_FULL_DISK=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// testFullDisk cuts a batch at each place (T18): nothing of it stays, and what
// comes after is whole. While another process has the file open, nothing may be
// cut off; then a torn line stays alone.
func testFullDisk(t *testing.T, shared bool) {
	for cut := int64(0); cut < 200; cut += 3 {
		d := dest(t)
		a := open(t, d)
		send(t, a, "before")
		size := a.end
		left := size
		if shared {
			left += cut
			defer share(t, d.Path).Close()
		}
		withFileLimit(t, size+cut, func() {
			err := a.Send(t.Context(), batch("full 1", "full 2"))
			if !errors.Is(err, syscall.EFBIG) || transport.Classify(err, 2) != (transport.Outcome{}) {
				t.Errorf("Send to a full disk returned %v", err)
			}
		})
		if info, err := os.Stat(d.Path); err != nil || info.Size() != left {
			t.Errorf("shared %v, cut at %d: the file has %d bytes, want %d", shared, cut, info.Size(), left)
		}
		send(t, a, "full 1", "full 2")
		messages, broken := readFile(t, d.Path)
		if tail := messages[len(messages)-2:]; messages[0] != "before" || !slices.Equal(tail, []string{"full 1", "full 2"}) {
			t.Errorf("shared %v, cut at %d: messages %q", shared, cut, messages)
		}
		if len(broken) > 1 || len(broken) == 1 && !shared {
			t.Errorf("shared %v, cut at %d: broken lines %q", shared, cut, broken)
		}
	}
}

// share holds a file as another process that writes to it does.
func share(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	if locked, err := lockShared(f); err != nil || !locked {
		t.Fatal(locked, err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// TestUndoSparesOthers has another process write behind a torn line before it
// can be cut off: its line is kept.
func TestUndoSparesOthers(t *testing.T) {
	d := dest(t)
	a := open(t, d)
	send(t, a, "before")
	n, err := a.file.Write([]byte(`{"msg":"to`))
	if err != nil {
		t.Fatal(err)
	}
	appendRaw(t, d.Path, "\n"+`{"msg":"other"}`+"\n")
	a.undo(n)
	send(t, a, "after")
	messages, broken := readFile(t, d.Path)
	if !slices.Equal(messages, []string{"before", "other", "after"}) || len(broken) != 1 {
		t.Errorf("messages %q, broken %q", messages, broken)
	}
}

// TestStoppedRotator holds the directory's lock, as a process that was stopped
// in the middle of a rotation does. Sends go on, into the file there is.
func TestStoppedRotator(t *testing.T) {
	d := dest(t)
	d.MaxSize = 1
	a := open(t, d)
	send(t, a, "1")
	unlock, err := lockDir(t.Context(), strings.TrimSuffix(d.Path, "/app.log"))
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	send(t, a, "2")
	if took := time.Since(start); took > 10*lockWait {
		t.Errorf("Send took %v", took)
	}
	if files := rotatedFiles(t, d.Path); len(files) > 0 {
		t.Errorf("rotated without the lock: %v", files)
	}
	unlock()
	send(t, a, "3")
	if files := rotatedFiles(t, d.Path); len(files) != 1 {
		t.Errorf("rotated: %v", files)
	}
	wantFile(t, d.Path, "1", "2", "3")
}

// TestFileIsBeingCompressed opens a path whose file someone holds exclusively,
// as a keeper does that was faster: an error in bounded time, and no write.
func TestFileIsBeingCompressed(t *testing.T) {
	d := dest(t)
	appendRaw(t, d.Path, "")
	f, free, err := claim(d.Path)
	if err != nil || !free {
		t.Fatal(free, err)
	}
	a := open(t, d)
	if err := a.Send(t.Context(), batch("m")); !errors.Is(err, errLocked) {
		t.Errorf("Send returned %v", err)
	}
	f.Close()
	send(t, a, "m")
	wantFile(t, d.Path, "m")
}
