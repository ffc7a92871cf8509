package handler

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/internal/vfs"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport"
)

// ground is where a handler would keep its buffers, for Validate.
type ground struct {
	fsys   vfs.FS
	opts   *Options // with defaults
	mounts []mount
}

// check looks at the directory and its volume.
func (g *ground) check(routes []route.Route) []transport.Finding {
	dir := g.opts.Dir
	if g.opts.InMemory {
		return []transport.Finding{passed("directory", "", "none: what is undelivered dies with the process (InMemory)")}
	}
	if !slices.ContainsFunc(routes, func(r route.Route) bool { return !r.Direct }) {
		return []transport.Finding{passed("directory", dir, "not used: all routes are Direct")}
	}
	near, err := vfs.Writable(dir)
	if err != nil {
		return []transport.Finding{
			failed("directory", dir, err, "let the user that the service runs as write there (in Kubernetes: fsGroup; with systemd: StateDirectory)"),
			skipped("volume", dir, "the directory can't be used"),
		}
	}
	found := []transport.Finding{passed("directory", dir, "can be written to")}
	if _, err := os.Stat(dir); err != nil {
		found[0] = passed("directory", dir, "can be made in %s", near)
	}
	found = append(found, g.volume(near, routes), g.room(near))
	return append(found, g.strangers(routes)...)
}

// volume says what sort of volume it is, and for how long what is there lives.
func (g *ground) volume(near string, routes []route.Route) transport.Finding {
	kind, err := g.fsys.Kind(near)
	if err != nil {
		return warned("volume", near, err.Error(), "make sure that it is a local disk")
	}
	m := find(g.mounts, near)
	what := kind.String()
	if m.fstype != "" {
		what += " (" + m.fstype + ")"
	}
	switch {
	case kind == vfs.Memory && m.emptyDir():
		return warned("volume", near, "a pod's emptyDir in memory: it is gone with the pod, and counts against its memory", "use a persistent volume, or set Options.Leftover")
	case kind == vfs.Memory && promises(routes):
		return warned("volume", near, what+": it is gone with the machine or the container, whatever durability a route promises", "use a disk: a route asks for more than a volume in memory can give")
	case kind == vfs.Memory:
		return warned("volume", near, what+": it is gone with the machine or the container", "use a disk, unless outliving the process is enough")
	case m.emptyDir():
		return warned("volume", near, "a pod's emptyDir: it outlives the container and is gone with the pod", "use a persistent volume, or set Options.Leftover")
	case m.fstype == "overlay":
		return warned("volume", near, "a container's own layer (overlay): it is gone with the container", "mount a volume there")
	case kind == vfs.Network:
		return warned("volume", near, what+": calls wait for the network, and what dead processes left is not taken over", "use a local disk where there is one")
	default:
		return passed("volume", near, "%s", what)
	}
}

// promises reports whether a route promises to outlive more than the process.
func promises(routes []route.Route) bool {
	return slices.ContainsFunc(routes, func(r route.Route) bool {
		_, interval := r.Durability.Every()
		return !r.Direct && (interval || r.Durability.IsPower())
	})
}

// room compares what is free with what the buffers may take and must leave.
func (g *ground) room(near string) transport.Finding {
	space, err := g.fsys.Space(near)
	if err != nil {
		return skipped("room", near, err.Error())
	}
	used, _ := buffer.Usage(g.fsys, g.opts.Dir)
	floor := buffer.Floor(g.opts.MinFree, space.Size)
	left := space.Free - floor
	want := max(0, g.opts.MaxDisk-used)
	figures := fmt.Sprintf("%s free of %s, %s of it stay free (MinFree), %s of %s (MaxDisk) are in use",
		bytesText(space.Free), bytesText(space.Size), bytesText(floor), bytesText(used), bytesText(g.opts.MaxDisk))
	switch {
	case left <= 0:
		return failed("room", near, fmt.Errorf("%s: %w", figures, errNoRoom), "make room, or lower MinFree: records would be counted as disk_stalled")
	case left < want:
		return warned("room", near, figures, fmt.Sprintf("the volume is full before MaxDisk is: set MaxDisk to at most %s", bytesText(left+used)))
	default:
		return passed("room", near, "%s", figures)
	}
}

// bytesText writes n with the largest unit of 1024 that keeps three digits.
func bytesText(n int64) string {
	for _, u := range []struct {
		name string
		size int64
	}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if n >= u.size {
			return fmt.Sprintf("%.4g %s", float64(n)/float64(u.size), u.name)
		}
	}
	return fmt.Sprintf("%d B", n)
}

// strangers finds buffers of routes that are not there any more.
func (g *ground) strangers(routes []route.Route) []transport.Finding {
	entries, err := os.ReadDir(g.opts.Dir)
	if err != nil {
		return nil // it is made with New, or rights has said it
	}
	var found []transport.Finding
	for _, e := range entries {
		known := slices.ContainsFunc(routes, func(r route.Route) bool { return r.Name == e.Name() })
		dir := filepath.Join(g.opts.Dir, e.Name())
		if _, ours := buffer.Usage(g.fsys, dir); e.IsDir() && !known && ours {
			found = append(found, warned("unclaimed", dir, "no route has this name, so nobody delivers what is there", "give the route its name back until it is empty, or remove it"))
		}
	}
	return found
}

// checkLock says whether somebody has the route's buffer. Who it is no system tells:
// a lock that a handler of this very process holds looks as another process's does,
// and to keep a list of our own handlers would be state that all of them share.
func checkLock(fsys vfs.FS, dir, name string) []transport.Finding {
	at := filepath.Join(dir, name)
	held, err := buffer.Locked(fsys, at)
	switch {
	case err != nil:
		return []transport.Finding{failed("lock", at, err, "make the directory one of this user's own, without links in it")}
	case held:
		return []transport.Finding{warned("lock", at, "a handler has this buffer open, in another process or in this one, so a further one would take a second beside it", "nothing, if both are meant to run or it is the running one that is looked at; else stop the other or give it a Dir of its own")}
	default:
		return []transport.Finding{passed("lock", at, "free")}
	}
}
