package handler

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// mount is a line of /proc/self/mountinfo (proc(5)), as far as Validate needs it.
type mount struct {
	root   string // what of the file system is mounted
	point  string // where
	fstype string
}

// readMounts returns the mounts of this process, none where the system does not
// tell in this way.
func readMounts() []mount {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	return parseMounts(string(text))
}

// parseMounts leaves out lines that it does not understand.
//
//	36 35 98:0 /root /mount/point rw,noatime master:1 - ext3 /dev/root rw
func parseMounts(text string) []mount {
	var mounts []mount
	for line := range strings.Lines(text) {
		before, after, ok := strings.Cut(line, " - ")
		fields, kind := strings.Fields(before), strings.Fields(after)
		if ok && len(fields) >= 5 && len(kind) >= 1 {
			mounts = append(mounts, mount{root: unescape(fields[3]), point: unescape(fields[4]), fstype: kind[0]})
		}
	}
	return mounts
}

// unescape replaces \040 and its like.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if c, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(c))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// find returns the mount that dir is on: the one furthest down, and of several
// at one point the last, which hides the others.
func find(mounts []mount, dir string) mount {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	var best mount
	for _, m := range mounts {
		inside := m.point == "/" || dir == m.point || strings.HasPrefix(dir, m.point+"/")
		if inside && len(m.point) >= len(best.point) {
			best = m
		}
	}
	return best
}

// emptyDir reports whether m is a volume that a pod brought along. The kubelet
// has them in directories of this name; one in memory is a mount of its own, and
// is recognised only where its root still shows.
func (m mount) emptyDir() bool {
	return strings.Contains(m.root, "/volumes/kubernetes.io~empty-dir/")
}
