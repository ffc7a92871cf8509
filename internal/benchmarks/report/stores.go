package main

import (
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"time"

	"github.com/slogship/slogship/internal/benchmarks"
	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/internal/vfs"
)

const payloadSize = 256

// openOurs opens a buffer as a durable route has it, and counts refusals in
// failed: a refused append is cheap and must not be measured as a fast one.
func openOurs(dir string, failed *int) (*benchmarks.Store, error) {
	b, err := buffer.Open(vfs.OS{}, filepath.Join(dir, "ours"), &buffer.Options{
		MaxBytes: 2 << 30, MinSegment: 16 << 20, MaxSegment: 16 << 20, StallTimeout: time.Second,
		NewID: func() [16]byte { return [16]byte{1} },
	})
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	appendRecord := func(p []byte) error {
		_, err := b.Append(ctx, buffer.Record{Payload: p, Sum: buffer.Sum(p), Level: 2, Time: 1})
		if err != nil {
			*failed++
		}
		return err
	}
	return &benchmarks.Store{Append: appendRecord, Close: b.Close}, nil
}

// openFloor is the least that an append into a mapped file can be: memcpy and
// CRC-32C into a populated shared mapping, from its front to its end, as a log
// is written. (Over and over into a few megabytes it would stay in the
// processor's cache, which no log does.)
func openFloor(dir string, size int) (*benchmarks.Store, error) {
	f, err := vfs.OS{}.Create(filepath.Join(dir, "floor"))
	if err != nil {
		return nil, err
	}
	defer f.Close() // the mapping stays
	if _, err := f.WriteAt(make([]byte, size), 0); err != nil {
		return nil, err
	}
	m, err := f.Map(size)
	if err != nil {
		return nil, err
	}
	if err := m.Populate(); err != nil {
		return nil, err
	}
	mem, off := m.Bytes(), 0
	put := func(p []byte) error {
		copy(mem[off+32:], p)
		sum := buffer.Sum(mem[off+32 : off+32+len(p)])
		binary.LittleEndian.PutUint32(mem[off:], sum)
		off += len(p) + 32
		return nil
	}
	return &benchmarks.Store{Append: put, Close: m.Unmap}, nil
}

// stores measures an append of 256 bytes beside everything that could stand in
// the buffer's place.
func stores(rounds int) ([]row, error) {
	dir, err := os.MkdirTemp("", "slogship-stores-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	failed := 0
	counts := []int{5000, 5000, 1000, 1000, 500, 30}
	floorSize := (rounds+warmUp)*counts[1]*(payloadSize+32)&^4095 + 4096
	opens := []func(string) (*benchmarks.Store, error){
		func(d string) (*benchmarks.Store, error) { return openOurs(d, &failed) },
		func(d string) (*benchmarks.Store, error) { return openFloor(d, floorSize) },
		benchmarks.OpenWrite, benchmarks.OpenQueue, benchmarks.OpenWAL, benchmarks.OpenBolt,
	}
	p := make([]byte, payloadSize)
	var subjects []subject
	for i, open := range opens {
		s, err := open(dir)
		if err != nil {
			return nil, err
		}
		defer s.Close()
		subjects = append(subjects, subject{n: counts[i], run: func(n int) {
			for range n {
				_ = s.Append(p) // ours is counted, the peers do not refuse
			}
		}})
	}
	m := compare(rounds, subjects...)
	return []row{
		ratio("buffer append, 256 B : memcpy and CRC32C into a mapping", m[0], m[1], 1.5),
		faster("… : write(2)", m[0], m[2], 20),
		faster("… : VictoriaMetrics persistentqueue", m[0], m[3], 10),
		faster("… : tidwall/wal NoSync", m[0], m[4], 40),
		faster("… : bbolt NoSync", m[0], m[5], 400),
		{what: "buffer appends refused while measured", got: float64(failed)},
	}, nil
}
