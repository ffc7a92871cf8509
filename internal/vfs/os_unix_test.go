//go:build linux || darwin || freebsd

package vfs

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// childEnv says in a child process what it is to do; see TestChild.
const childEnv = "VFS_TEST_CHILD"

const (
	nobody = 65534 // a user that owns nothing that the tests make as root
	other  = 12345
)

// child returns a command that runs this test binary as one of TestChild's
// parts.
func child(t *testing.T, part string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestChild$")
	cmd.Env = append(os.Environ(),
		childEnv+"="+strings.Join(append([]string{part}, args...), ","),
		"GORACE="+os.Getenv("GORACE")+" atexit_sleep_ms=0") // else each child stays for a second
	cmd.Stderr = os.Stderr
	return cmd
}

// TestChild is what child processes run. In the test run itself it does nothing.
func TestChild(t *testing.T) {
	args := strings.Split(os.Getenv(childEnv), ",")
	switch args[0] {
	case "umask":
		childUmask(t, args[1], args[2], args[3])
	case "foreign":
		must(t, syscall.Setgid(nobody))
		must(t, syscall.Setuid(nobody))
		wantErr(t, OS{}.MkdirAll(args[1]), ErrUnsafe)
	case "lock":
		_, err := OS{}.Lock(args[1])
		must(t, err)
		os.Stdout.WriteString("locked\n")
		io.Copy(io.Discard, os.Stdin)
	case "wait":
		os.Stdout.WriteString("started\n")
		io.Copy(io.Discard, os.Stdin)
	}
}

// start runs a child until the end of the test, and returns when it has said
// its first line.
func start(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() { in.Close(); cmd.Wait() })
	_, err = bufio.NewReader(out).ReadString('\n')
	must(t, err)
}

func mode(t *testing.T, name string) uint32 {
	t.Helper()
	var st unix.Stat_t
	must(t, unix.Lstat(name, &st))
	return uint32(st.Mode) & modeBits
}

func wantMode(t *testing.T, name string, want uint32) {
	t.Helper()
	if got := mode(t, name); got != want {
		t.Errorf("%s: mode %o, want %o", filepath.Base(name), got, want)
	}
}

// openDirAll is a directory that another user can reach.
func openDirAll(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "vfs")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	must(t, os.Chmod(dir, 0o777))
	return dir
}

// S19: modes under any umask, as this user and, where that is possible, as one
// whom modes bind. The umask belongs to the process, so a child has it.
func TestS19_OSUmask(t *testing.T) {
	users := []int{os.Geteuid()}
	if os.Geteuid() == 0 {
		users = append(users, nobody)
	}
	for _, uid := range users {
		for _, mask := range []string{"0", "022", "0777"} {
			t.Run(strconv.Itoa(uid)+"/"+mask, func(t *testing.T) {
				cmd := child(t, "umask", mask, strconv.Itoa(uid), openDirAll(t))
				if out, err := cmd.Output(); err != nil {
					t.Errorf("%v\n%s", err, out)
				}
			})
		}
	}
	if !t.Failed() {
		t.Logf("S19: 3 umasks, %d users: each directory %04o, each file %04o", len(users), dirMode, fileMode)
	}
}

func childUmask(t *testing.T, maskText, uidText, base string) {
	mask, err := strconv.ParseInt(maskText, 8, 32)
	must(t, err)
	uid, err := strconv.Atoi(uidText)
	must(t, err)
	if uid != os.Geteuid() {
		must(t, syscall.Setgid(uid))
		must(t, syscall.Setuid(uid))
	}
	unix.Umask(int(mask))
	dir := filepath.Join(base, "a", "b")
	name := filepath.Join(dir, "f")
	must(t, OS{}.MkdirAll(dir))
	f, err := OS{}.Create(name)
	must(t, err)
	must(t, f.Close())
	l, err := OS{}.Lock(filepath.Join(dir, "LOCK"))
	must(t, err)
	defer l.Close()
	check := func() {
		t.Helper()
		wantMode(t, filepath.Join(base, "a"), dirMode)
		wantMode(t, dir, dirMode)
		wantMode(t, name, fileMode)
		wantMode(t, filepath.Join(dir, "LOCK"), fileMode)
	}
	check()
	for _, bad := range []os.FileMode{0, 0o777} {
		must(t, os.Chmod(name, bad))
		must(t, os.Chmod(dir, bad))
		must(t, OS{}.MkdirAll(dir))
		f, err := OS{}.Open(name)
		must(t, err)
		must(t, f.Close())
		check()
	}
}

// S19: volumes come with modes of their own, and keep them.
func TestS19_OSParentsAreLeftAlone(t *testing.T) {
	for _, want := range []uint32{0o777, 0o2770, 0o1777, 0o755} {
		volume := filepath.Join(t.TempDir(), "volume")
		must(t, os.Mkdir(volume, 0o700))
		must(t, unix.Chmod(volume, want))
		dir := filepath.Join(volume, "a", "b")
		must(t, OS{}.MkdirAll(dir))
		must(t, OS{}.MkdirAll(dir))
		wantMode(t, volume, want)
		wantMode(t, filepath.Dir(dir), dirMode)
		wantMode(t, dir, dirMode)
		create(t, OS{}, filepath.Join(dir, "f"))
		wantMode(t, filepath.Join(dir, "f"), fileMode)
	}
}

// A parent may be reached through a link; the directory itself may not be one.
func TestOSParentLink(t *testing.T) {
	base := t.TempDir()
	must(t, os.Mkdir(filepath.Join(base, "real"), 0o755))
	must(t, os.Symlink("real", filepath.Join(base, "link")))
	must(t, OS{}.MkdirAll(filepath.Join(base, "link", "sub")))
	wantMode(t, filepath.Join(base, "real", "sub"), dirMode)
	must(t, os.WriteFile(filepath.Join(base, "file"), nil, 0o600))
	wantErr(t, OS{}.MkdirAll(filepath.Join(base, "file", "sub")), ErrUnsafe)
}

// S19: what belongs to another user is refused and left as it is.
func TestS19_OSForeignOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		wantErr(t, OS{}.MkdirAll("/"), ErrUnsafe) // root's
		return
	}
	dir := filepath.Join(t.TempDir(), "d")
	must(t, os.Mkdir(dir, 0o755))
	name := filepath.Join(dir, "f")
	must(t, os.WriteFile(name, []byte("theirs"), 0o644))
	must(t, os.Chown(name, other, other))
	_, err := OS{}.Open(name)
	wantErr(t, err, ErrUnsafe)
	_, err = OS{}.Lock(name)
	wantErr(t, err, ErrUnsafe)
	wantMode(t, name, 0o644)
	must(t, os.Chown(dir, other, other))
	wantErr(t, OS{}.MkdirAll(dir), ErrUnsafe)
	wantMode(t, dir, 0o755)
}

// S19: a directory that is closed to us because it is another user's, as after
// a pod that ran as somebody else, is refused for that reason, not as one that
// merely has the wrong mode.
func TestS19_OSForeignAndClosed(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can become two users")
	}
	dir := filepath.Join(openDirAll(t), "d")
	must(t, os.Mkdir(dir, 0o700))
	must(t, os.Chown(dir, other, other))
	if out, err := child(t, "foreign", dir).Output(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	wantMode(t, dir, 0o700)
}

func mapped(t *testing.T, size int) (File, Mapping) {
	t.Helper()
	f := create(t, OS{}, filepath.Join(t.TempDir(), "f"))
	must(t, f.Allocate(int64(size)))
	m, err := f.Map(size)
	if errors.Is(err, ErrNotSupported) {
		t.Skip("no mapping on this volume")
	}
	must(t, err)
	return f, m
}

func TestOSMap(t *testing.T) {
	f, m := mapped(t, 3*4096+100)
	must(t, m.Populate())
	copy(m.Bytes()[4096:], "stored")
	p := make([]byte, 6)
	if _, err := f.ReadAt(p, 4096); err != nil || string(p) != "stored" {
		t.Errorf("read %q, %v", p, err)
	}
	_, err := f.WriteAt([]byte("written"), 9000)
	must(t, err)
	if got := m.Bytes()[9000:9007]; string(got) != "written" {
		t.Errorf("mapped %q", got)
	}
	for _, size := range []int{-1, 0, 3*4096 + 101} {
		_, err := f.Map(size)
		wantErr(t, err, unix.EINVAL)
	}
	must(t, f.Sync())
	must(t, f.Close())
	copy(m.Bytes(), "after close")
	must(t, m.Unmap())
	if m.Bytes() != nil {
		t.Error("Bytes after Unmap is not nil")
	}
	wantErr(t, m.Unmap(), os.ErrClosed)
	wantErr(t, m.Populate(), os.ErrClosed)
	g, err := OS{}.Open(f.(*osFile).name)
	must(t, err)
	defer g.Close()
	if _, err := g.ReadAt(p, 0); err != nil || string(p) != "after " {
		t.Errorf("read %q, %v", p, err)
	}
}

// T20: the file was cut off under the mapping. Populate says so and the process
// lives.
func TestOSPopulateTruncated(t *testing.T) {
	page := os.Getpagesize()
	f, m := mapped(t, 4*page)
	must(t, os.Truncate(f.(*osFile).name, int64(page)))
	if m.Populate() == nil {
		t.Error("Populate succeeded behind the end of the file")
	}
	wantErr(t, touch(m.Bytes()), unix.EIO)
	must(t, m.Unmap())
}

func TestKindByName(t *testing.T) {
	tests := []struct {
		name  string
		local bool
		want  Kind
	}{
		{"apfs", true, Local}, {"zfs", true, Local}, {"ufs", true, Local}, {"hfs", true, Local},
		{"tmpfs", true, Memory}, {"nfs", true, Network}, {"nfs", false, Network}, {"smbfs", false, Network},
		{"macfuse", true, Network}, {"fusefs", true, Network}, {"p9fs", true, Network}, {"unknown", false, Network},
	}
	for _, test := range tests {
		if got := kindByName(test.name, test.local); got != test.want {
			t.Errorf("%s, local %t: %v, want %v", test.name, test.local, got, test.want)
		}
	}
}

func TestBlocksToBytes(t *testing.T) {
	tests := []struct {
		blocks, size uint64
		want         int64
	}{
		{0, 4096, 0}, {3, 4096, 12288}, {1 << 62, 4096, 1<<63 - 1}, {1<<64 - 1, 1, 1<<63 - 1}, {5, 0, 1<<63 - 1},
	}
	for _, test := range tests {
		if got := blocksToBytes(test.blocks, test.size); got != test.want {
			t.Errorf("%d blocks of %d: %d, want %d", test.blocks, test.size, got, test.want)
		}
	}
}
