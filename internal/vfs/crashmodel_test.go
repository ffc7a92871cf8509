package vfs

import (
	"bytes"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"
)

// newSeed gives a random test its seed, and prints it.
func newSeed(t *testing.T) uint64 {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return seed
}

// rounds is how often a random test goes round: a hundred times as often at
// night.
func rounds(n uint64) uint64 {
	if os.Getenv("SLOGSHIP_NIGHTLY") == "1" {
		return 100 * n
	}
	return n
}

// modelFile is what a power cut may leave of one file: of each sector the
// contents on the disk, or those now. A sector is a number, repeated.
type modelFile struct {
	name        string
	file        File
	mapping     Mapping
	disk, now   [16]byte
	never       [16]bool // a failed sync: what is there now is not on the disk and will not be
	nameDurable bool
}

// model does random things to a Crash and keeps book of what must survive.
type model struct {
	t     *testing.T
	rng   *rand.Rand
	fsys  *Fault
	files []*modelFile
	mark  byte
}

func (m *model) create() {
	f := &modelFile{name: fmt.Sprintf("/d/%d", len(m.files))}
	f.file = create(m.t, m.fsys, f.name)
	must(m.t, f.file.Allocate(int64(len(f.now)*sectorSize)))
	must(m.t, f.file.Sync()) // the length is not what is tested here
	var err error
	f.mapping, err = f.file.Map(len(f.now) * sectorSize)
	must(m.t, err)
	m.files = append(m.files, f)
}

// write changes one sector, by a write or by a store.
func (m *model) write(f *modelFile) {
	i := m.rng.IntN(len(f.now))
	m.mark++
	sector := bytes.Repeat([]byte{m.mark}, sectorSize)
	if m.rng.IntN(2) == 0 {
		copy(f.mapping.Bytes()[i*sectorSize:], sector)
	} else if _, err := f.file.WriteAt(sector, int64(i*sectorSize)); err != nil {
		m.t.Error(err)
	}
	f.now[i], f.never[i] = m.mark, false
}

func (m *model) sync(f *modelFile, fails bool) {
	if fails {
		m.fsys.Inject(When(Kinds(OpSync), Fail(fs.ErrInvalid)))
		wantErr(m.t, f.file.Sync(), fs.ErrInvalid)
		m.fsys.Inject(nil)
	} else {
		must(m.t, f.file.Sync())
	}
	for i := range f.now {
		switch {
		case f.now[i] == f.disk[i]:
		case fails:
			f.never[i] = true
		case !f.never[i]:
			f.disk[i] = f.now[i]
		}
	}
}

func (m *model) step() {
	if len(m.files) == 0 || len(m.files) < 5 && m.rng.IntN(20) == 0 {
		m.create()
		return
	}
	f := m.files[m.rng.IntN(len(m.files))]
	switch n := m.rng.IntN(20); {
	case n < 15:
		m.write(f)
	case n < 18:
		m.sync(f, false)
	case n < 19:
		m.sync(f, true)
	default:
		must(m.t, m.fsys.SyncDir("/d"))
		for _, f := range m.files {
			f.nameDurable = true
		}
	}
}

// check compares one outcome of a power cut with the book.
func (m *model) check(cut *Crash, share int) {
	m.t.Helper()
	for _, f := range m.files {
		if _, err := cut.Open(f.name); err != nil && (f.nameDurable || share == 100) {
			m.t.Errorf("%s is gone", f.name)
		} else if err == nil {
			m.checkFile(f, content(m.t, cut, f.name), share)
		}
	}
}

func (m *model) checkFile(f *modelFile, got []byte, share int) {
	m.t.Helper()
	for i := range f.now {
		may := []byte{f.disk[i]}
		if !f.never[i] && share == 100 {
			may = []byte{f.now[i]}
		} else if !f.never[i] && share > 0 {
			may = append(may, f.now[i])
		}
		sector := got[i*sectorSize:][:sectorSize]
		if !slices.Contains(may, sector[0]) || bytes.Count(sector, sector[:1]) != sectorSize {
			m.t.Errorf("share %d: %s, sector %d: %d...%d, may be %d", share, f.name, i, sector[0], sector[sectorSize-1], may)
		}
	}
}

// TestCrashModel: random writes, stores, syncs that succeed and fail, against
// a book of what may be on the disk (what T4 stands on).
func TestCrashModel(t *testing.T) {
	seed := newSeed(t)
	for round := range rounds(40) {
		c := newDir(t)
		m := &model{t: t, rng: rand.New(rand.NewPCG(seed, round)), fsys: NewFault(c)}
		for range 150 {
			m.step()
		}
		for _, share := range []int{0, 10, 50, 90, 100} {
			for _, sector := range []int{512, 4096} {
				m.check(c.PowerCut(m.rng, share, sector), share)
				m.check(c.Kill().PowerCut(m.rng, share, sector), share)
			}
		}
		if t.Failed() {
			t.Fatalf("round %d", round)
		}
	}
}
