package buffer

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/slogship/slogship/internal/vfs"
)

// newID returns a source of ids that never repeats in a test.
func newID() func() [16]byte {
	var n uint64
	return func() (id [16]byte) {
		n++
		binary.LittleEndian.PutUint64(id[:], n)
		id[15] = 0xff
		return id
	}
}

// noise is what payloads are made of: a piece of it from a place that the id
// decides. To make them anew, byte by byte, would take most of the time that
// these tests have.
var noise = func() string {
	p := make([]byte, 1<<20+1<<16)
	_, _ = rand.NewChaCha8([32]byte{7}).Read(p)
	return string(p)
}()

// noiseOf is what follows the id in the payload of size bytes.
func noiseOf(id uint64, size int) string {
	at := int(id * 0x9E3779B1 % (1 << 16))
	return noise[at : at+max(size-idSize, 0)]
}

func payload(id uint64, size int) []byte {
	p := make([]byte, idSize, max(size, idSize))
	binary.LittleEndian.PutUint64(p, id)
	return append(p, noiseOf(id, size)...)
}

func record(id uint64, size int) Record {
	p := payload(id, size)
	return Record{Payload: p, Sum: Sum(p), Level: uint8(id % Levels), Time: int64(id) + 1}
}

func idOf(e Entry) uint64 { return binary.LittleEndian.Uint64([]byte(e.Payload[:8])) }

// checkEntry fails if an entry is not what record made of its id.
func checkEntry(t testing.TB, e Entry) {
	t.Helper()
	id := idOf(e)
	rest := [idSize - 8]byte{}
	if e.Payload[8:idSize] != string(rest[:]) || e.Payload[idSize:] != noiseOf(id, len(e.Payload)) || e.Level != uint8(id%Levels) || e.Time != int64(id)+1 {
		t.Fatalf("record %d altered", id)
	}
}

func testOptions() *Options {
	return &Options{NewID: newID(), MinFree: -1, AdoptEvery: -1, StallTimeout: time.Minute, MinSegment: 64 << 10, Cipher: testSeal(), Encrypt: testSeal() != nil}
}

func open(t testing.TB, dir string, o *Options) *Buffer {
	t.Helper()
	if o == nil {
		o = testOptions()
	}
	if o.OnError == nil {
		o.OnError = func(err error) { t.Log("background:", err) }
	}
	var fsys vfs.FS
	if o.Mode != Heap {
		fsys = vfs.OS{}
	}
	b, err := Open(fsys, dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func mustAppend(t testing.TB, b *Buffer, id uint64, size int) Position {
	t.Helper()
	p, err := b.Append(context.Background(), record(id, size))
	if err != nil {
		t.Fatalf("append %d: %v", id, err)
	}
	return p
}

// next reads at least one entry, waiting up to a minute.
func next(t testing.TB, b *Buffer, c *Chunk, most int) int {
	t.Helper()
	deadline := time.After(time.Minute)
	for {
		if n := b.Next(c, most, 1<<20); n > 0 {
			return n
		}
		if !b.Arm() {
			continue
		}
		select {
		case <-b.Ready():
		case <-deadline:
			t.Fatalf("nothing to read: %+v", b.Stats())
		}
	}
}

// drain reads and acknowledges until want entries have come.
func drain(t testing.TB, b *Buffer, want int) []uint64 {
	t.Helper()
	var c Chunk
	var ids []uint64
	for len(ids) < want {
		c.Reset()
		next(t, b, &c, 1000)
		for _, e := range c.Entries {
			checkEntry(t, e)
			ids = append(ids, idOf(e))
		}
		b.Ack(c.Entries[len(c.Entries)-1].Mark)
	}
	return ids
}

// drainAll reads, checks and acknowledges until nothing is buffered.
func drainAll(t testing.TB, b *Buffer, visit func(Entry)) {
	t.Helper()
	var c Chunk
	deadline := time.Now().Add(20 * time.Second)
	for {
		c.Reset()
		if b.Next(&c, 1000, 1<<20) > 0 {
			for _, e := range c.Entries {
				checkEntry(t, e)
				visit(e)
			}
			b.Ack(c.Entries[len(c.Entries)-1].Mark)
			continue
		}
		s := b.Stats()
		if !s.Recovering && s.Records == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("cannot be drained: %+v\n%s", s, dump(b))
		}
		if b.Arm() {
			select {
			case <-b.Ready():
			case <-time.After(time.Second): // the sums may get even without a wake-up
			}
		}
	}
}

func checkSum(t testing.TB, s Stats) {
	t.Helper()
	if s.Appended+s.Recovered != s.Acked+s.Lost+s.Records || int64(s.Records) < 0 {
		t.Fatalf("sums: %+v", s)
	}
	if s.Refused > s.Dropped.Total() {
		t.Fatalf("refused %d of %d dropped", s.Refused, s.Dropped.Total())
	}
}

func closeBuffer(t testing.TB, b *Buffer) {
	t.Helper()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
}

func eachMode(t *testing.T, f func(t *testing.T, m Mode)) {
	for m, name := range []string{"mapped", "heap", "written"} {
		t.Run(name, func(t *testing.T) { f(t, Mode(m)) })
	}
}

func TestAppendReadAck(t *testing.T) {
	eachMode(t, func(t *testing.T, m Mode) {
		o := testOptions()
		o.Mode = m
		o.Meta = []byte("resource")
		b := open(t, t.TempDir(), o)
		const n = 5000
		var last Position
		for i := range uint64(n) {
			p := mustAppend(t, b, i, 16+int(i%500))
			if p <= last {
				t.Fatalf("position %d after %d", p, last)
			}
			last = p
		}
		ids := drain(t, b, n)
		for i, id := range ids {
			if id != uint64(i) {
				t.Fatalf("entry %d is record %d", i, id)
			}
		}
		if err := b.WaitAcked(context.Background(), b.Tail()); err != nil {
			t.Fatal(err)
		}
		s := b.Stats()
		checkSum(t, s)
		if s.Appended != n || s.Acked != n || s.Records != 0 || s.Bytes != 0 {
			t.Fatalf("%+v", s)
		}
		closeBuffer(t, b)
	})
}

func TestRecover(t *testing.T) {
	for _, m := range []Mode{Mapped, Written} {
		t.Run(fmt.Sprint(m), func(t *testing.T) {
			dir := t.TempDir()
			o := testOptions()
			o.Mode = m
			o.Meta = []byte("first")
			b := open(t, dir, o)
			const n = 3000
			for i := range uint64(n) {
				mustAppend(t, b, i, 200)
			}
			drain(t, b, 1000)
			acked := b.Stats().Acked
			closeBuffer(t, b)
			o.Meta = []byte("second")
			b = open(t, dir, o)
			mustAppend(t, b, n, 100)
			var c Chunk
			next(t, b, &c, 1)
			if e := c.Entries[0]; idOf(e) != acked || string(e.Meta.Bytes) != "first" {
				t.Fatalf("record %d, meta %q; acked %d", idOf(e), e.Meta.Bytes, acked)
			}
			b.Rewind(Mark{})
			ids := drain(t, b, n+1-int(acked))
			for i, id := range ids {
				if id != acked+uint64(i) {
					t.Fatalf("entry %d is record %d", i, id)
				}
			}
			s := b.Stats()
			checkSum(t, s)
			if s.Recovered != n-acked || s.Appended != 1 || s.Records != 0 {
				t.Fatalf("%+v", s)
			}
			closeBuffer(t, b)
		})
	}
}
