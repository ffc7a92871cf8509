package vfs

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

const nullDevice = 1<<8 | 3 // makedev of /dev/null

// tmpfs mounts a volume of 1 MiB for the length of a test.
func tmpfs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=1m,mode=0777"); err != nil {
		t.Skipf("not permitted to mount: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return dir
}

// T18, the part of this package: a volume of 1 MiB that is really full.
func TestOSFullVolume(t *testing.T) {
	volume := tmpfs(t)
	dir := filepath.Join(volume, "d")
	must(t, OS{}.MkdirAll(dir))
	if k, err := (OS{}).Kind(dir); k != Memory || err != nil {
		t.Errorf("kind %v, %v", k, err)
	}
	space, err := OS{}.Space(dir)
	must(t, err)
	free := space.Free
	if free <= 0 || free > 1<<20 || space.Size != 1<<20 {
		t.Errorf("%+v of 1 MiB", space)
	}
	big := create(t, OS{}, filepath.Join(dir, "big"))
	wantErr(t, big.Allocate(2<<20), syscall.ENOSPC)
	a := create(t, OS{}, filepath.Join(dir, "a"))
	must(t, a.Allocate(512<<10))
	if now, _ := (OS{}).Space(dir); now.Free != free-512<<10 || now.Size != 1<<20 {
		t.Errorf("%+v after Allocate, want %d free: nothing was reserved", now, free-512<<10)
	}
	b := create(t, OS{}, filepath.Join(dir, "b"))
	fillUp(t, b)
	if now, _ := (OS{}).Space(dir); now.Free != 0 {
		t.Errorf("%+v on a full volume", now)
	}
	// What was reserved can still be written and mapped.
	m, err := a.Map(512 << 10)
	must(t, err)
	must(t, m.Populate())
	must(t, m.Unmap())
	must(t, a.Sync())
	must(t, OS{}.Rename(filepath.Join(dir, "b"), filepath.Join(dir, "c")))
	must(t, OS{}.Remove(filepath.Join(dir, "c")))
	must(t, b.Close())
	if now, _ := (OS{}).Space(dir); now.Free == 0 {
		t.Error("removal at no free space freed nothing")
	}
}

// fillUp writes until the volume is full.
func fillUp(t *testing.T, f File) {
	t.Helper()
	p := make([]byte, 4096)
	for off := int64(0); ; off += int64(len(p)) {
		_, err := f.WriteAt(p, off)
		if errors.Is(err, syscall.ENOSPC) {
			return
		}
		must(t, err)
	}
}

// A store to a page that the volume has no room for would be a SIGBUS: Populate
// finds out first.
func TestOSPopulateFullVolume(t *testing.T) {
	dir := tmpfs(t)
	f := create(t, OS{}, filepath.Join(dir, "holes"))
	must(t, os.Truncate(filepath.Join(dir, "holes"), 64<<10)) // not Allocate: a length without blocks
	m, err := f.Map(64 << 10)
	must(t, err)
	fillUp(t, create(t, OS{}, filepath.Join(dir, "fill")))
	if m.Populate() == nil {
		t.Error("Populate succeeded on a full volume")
	}
	wantErr(t, touch(m.Bytes()), unix.EIO)
	must(t, m.Unmap())
}

// A read-only volume: every way to change something says so, and reading works.
func TestOSReadOnlyVolume(t *testing.T) {
	dir := tmpfs(t)
	write(t, OS{}, filepath.Join(dir, "a"), "x").Close()
	must(t, unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	_, err := OS{}.Create(filepath.Join(dir, "b"))
	wantErr(t, err, syscall.EROFS)
	_, err = OS{}.Open(filepath.Join(dir, "a"))
	wantErr(t, err, syscall.EROFS) // a File is for writing too
	_, err = OS{}.Lock(filepath.Join(dir, "LOCK"))
	wantErr(t, err, syscall.EROFS)
	wantErr(t, OS{}.MkdirAll(filepath.Join(dir, "d")), syscall.EROFS)
	wantErr(t, OS{}.Remove(filepath.Join(dir, "a")), syscall.EROFS)
	wantErr(t, OS{}.Rename(filepath.Join(dir, "a"), filepath.Join(dir, "b")), syscall.EROFS)
	if entries, err := (OS{}).ReadDir(dir); len(entries) != 1 || err != nil {
		t.Errorf("entries %v, %v", entries, err)
	}
}

// Neither success nor refusal leaves a descriptor open.
func TestOSLeaksNoDescriptor(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Symlink("none", filepath.Join(dir, "link")))
	must(t, os.WriteFile(filepath.Join(dir, "f"), nil, 0o600))
	must(t, os.Link(filepath.Join(dir, "f"), filepath.Join(dir, "hard")))
	round := func() {
		for _, name := range []string{"link", "f", "hard", "new", "none", "LOCK"} {
			name = filepath.Join(dir, name)
			if f, err := (OS{}).Open(name); err == nil {
				f.Close()
			}
			if l, err := (OS{}).Lock(name); err == nil {
				_, err := OS{}.Lock(name)
				wantErr(t, err, ErrLocked)
				l.Close()
			}
			OS{}.Create(name + "/x")
			OS{}.MkdirAll(name)
			OS{}.ReadDir(name)
			OS{}.SyncDir(name)
			OS{}.Space(name)
		}
		must(t, OS{}.MkdirAll(dir))
	}
	round() // opens what the runtime keeps
	before := descriptors(t)
	round()
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors, %d before", after, before)
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	return len(entries)
}

func TestKindByMagic(t *testing.T) {
	tests := map[uint32]Kind{
		unix.EXT4_SUPER_MAGIC: Local, unix.XFS_SUPER_MAGIC: Local, unix.BTRFS_SUPER_MAGIC: Local,
		unix.OVERLAYFS_SUPER_MAGIC: Local, 0: Local,
		unix.TMPFS_MAGIC: Memory, unix.RAMFS_MAGIC: Memory,
		unix.NFS_SUPER_MAGIC: Network, unix.CIFS_SUPER_MAGIC: Network, unix.SMB2_SUPER_MAGIC: Network,
		unix.V9FS_MAGIC: Network, unix.FUSE_SUPER_MAGIC: Network,
	}
	for magic, want := range tests {
		if got := kindByMagic(magic); got != want {
			t.Errorf("%#x: %v, want %v", magic, got, want)
		}
	}
}

// faults is how many page faults this thread takes while it runs f.
func faults(t *testing.T, f func()) int64 {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, after unix.Rusage
	must(t, unix.Getrusage(unix.RUSAGE_THREAD, &before))
	f()
	must(t, unix.Getrusage(unix.RUSAGE_THREAD, &after))
	return int64(after.Minflt - before.Minflt + after.Majflt - before.Majflt)
}

// After Populate, in either of its ways, stores take no page faults, and the
// contents are as before.
func TestOSPopulate(t *testing.T) {
	const pages = 4096
	page := os.Getpagesize()
	for name, way := range map[string]func(Mapping) error{
		"Populate": Mapping.Populate,
		"touch":    func(m Mapping) error { return touch(m.Bytes()) },
		"nothing":  func(Mapping) error { return nil },
	} {
		f, m := mapped(t, pages*page)
		want := bytes.Repeat([]byte("contents"), pages*page/8)
		_, err := f.WriteAt(want, 0)
		must(t, err)
		must(t, way(m))
		b := m.Bytes()
		if name != "nothing" && !bytes.Equal(b, want) {
			t.Errorf("%s changed the contents", name)
		}
		n := faults(t, func() {
			for i := range pages {
				b[i*page]++
			}
		})
		t.Logf("%s: %d faults", name, n)
		// A kernel with large folios serves up to 1 MiB with one fault. Two are
		// left to the thread itself.
		if name == "nothing" && n < 8 {
			t.Errorf("%d faults without Populate: this test sees nothing", n)
		}
		if name != "nothing" && n > 2 {
			t.Errorf("%d faults after %s, want none for %d pages", n, name, pages)
		}
		must(t, m.Unmap())
	}
}
