package buffer

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// sealedEnv runs this package's tests over encrypted segments.
const sealedEnv = "SLOGSHIP_TEST_SEALED"

// testCipher has one master key, and a head that is the segment's key encrypted
// with it: what package crypto does by deriving.
type testCipher struct {
	master cipher.AEAD
	made   *atomic.Int64
}

func newTestCipher(key byte) testCipher {
	return testCipher{gcm(bytes.Repeat([]byte{key}, 32)), new(atomic.Int64)}
}

func gcm(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic(err)
	}
	return aead
}

func (c testCipher) New(name []byte) (cipher.AEAD, []byte, error) {
	c.made.Add(1)
	key := make([]byte, 32)
	rand.Read(key)
	return gcm(key), c.master.Seal(nil, nil, key, name), nil
}

func (c testCipher) Open(head, name []byte) (cipher.AEAD, error) {
	key, err := c.master.Open(nil, nil, head, name)
	if err != nil {
		return nil, err
	}
	return gcm(key), nil
}

// testSeal is what the options of all tests have.
func testSeal() Cipher {
	if os.Getenv(sealedEnv) == "" {
		return nil
	}
	return newTestCipher(1)
}

// What holds for a buffer holds for one that is encrypted: the tests of reading,
// recovery, failing disks, dropping, rewriting, rescue, adoption and kills, run once
// more so.
func TestSealedIsABufferLikeAnother(t *testing.T) {
	if os.Getenv(sealedEnv) != "" || testing.Short() {
		t.Skip("once is enough")
	}
	// Not those that know where a plain segment has its bytes.
	const tests = "^Test(AppendReadAck|Recover|Holes|NoGhosts|Model|Drop.*|Kill.*|ProcessEnds|ProducerEnds|Concurrent|Move.*|PowerCut|PowerCutProcess|Interval|" +
		"SyncFails|EveryOperationFails|DirectoryRemoved|Adopt.*|SetLimits.*|LargeMeta|TightRecord|CapHolds|CrashLoop|TooLarge)$"
	cmd := exec.Command(os.Args[0], "-test.run="+tests, "-test.timeout=5m", "-test.v")
	cmd.Env = append(os.Environ(), sealedEnv+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, beforeFailures(string(out)))
	}
	if ran := strings.Count(string(out), "\n--- PASS"); ran < 30 {
		t.Errorf("only %d tests were run: their names have changed", ran)
	} else {
		t.Logf("%d tests passed over encrypted segments", ran)
	}
}

// beforeFailures is what go test -v printed before it called a test failed.
func beforeFailures(out string) string {
	parts := strings.Split(out, "--- FAIL: ")
	var b strings.Builder
	for i, p := range parts[:len(parts)-1] {
		name, _, _ := strings.Cut(parts[i+1], "\n")
		fmt.Fprintf(&b, "%s\n--- FAIL: %s\n", p[max(0, len(p)-2000):], name)
	}
	if len(parts) == 1 {
		return out[max(0, len(out)-4000):]
	}
	return b.String()
}

// sealedLog fills a directory with n records and closes it undelivered.
func sealedLog(t *testing.T, dir string, m Mode, c Cipher, n int) {
	t.Helper()
	o := testOptions()
	o.Mode, o.Cipher, o.Encrypt, o.Meta = m, c, true, []byte("meta "+plainText)
	b := open(t, dir, o)
	for i := range n {
		mustAppend(t, b, uint64(i), 100)
	}
	closeBuffer(t, b)
}

const plainText = "the plain text of the resource, which is nowhere on the disk"

// filesOf returns the bytes of each file in dir.
func filesOf(t *testing.T, dir, pattern string) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string][]byte)
	for _, name := range names {
		if out[name], err = os.ReadFile(name); err != nil && !errors.Is(err, os.ErrInvalid) {
			t.Fatal(err)
		}
	}
	return out
}

// S11, S32: nothing of a record is readable in the files but its id, and with the
// key all of it comes back, with the meta.
func TestS11_SealedSegments(t *testing.T) {
	for _, mode := range []Mode{Mapped, Written} {
		dir, c := t.TempDir(), newTestCipher(1)
		o := testOptions()
		o.Mode = mode
		sealedLog(t, dir, mode, c, 100)
		found := 0
		for name, data := range filesOf(t, dir, "*") {
			if bytes.Contains(data, []byte("plain text")) {
				t.Errorf("%s holds the plain meta", name)
			}
			for i := range 100 {
				if bytes.Contains(data, payload(uint64(i), 100)[idSize:32]) {
					t.Errorf("%s holds record %d", name, i)
				}
			}
			found += len(data)
		}
		if found == 0 || c.made.Load() == 0 {
			t.Fatal("nothing was stored")
		}
		o.Cipher = newTestCipher(1) // another process with the same key
		b := open(t, dir, o)
		n := 0
		drainAll(t, b, func(e Entry) {
			n++
			if string(e.Meta.Bytes) != "meta "+plainText {
				t.Fatalf("the meta is %q", e.Meta.Bytes)
			}
		})
		if n != 100 || b.Stats().Tampered != 0 {
			t.Errorf("%d records, %+v", n, b.Stats())
		}
		closeBuffer(t, b)
	}
}

// Without the key, or with another one, segments stay as they are; with it they
// are read.
func TestSealedWithoutTheKey(t *testing.T) {
	dir := t.TempDir()
	sealedLog(t, dir, Mapped, newTestCipher(1), 10)
	before := filesOf(t, dir, "*.seg")
	for name, c := range map[string]Cipher{"none": nil, "another": newTestCipher(2)} {
		o := testOptions()
		o.Cipher = c
		var heard atomic.Int64
		o.OnError = func(error) { heard.Add(1) }
		b := open(t, dir, o)
		drainAll(t, b, func(Entry) { t.Errorf("%s: a record was read", name) })
		closeBuffer(t, b)
		after := filesOf(t, dir, "*.seg")
		for file, data := range before {
			if !bytes.Equal(after[file], data) {
				t.Errorf("%s: %s was changed", name, file)
			}
		}
		if heard.Load() == 0 {
			t.Errorf("%s: nobody heard of it", name)
		}
	}
	o := testOptions()
	o.Cipher = newTestCipher(1)
	b := open(t, dir, o)
	n := 0
	drainAll(t, b, func(Entry) { n++ })
	if n != 10 {
		t.Errorf("%d records with the key, want 10", n)
	}
	closeBuffer(t, b)
}

// Corruption and tampering are told apart: a flipped bit fails the CRC, a
// forged record, whose CRC is right, the tag. Neither is handed out, both are
// counted as lost, and all others are.
func TestS32_CorruptionAndTampering(t *testing.T) {
	const n = 20
	for name, c := range map[string]struct {
		harm              func(data []byte, s *segment, off uint64)
		corrupt, tampered uint64
	}{
		"flipped": {func(data []byte, _ *segment, off uint64) { data[off+frameSize+40] ^= 1 }, 1, 0},
		"forged": {func(data []byte, s *segment, off uint64) {
			data[off+frameSize+40] ^= 1
			s.resum(data, off)
		}, 0, 1},
		"forged time": {func(data []byte, s *segment, off uint64) {
			data[off+24] ^= 1
			s.resum(data, off)
		}, 0, 1},
		"moved": {func(data []byte, s *segment, off uint64) { // one record's text in another's place
			f, _ := s.parseFrame(data[off:off+frameSize], int32(le32(data[off:])), off)
			next := off + f.stride()
			copy(data[next+frameSize:next+uint64(f.length)], data[off+frameSize:off+uint64(f.length)])
			s.resum(data, next)
		}, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			sealedLog(t, dir, Mapped, newTestCipher(1), n)
			for file, data := range filesOf(t, dir, "*.seg") {
				h, err := parseHeader(data[:headerSize])
				if err != nil {
					t.Fatal(err)
				}
				s := &segment{log: &log{}}
				s.take(&h)
				c.harm(data, s, s.dataAt(data, 5))
				if err := os.WriteFile(file, data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			o := testOptions()
			o.Cipher, o.OnError = newTestCipher(1), func(error) {}
			b := open(t, dir, o)
			read := 0
			drainAll(t, b, func(Entry) { read++ })
			if s := b.Stats(); read != n-1 || min(s.Corrupt, 1) != c.corrupt || s.Tampered != c.tampered {
				t.Errorf("read %d, corrupt %d, tampered %d", read, s.Corrupt, s.Tampered)
			}
			checkSum(t, b.Stats())
			closeBuffer(t, b)
		})
	}
}

func le32(b []byte) uint32 {
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

// resum makes the CRC of the record at off right again, as a forger does.
func (s *segment) resum(data []byte, off uint64) {
	f, _ := s.parseFrame(data[off:off+frameSize], int32(le32(data[off:])), off)
	f.sum = Sum(data[off+frameSize : off+uint64(f.length)])
	putFrame(data[off:off+frameSize], &f, s.epochBytes[:])
}

// dataAt is the offset of the i-th data record.
func (s *segment) dataAt(data []byte, i int) uint64 {
	w := window{buf: data, size: s.size}
	off := uint64(headerSize)
	for {
		f, ok := s.nextFrame(&w, off, s.size)
		if !ok {
			return 0
		}
		if f.typ == typeData {
			if i == 0 {
				return f.at
			}
			i--
		}
		off = f.at + f.stride()
	}
}

// A Cipher that has no key makes no segment: nothing is stored in plain.
func TestSealedWithoutAKeyToSeal(t *testing.T) {
	o := testOptions()
	o.Encrypt, o.Cipher, o.OnError, o.StallTimeout = true, keyless{}, func(error) {}, time.Millisecond
	dir := t.TempDir()
	b := open(t, dir, o)
	p := payload(1, 64)
	if _, err := b.Append(context.Background(), Record{Payload: p, Sum: Sum(p)}); !errors.Is(err, ErrStalled) {
		t.Errorf("Append: %v", err)
	}
	closeBuffer(t, b)
	if files := filesOf(t, dir, "*.seg"); len(files) != 0 {
		t.Errorf("%d segments", len(files))
	}
}

type keyless struct{}

var errKeyless = errors.New("the key service is away")

func (keyless) New([]byte) (cipher.AEAD, []byte, error) { return nil, nil, errKeyless }
func (keyless) Open(_, _ []byte) (cipher.AEAD, error)   { return nil, errKeyless }

// An append to an encrypted segment allocates nothing.
func TestSealedAllocations(t *testing.T) {
	o := testOptions()
	o.Encrypt, o.Cipher, o.MinSegment, o.MaxSegment = true, newTestCipher(1), 16<<20, 16<<20
	b := open(t, t.TempDir(), o)
	r := record(1, 256)
	if _, err := b.Append(context.Background(), r); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(1000, func() { _, _ = b.Append(context.Background(), r) }); n >= 1 && !raceEnabled {
		t.Errorf("%v allocations", n)
	}
	closeBuffer(t, b)
}

func BenchmarkSealedAppend(b *testing.B) {
	for name, c := range map[string]Cipher{"plain": nil, "sealed": newTestCipher(1)} {
		b.Run(name, func(b *testing.B) {
			o := testOptions()
			o.Encrypt, o.Cipher, o.MaxBytes, o.OnError = c != nil, c, 64<<20, func(error) {}
			buf := open(b, b.TempDir(), o)
			r := record(1, 256)
			b.SetBytes(256)
			b.ReportAllocs()
			for b.Loop() {
				_, _ = buf.Append(context.Background(), r)
			}
		})
	}
}
