package buffer

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/slogship/slogship/internal/vfs"
)

// ioBytes returns what this process made dirty and did not take back by
// removing the file before it was written.
func ioBytes(t *testing.T) int64 {
	t.Helper()
	p, err := os.ReadFile("/proc/self/io")
	if err != nil {
		t.Skip(err)
	}
	var wrote, cancelled int64
	for line := range bytes.Lines(p) {
		_, _ = fmt.Sscanf(string(line), "write_bytes: %d", &wrote)
		_, _ = fmt.Sscanf(string(line), "cancelled_write_bytes: %d", &cancelled)
	}
	return wrote - cancelled
}

// TestHealthyWritesLittle is DESIGN §5.12: a route whose worker keeps up writes
// close to nothing to the disk, because files go before the kernel writes them. A
// file system may write ours along with what somebody else syncs, so one try of
// three has to do.
func TestHealthyWritesLittle(t *testing.T) {
	total := 64 << 20
	if nightly() {
		total = 512 << 20
	}
	var wrote int64
	for range 3 {
		wrote = writtenFor(t, total)
		t.Logf("%d MiB logged, %d KiB written", total>>20, wrote>>10)
		if wrote <= 16<<20 {
			return
		}
	}
	t.Errorf("%d bytes written for %d logged", wrote, total)
}

// writtenFor is what reaches the disk of total bytes that are read as they come.
func writtenFor(t *testing.T, total int) int64 {
	t.Helper()
	b := open(t, t.TempDir(), nil)
	r := record(7, 1000)
	before := ioBytes(t)
	var c Chunk
	for n := 0; n < total; {
		for range 100 {
			if _, err := b.Append(context.Background(), r); err != nil {
				t.Fatal(err)
			}
			n += 1032
		}
		for b.Next(&c, 1000, 1<<20) > 0 {
			b.Ack(c.Entries[len(c.Entries)-1].Mark)
			c.Reset()
		}
	}
	closeBuffer(t, b)
	return ioBytes(t) - before
}

// TestIdleIsSmall is DESIGN §6: five idle routes, after their first records,
// take at most 20 MiB of disk and three goroutines each. The disk is one in
// memory, so that the bubble can tell when all has come to rest.
func TestIdleIsSmall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := vfs.NewCrash(1)
		before := runtime.NumGoroutine()
		for i := range 5 {
			o := quiet()
			o.MinSegment = 0
			b := openOn(t, disk, fmt.Sprintf("/route%d", i), o)
			defer closeBuffer(t, b)
			mustAppend(t, b, 1, 300)
			drain(t, b, 1)
		}
		synctest.Wait()
		n := runtime.NumGoroutine() - before
		t.Logf("%d KiB of disk, %d goroutines", disk.Used()>>10, n)
		if disk.Used() > 20<<20 || n > 3*5 {
			t.Errorf("%d bytes of disk, %d goroutines", disk.Used(), n)
		}
	})
}
