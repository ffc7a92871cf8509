package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/slogship/slogship/handler"
)

// The users of the manifests: distroless images' nonroot, and the fsGroup.
const (
	appUser = 65532
	fsGroup = 65532
)

// image is the container's root file system: a static program, and a place for
// the volume. There is no /proc, /dev, /etc or /tmp: less than any image has.
func image(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(dir, "shop"), ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	if err := os.Mkdir(filepath.Join(dir, "state"), 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// volume is a directory with the owner and mode that kubelet gives an emptyDir,
// or any other that the trial asks for.
func volume(t *testing.T, uid, gid int, mode uint32) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chown(dir, uid, gid); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Chmod(dir, mode); err != nil {
		t.Fatal(err)
	}
	return dir
}

// container is one start of the service.
type container struct {
	cmd    *exec.Cmd
	url    string
	ended  chan struct{} // closed when stdout has ended
	mu     sync.Mutex
	stdout []string     // guarded by mu
	stderr bytes.Buffer // read after the end
}

// pod says how a container is started.
type pod struct {
	name   string
	volume string
	uid    int    // 0 is appUser: the trial never runs as root
	to     string // the collector's URL
	env    []string
}

// start runs the service in a mount namespace's view of image: its root is
// read-only, the volume is at /state, and it has no capabilities. A container
// that ends before it listens is returned with its error.
func start(t *testing.T, image string, p pod) (*container, error) {
	t.Helper()
	if p.uid == 0 {
		p.uid = appUser
	}
	root := t.TempDir()
	mount(t, image, root, syscall.MS_BIND)
	mount(t, p.volume, filepath.Join(root, "state"), syscall.MS_BIND)
	mount(t, "", root, syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY|syscall.MS_NOSUID)
	if err := os.WriteFile(filepath.Join(root, "x"), nil, 0o600); err == nil {
		t.Fatal("the root is not read-only")
	}
	c := &container{ended: make(chan struct{}), cmd: exec.Command("/shop")}
	c.cmd.Dir = "/"
	c.cmd.Env = append([]string{"STATE_DIRECTORY=/state", "COLLECTOR_URL=" + p.to, "LISTEN=127.0.0.1:0", "GRACE=3s", "POD_NAME=" + p.name}, p.env...)
	c.cmd.Stderr = &c.stderr
	c.cmd.SysProcAttr = &syscall.SysProcAttr{
		Chroot:     root,
		Credential: &syscall.Credential{Uid: uint32(p.uid), Gid: uint32(p.uid), Groups: []uint32{fsGroup}},
		Pdeathsig:  syscall.SIGKILL,
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.kill() })
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		close(c.ended)
		return c, c.wait()
	}
	c.url = "http://" + strings.TrimPrefix(lines.Text(), "listening on ")
	go func() {
		defer close(c.ended)
		for lines.Scan() {
			c.mu.Lock()
			c.stdout = append(c.stdout, lines.Text())
			c.mu.Unlock()
		}
	}()
	return c, nil
}

// up is start for a container that has to come up.
func up(t *testing.T, image string, p pod) *container {
	t.Helper()
	c, err := start(t, image, p)
	if err != nil {
		t.Fatalf("pod %s: %v\n%s", p.name, err, c.stderr.String())
	}
	return c
}

func mount(t *testing.T, from, to string, flags uintptr) {
	t.Helper()
	if err := syscall.Mount(from, to, "", flags, ""); err != nil {
		t.Fatalf("mount %s at %s: %v", from, to, err)
	}
	if flags&syscall.MS_REMOUNT == 0 {
		t.Cleanup(func() { syscall.Unmount(to, syscall.MNT_DETACH) })
	}
}

// wait returns why the process ended.
func (c *container) wait() error {
	<-c.ended
	return c.cmd.Wait()
}

func (c *container) kill() {
	if c.cmd.ProcessState == nil {
		c.cmd.Process.Kill()
		c.wait()
	}
}

// terminate is what kubelet does first: SIGTERM.
func (c *container) terminate(t *testing.T) {
	t.Helper()
	c.cmd.Process.Signal(syscall.SIGTERM)
	if err := c.wait(); err != nil {
		t.Errorf("after SIGTERM: %v\n%s", err, c.stderr.String())
	}
}

// order has items logged. When it returns, every log call has.
func (c *container) order(t *testing.T, id string, items int, note string) {
	t.Helper()
	resp, err := http.Post(fmt.Sprintf("%s/orders/%s?items=%d&note=%s", c.url, id, items, note), "", nil)
	if err != nil {
		t.Fatalf("order %s: %v\n%s", id, err, c.stderr.String())
	}
	defer resp.Body.Close()
	if body, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusOK {
		t.Fatalf("order %s: %s %s", id, resp.Status, body)
	}
}

func (c *container) stats(t *testing.T) handler.RouteStats {
	t.Helper()
	resp, err := http.Get(c.url + "/stats")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var s handler.Stats
	if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
		t.Fatal(err)
	}
	return s.Routes[0]
}

// eventually polls, since what happens in another process sends no signal here.
func eventually(t *testing.T, what string, within time.Duration, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", within, what)
		}
	}
}
