package buffer

import (
	"slices"
	"testing"
	"time"
)

// TestPace: segment sizes follow the load, the runway is a quarter of a second
// of it and at least two segments, and both come down again.
func TestPace(t *testing.T) {
	o, err := testOptions().withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	o.MinSegment = 1 << 20
	var p pace
	p.init(&o, headerSize)
	if p.size != 1<<20 || !p.enough(1, 1<<20) || p.enough(0, 0) {
		t.Fatalf("idle: %+v", p)
	}
	const rate = 66 << 20 // bytes/s
	for range 30 {
		p.filled(time.Duration(float64(p.size)/rate*float64(time.Second)), p.size)
	}
	if p.size < 4<<20 || p.size > 8<<20 {
		t.Errorf("%d bytes a segment at 66 MiB/s", p.size)
	}
	if p.enough(4, rate/4-rate/50) || !p.enough(2, rate/4+rate/50) || p.enough(1, rate) {
		t.Errorf("runway at %d bytes/s", p.perSec)
	}
	for range 100 {
		p.filled(10*time.Second, p.size)
	}
	if p.size != 1<<20 || p.enough(1, 1<<20) || !p.enough(2, 2<<20) {
		t.Errorf("slow: %+v", p)
	}
	if !p.rest(time.Now().Add(time.Minute)) || !p.enough(1, 1<<20) {
		t.Errorf("quiet: %+v", p)
	}
}

// TestPaceTight: sizes halve while there is no room, down to the floor or what
// a record needs, and double with each segment that is made.
func TestPaceTight(t *testing.T) {
	o, err := (&Options{NewID: newID()}).withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	var p pace
	p.init(&o, headerSize)
	var tried []int64
	for size := p.size; size > 0; size = p.tight(size, 0) {
		tried = append(tried, size)
	}
	if want := []int64{1 << 20, 512 << 10, 256 << 10, 128 << 10, 64 << 10}; !slices.Equal(tried, want) {
		t.Errorf("tried %d, want %d", tried, want)
	}
	if p.size != 64<<10 {
		t.Errorf("next size %d", p.size)
	}
	if next := p.tight(1<<20, 700<<10); next != 700<<10 {
		t.Errorf("with a record of 700 KiB, after 1 MiB: %d", next)
	}
	if next := p.tight(700<<10, 700<<10); next != 0 {
		t.Errorf("with a record of 700 KiB, after what it needs: %d", next)
	}
	p.filled(time.Hour, 64<<10)
	if p.size != 700<<10 { // what the last one was
		t.Errorf("filled, and nothing known of the disk: %d", p.size)
	}
	p.made()
	if p.size != 1<<20 {
		t.Errorf("with room again, at a low load: %d", p.size)
	}
}
