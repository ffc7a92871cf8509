package buffer

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestGolden is T17 (and I9, I25): what version 1 wrote is read for ever.
// testdata/v1 was written by this package with SLOGSHIP_GOLDEN=write; never
// write it again for a format that was released.
func TestGolden(t *testing.T) {
	from := filepath.Join("testdata", "v1")
	if os.Getenv("SLOGSHIP_GOLDEN") == "write" {
		writeGolden(t, from)
	}
	dir := snapshot(t, from)
	b := open(t, dir, quiet())
	want := uint64(20)
	var c Chunk
	for want < 150 {
		c.Reset()
		next(t, b, &c, 1000)
		for _, e := range c.Entries {
			r := goldenRecord(want)
			if e.Payload != string(r.Payload) || e.Level != r.Level || e.Time != r.Time ||
				string(e.Meta.Bytes) != "resource of version 1" {
				t.Fatalf("record %d, want %d; meta %q", idOf(e), want, e.Meta.Bytes)
			}
			want++
		}
		b.Ack(c.Entries[len(c.Entries)-1].Mark)
	}
	if s := b.Stats(); want != 150 || s.Recovered != 130 || s.Records != 0 {
		t.Fatalf("the last record is %d: %+v", want-1, s)
	}
	l, ok := b.Loss()
	if !ok || l.Counts[TooOld][3] != 1 || l.Counts.Total() != 1 {
		t.Fatalf("%+v", l)
	}
	closeBuffer(t, b)
}

// goldenRecord is what testdata/v1 was written with.
func goldenRecord(id uint64) Record {
	p := make([]byte, 300)
	binary.LittleEndian.PutUint64(p, id)
	r := rand.New(rand.NewPCG(id, 7))
	for i := idSize; i < len(p); i++ {
		p[i] = byte(r.Uint32())
	}
	return Record{Payload: p, Sum: Sum(p), Level: uint8(id % Levels), Time: int64(id) + 1}
}

func writeGolden(t *testing.T, to string) {
	t.Helper()
	dir := t.TempDir()
	o := quiet()
	o.MaxBytes = 256 << 10
	o.Meta = []byte("resource of version 1")
	b := open(t, dir, o)
	for id := range uint64(150) {
		if _, err := b.Append(context.Background(), goldenRecord(id)); err != nil {
			t.Fatal(err)
		}
	}
	var c Chunk
	b.Next(&c, 20, 1<<20)
	b.Ack(c.Entries[19].Mark)
	b.Lose(TooOld, 3, [16]byte{1, 2, 3}, 0)
	b.Loss()
	b.Lose(Refused, 4, [16]byte{4}, 0)
	l, _ := b.Loss()
	b.Reported([16]byte{9})
	_ = l
	closeBuffer(t, b)
	if err := os.MkdirAll(to, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, e := range must(os.ReadDir(dir)) {
		if e.Name() != lockName {
			write(t, filepath.Join(to, e.Name()), must(os.ReadFile(filepath.Join(dir, e.Name()))))
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestGoldenBytes holds the writers to the bytes of version 1, on every
// architecture.
func TestGoldenBytes(t *testing.T) {
	epoch := [8]byte{0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88}
	f := frame{place: placeOf(3, 4096), typ: typeData, level: 4, time: 0x0102030405060708}
	var c cursor
	c.gen, c.seq, c.epoch, c.off, c.nextSeq = 7, 3, 0x8877665544332211, 8192, 5
	c.uuid[0], c.uuid[15] = 0xaa, 0xbb
	c.gathering.Counts[TooOld][2] = 9
	slot := make([]byte, slotUsed)
	putCursor(slot, &c)
	h := appendHeader(nil, &header{flags: 1, uuid: c.uuid, seq: 3, epoch: c.epoch, size: 65536, created: 5, origin: 6})
	for name, got := range map[string][]byte{
		"record": appendFrame(nil, f, []byte("0123456789abcdef, and then some"), epoch[:]),
		"header": h[:headerUsed],
		"cursor": slot,
	} {
		file := filepath.Join("testdata", name+".hex")
		if os.Getenv("SLOGSHIP_GOLDEN") == "write" {
			write(t, file, []byte(hex.Dump(got)))
		}
		want := must(os.ReadFile(file))
		if hex.Dump(got) != strings.ReplaceAll(string(want), "\r\n", "\n") {
			t.Errorf("%s:\n%s", name, hex.Dump(got))
		}
	}
	if !bytes.Equal(h[:headerUsed], h[headerCopy:headerCopy+headerUsed]) {
		t.Error("the copies of the header differ")
	}
}
