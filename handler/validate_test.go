package handler

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/internal/vfs"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/file"
	"github.com/slogship/slogship/transport/memory"
	"github.com/slogship/slogship/transport/tcp"
)

// replying is a destination whose transport says what a test wants.
type replying struct {
	open  error
	probe func() error
	check func(context.Context) []transport.Finding
}

func (a replying) Open() (transport.Transport, error) {
	switch {
	case a.open != nil:
		return nil, a.open
	case a.check != nil:
		return checking{a}, nil
	case a.probe != nil:
		return probing{a}, nil
	default:
		return silent{a}, nil
	}
}

type (
	silent   struct{ replying }
	probing  struct{ replying }
	checking struct{ replying }
)

func (silent) Describe() transport.Description   { return transport.Description{} }
func (probing) Describe() transport.Description  { return transport.Description{} }
func (checking) Describe() transport.Description { return transport.Description{} }

func (silent) Send(context.Context, []encode.Record) error   { panic("a record was sent") }
func (probing) Send(context.Context, []encode.Record) error  { panic("a record was sent") }
func (checking) Send(context.Context, []encode.Record) error { panic("a record was sent") }

func (silent) Close() error   { return nil }
func (probing) Close() error  { return nil }
func (checking) Close() error { return nil }

func (p probing) Probe(context.Context) error                    { return p.probe() }
func (c checking) Check(ctx context.Context) []transport.Finding { return c.check(ctx) }

// verdicts lists "route/check verdict" of what is not in the handler's own part.
func verdicts(r *Report, named bool) []string {
	var list []string
	for _, f := range r.Findings {
		if (f.Route != "") == named {
			list = append(list, strings.TrimPrefix(f.Route+"/"+f.Check+" "+f.Verdict.String(), "/"))
		}
	}
	return list
}

func TestValidateDestinations(t *testing.T) {
	sick := errors.New("connect: refused\nand more")
	routes := []route.Route{
		{Name: "checker", To: replying{check: func(ctx context.Context) []transport.Finding {
			if _, limited := ctx.Deadline(); !limited {
				t.Error("a check may take for ever")
			}
			return []transport.Finding{{Check: "name", Verdict: transport.OK}, {Check: "tls", Verdict: transport.Failed, Err: sick, Found: "sick", Remedy: "heal"}}
		}}},
		{Name: "prober", To: replying{probe: func() error { return nil }}},
		{Name: "sick-prober", To: replying{probe: func() error { return sick }}},
		{Name: "silent", To: replying{}},
		{Name: "unopened", To: replying{open: sick}},
		{Name: "panics", To: replying{check: func(context.Context) []transport.Finding { panic("bug") }}},
		{Name: "direct", To: replying{}, Direct: true},
	}
	report := Validate(t.Context(), routes, &Options{InMemory: true})
	want := []string{
		"checker/configuration ok", "checker/name ok", "checker/tls failed",
		"prober/configuration ok", "prober/probe ok",
		"sick-prober/configuration ok", "sick-prober/probe failed",
		"silent/configuration ok", "silent/destination skipped",
		"unopened/configuration failed",
		"panics/destination failed",
		"direct/configuration failed",
	}
	if got := verdicts(report, true); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got := verdicts(report, false); strings.Join(got, ",") != "options ok,routes ok,directory ok" {
		t.Errorf("of the handler: %q", got)
	}
	err := report.Err()
	if e, ok := errors.AsType[*ValidateError](err); !ok || len(e.Failed) != 5 || !errors.Is(err, sick) || !errors.Is(err, route.ErrInvalid) {
		t.Errorf("the error is %v", err)
	}
	text := report.String()
	for _, part := range []string{"route \"checker\"\n", "  failed   tls: sick; heal\n", "connect: refused; and more", "5 failed, 1 skipped"} {
		if !strings.Contains(text, part) {
			t.Errorf("the text has no %q:\n%s", part, text)
		}
	}
	b, jerr := json.Marshal(report)
	var back struct {
		Findings []struct{ Route, Check, Verdict, Remedy string }
	}
	if jerr != nil || json.Unmarshal(b, &back) != nil || len(back.Findings) != len(report.Findings) || back.Findings[5].Verdict != "failed" || back.Findings[5].Route != "checker" || back.Findings[5].Remedy != "heal" {
		t.Errorf("as JSON: %s, %v", b, jerr)
	}
}

// What is wrong with the configuration ends it: the rest would be about another.
func TestValidateConfiguration(t *testing.T) {
	good := route.Route{Name: "a", To: memory.New()}
	if r := Validate(t.Context(), []route.Route{good}, nil); len(r.Findings) != 1 || !errors.Is(r.Err(), ErrOptions) {
		t.Errorf("without Dir: %v", r)
	}
	if r := Validate(t.Context(), []route.Route{good, good}, &Options{InMemory: true}); len(r.Findings) != 2 || !errors.Is(r.Err(), route.ErrInvalid) {
		t.Errorf("one name twice: %v", r)
	}
	if r := Validate(t.Context(), []route.Route{good}, &Options{InMemory: true}); r.Err() != nil {
		t.Errorf("a good one: %v", r)
	}
}

func finding(t *testing.T, r *Report, check string) Finding {
	t.Helper()
	for _, f := range r.Findings {
		if f.Check == check {
			return f
		}
	}
	t.Fatalf("no finding about %q in\n%v", check, r)
	return Finding{}
}

// The directory as it may be found, and nothing of ours left in it.
func TestValidateDirectory(t *testing.T) {
	routes := []route.Route{{Name: "a", To: memory.New()}}
	dir := t.TempDir()
	inside := filepath.Join(dir, "not", "yet")
	r := Validate(t.Context(), routes, &Options{Dir: inside, MinFree: -1, MaxDisk: 1 << 20})
	if f := finding(t, r, "directory"); f.Verdict != transport.OK || !strings.Contains(f.Found, "can be made in "+dir) {
		t.Errorf("one that is not there: %v", f)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 0 {
		t.Errorf("left behind: %v", entries)
	}
	if f := finding(t, r, "room"); f.Verdict == transport.Failed {
		t.Errorf("room: %v", f)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if f := finding(t, Validate(t.Context(), routes, &Options{Dir: filepath.Join(file, "below")}), "directory"); f.Verdict != transport.Failed {
		t.Errorf("below a file: %v", f)
	}
	if os.Getuid() > 0 {
		if err := os.Chmod(dir, 0o500); err != nil {
			t.Fatal(err)
		}
		r := Validate(t.Context(), routes, &Options{Dir: dir})
		if f := finding(t, r, "directory"); f.Verdict != transport.Failed || !errors.Is(r.Err(), fs.ErrPermission) {
			t.Errorf("without the right to write: %v", f)
		}
		os.Chmod(dir, 0o700)
	}
	direct := []route.Route{{Name: "a", To: memory.New(), Direct: true}}
	if f := finding(t, Validate(t.Context(), direct, &Options{Dir: file}), "directory"); f.Verdict != transport.OK {
		t.Errorf("not needed, and yet %v", f)
	}
}

// Locks that others hold, and what routes that are gone have left.
func TestValidateLocks(t *testing.T) {
	dir := t.TempDir()
	old := []route.Route{{Name: "old", To: memory.New()}, {Name: "kept", To: memory.New()}}
	h, err := New(old, &Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	r := Validate(t.Context(), []route.Route{{Name: "kept", To: memory.New()}, {Name: "new", To: memory.New()}}, &Options{Dir: dir})
	if got := strings.Join(verdicts(r, true), ","); !strings.Contains(got, "kept/lock warning") || !strings.Contains(got, "new/lock ok") {
		t.Errorf("while another runs: %s", got)
	}
	// The one that runs is this process's: the finding must not send anybody to look
	// for another process.
	if f := finding(t, r, "lock"); f.Verdict != transport.Warning || !strings.Contains(f.Found, "or in this one") {
		t.Errorf("lock: %v", f)
	}
	if f := finding(t, r, "unclaimed"); f.Verdict != transport.Warning || f.Subject != filepath.Join(dir, "old") {
		t.Errorf("unclaimed: %v", f)
	}
	if err := h.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r := Validate(t.Context(), old, &Options{Dir: dir}); r.Err() != nil || !strings.Contains(strings.Join(verdicts(r, true), ","), "kept/lock ok") {
		t.Errorf("after it has ended: %v", r)
	}
}

// volumes answers for a volume that a test can't have.
type volumes struct {
	vfs.FS
	kind  vfs.Kind
	space vfs.Space
}

func (v volumes) Kind(string) (vfs.Kind, error)   { return v.kind, nil }
func (v volumes) Space(string) (vfs.Space, error) { return v.space, nil }

const mountsText = `22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
23 22 0:25 / /tmp rw shared:5 - tmpfs tmpfs rw
24 22 8:1 /var/lib/kubelet/pods/0b2/volumes/kubernetes.io~empty-dir/buf /data/a\040b rw - ext4 /dev/sda1 rw
25 22 0:40 / /merged rw - overlay overlay rw
26 22 0:41 / /nfs rw - nfs4 server:/x rw
27 22 0:42 / /nfs rw - ext4 /dev/sdb rw
garbage
`

func TestValidateVolume(t *testing.T) {
	plain, power := []route.Route{{Name: "a"}}, []route.Route{{Name: "a", Durability: route.Power()}}
	for _, c := range []struct {
		dir    string
		kind   vfs.Kind
		routes []route.Route
		want   transport.Verdict
		part   string
	}{
		{"/var/lib/shop", vfs.Local, plain, transport.OK, "local (ext4)"},
		{"/tmp/x", vfs.Memory, plain, transport.Warning, "gone with the machine"},
		{"/tmp/x", vfs.Memory, power, transport.Warning, "whatever durability"},
		{"/data/a b/buffers", vfs.Local, plain, transport.Warning, "emptyDir: it outlives the container"},
		{"/data/a b", vfs.Memory, plain, transport.Warning, "emptyDir in memory"},
		{"/merged/x", vfs.Local, plain, transport.Warning, "container's own layer"},
		{"/nfs/x", vfs.Network, plain, transport.Warning, "network (ext4)"}, // the last mount hides the first
		{"/nfsx", vfs.Local, plain, transport.OK, "local (ext4)"},
	} {
		g := &ground{fsys: volumes{kind: c.kind}, opts: &Options{}, mounts: parseMounts(mountsText)}
		if f := g.volume(c.dir, c.routes); f.Verdict != c.want || !strings.Contains(f.Found, c.part) {
			t.Errorf("%s: %v", c.dir, f)
		}
	}
}

func TestValidateRoom(t *testing.T) {
	for _, c := range []struct {
		free, size, minFree, maxDisk int64
		want                         transport.Verdict
		part                         string
	}{
		{10 << 30, 20 << 30, 0, 1 << 30, transport.OK, "10 GiB free of 20 GiB, 64 MiB of it stay free (MinFree), 0 B of 1 GiB (MaxDisk) are in use"},
		{1 << 30, 20 << 30, 0, 1 << 30, transport.Warning, "set MaxDisk to at most 960 MiB"},
		{63 << 20, 20 << 30, 0, 1 << 30, transport.Failed, "disk_stalled"},
		{63 << 20, 20 << 30, -1, 32 << 20, transport.OK, ""},
		{10 << 20, 64 << 20, 0, 1 << 20, transport.OK, "8 MiB of it stay free"},
	} {
		g := &ground{fsys: volumes{FS: vfs.OS{}, space: vfs.Space{Free: c.free, Size: c.size}}, opts: &Options{Dir: t.TempDir(), MinFree: c.minFree, MaxDisk: c.maxDisk}}
		if f := g.room("/x"); f.Verdict != c.want || !strings.Contains(f.Found+f.Remedy, c.part) || (f.Err != nil) != (c.want == transport.Failed) {
			t.Errorf("%+v: %v", c, f)
		}
	}
}

func TestCheckLockOfAnUnsafeFile(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "a"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/null", filepath.Join(dir, "a", "LOCK")); err != nil {
		t.Skip("no symbolic links here")
	}
	if f := checkLock(vfs.OS{}, dir, "a"); f[0].Verdict != transport.Failed {
		t.Errorf("a planted lock: %v", f)
	}
	if _, err := buffer.Locked(vfs.OS{}, filepath.Join(dir, "b")); err != nil {
		t.Error(err)
	}
}

// Real destinations, to the words that a person reads.
func TestValidateReal(t *testing.T) {
	up := testkit.Listen(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	routes := []route.Route{
		{Name: "up", To: tcp.Destination{Addr: up}},
		{Name: "down", To: tcp.Destination{Addr: testkit.Closed(t)}},
		{Name: "file", To: file.Destination{Path: filepath.Join(t.TempDir(), "x.json")}, Direct: true},
	}
	r := Validate(t.Context(), routes, &Options{Dir: t.TempDir(), MaxDisk: 1 << 20})
	if err := r.Err(); err == nil || len(err.(*ValidateError).Failed) != 1 || err.(*ValidateError).Failed[0].Route != "down" {
		t.Errorf("failed: %v", err)
	}
	for _, part := range []string{"route \"up\"\n  ok       lock ", "  failed   connect 127.0.0.1:", "; nothing listens there: check the port, and that the receiver runs\n", "route \"file\"\n  ok       configuration: valid\n  ok       directory "} {
		if !strings.Contains(r.String(), part) {
			t.Errorf("no %q in\n%v", part, r)
		}
	}
}
