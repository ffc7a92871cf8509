package buffer

import (
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
	p.init(&o)
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
