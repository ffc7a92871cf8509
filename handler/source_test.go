package handler

import "testing"

// S34: a program that generates code, as one that loads plug-ins does, has as many
// places as it likes; the cache begins anew when it is full.
func TestS34_Sources(t *testing.T) {
	var s sourceCache
	full := make(map[uintptr]place, maxPlaces)
	for pc := range uintptr(maxPlaces) {
		full[pc] = place{}
	}
	s.known.Store(&full)
	for pc := range uintptr(100) {
		s.place(maxPlaces + pc)
		if n := len(*s.known.Load()); n > maxPlaces {
			t.Fatalf("%d places are kept, want at most %d", n, maxPlaces)
		}
	}
	if n := len(*s.known.Load()); n != 100 {
		t.Errorf("%d places are kept after a full cache, want the 100 new ones", n)
	}
	t.Logf("S34: places at most %d", maxPlaces)
}
