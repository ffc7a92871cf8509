package buffer

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/slogship/slogship/internal/vfs"
)

// recoverFiles opens a buffer over copies of some files, in memory, since a
// hundred thousand directories on a disk would take an hour; drains it, and
// returns what came.
func recoverFiles(t testing.TB, files map[string][]byte) (map[uint64]int, Stats) {
	t.Helper()
	disk := vfs.NewCrash(1)
	if err := disk.MkdirAll("/buf"); err != nil {
		t.Fatal(err)
	}
	for name, p := range files {
		f, err := disk.Create("/buf/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt(p, 0); err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
	}
	got := map[uint64]int{}
	b := openOn(t, disk, "/buf", quiet())
	drainAll(t, b, func(e Entry) { got[idOf(e)]++ })
	s := b.Stats()
	checkSum(t, s)
	closeBuffer(t, b)
	return got, s
}

// sample is a directory of one segment with n records of size bytes, the first
// few of them acknowledged, as a kill leaves it.
func sample(t testing.TB, n, acked, size int) (seg string, files map[string][]byte) {
	t.Helper()
	dir := t.TempDir()
	b := open(t, dir, quiet())
	for id := range uint64(n) {
		mustAppend(t, b, id, size)
	}
	if acked > 0 {
		var c Chunk
		b.Next(&c, acked, 1<<20)
		b.Ack(c.Entries[acked-1].Mark)
	}
	killed := snapshot(t, dir)
	closeBuffer(t, b)
	files = map[string][]byte{}
	for _, e := range must(os.ReadDir(killed)) {
		p := must(os.ReadFile(filepath.Join(killed, e.Name())))
		switch used := headerSize + n*int(strideOf(size)); {
		case filepath.Ext(e.Name()) != segSuffix:
			files[e.Name()] = p
		case used <= len(p) && p[headerSize] != 0:
			seg = e.Name()
			files[seg] = p[:used] // the rest is zeros
		}
	}
	if len(files[seg]) == 0 {
		t.Fatal("no segment with records")
	}
	return seg, files
}

// TestBitFlips is T12 (and I55, I29): one bit flipped at a random place of the
// segment or of the cursor. At most two records are lost, none is altered, it
// always opens, and within a second.
func TestBitFlips(t *testing.T) {
	rounds := share(1500, 500)
	if nightly() {
		rounds = 100_000
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 2))
	const n, acked = 60, 20
	seg, files := sample(t, n, acked, 300)
	lost, most := 0, time.Duration(0)
	for i := range rounds {
		name := seg
		if i%8 == 0 {
			name = "cursor"
		}
		bad := slices.Clone(files[name])
		at, bit := rng.IntN(len(bad)), rng.IntN(8)
		bad[at] ^= 1 << bit
		changed := map[string][]byte{seg: files[seg], "cursor": files["cursor"]}
		changed[name] = bad
		once := func() (map[uint64]int, time.Duration) {
			start := time.Now()
			got, _ := recoverFiles(t, changed) // checks each record
			return got, time.Since(start)
		}
		got, took := once()
		for try := 0; took > time.Second; try++ { // others may have had the machine
			if try == 5 {
				t.Fatalf("seed %d: %v after a flip of bit %d at %d of %s", seed, took, bit, at, name)
			}
			_, took = once()
		}
		missing := 0
		for id := uint64(acked); id < n; id++ {
			if got[id] == 0 {
				missing++
			}
		}
		if missing > 2 || name == "cursor" && missing > 0 {
			t.Fatalf("seed %d: %d lost after a flip of bit %d at %d of %s", seed, missing, bit, at, name)
		}
		lost, most = lost+missing, max(most, took)
	}
	t.Logf("%d flips: %d records lost, none altered; the slowest recovery took %v", rounds, lost, most)
}

// TestTruncatedAnywhere is T13 (and I34, I35, I37): a segment cut off at any
// length loses exactly what was behind the cut.
func TestTruncatedAnywhere(t *testing.T) {
	const n, size = 40, 300
	seg, files := sample(t, n, 0, size)
	step := share(17, 41)
	if nightly() {
		step = 1
	}
	whole := append(slices.Clone(files[seg]), make([]byte, 64)...)
	for cut := 0; cut < len(whole); cut += step {
		got, _ := recoverFiles(t, map[string][]byte{seg: whole[:cut], "cursor": files["cursor"]})
		want := 0
		for i := range n {
			if cut >= headerSize+i*352+frameSize+size {
				want++
			}
		}
		if len(got) != want {
			t.Fatalf("cut at %d: %d of %d", cut, len(got), want)
		}
	}
}
