package codec

import "time"

// zones keeps the locations made for offsets: FixedZone allocates, and records
// of one process have one zone, or two around a change of the clock.
type zones struct {
	last *time.Location
	off  int // of last
	more map[int]*time.Location
}

// maxZones bounds the map: offsets come from the payload.
const maxZones = 64

// get returns the zone that is off seconds ahead of UTC. Offset 0 is UTC
// itself, which every format writes as Z.
func (z *zones) get(off int) *time.Location {
	if off == 0 {
		return time.UTC
	}
	if z.last == nil || z.off != off {
		z.last, z.off = z.find(off), off
	}
	return z.last
}

func (z *zones) find(off int) *time.Location {
	loc := z.more[off]
	if loc == nil {
		loc = time.FixedZone("", off)
		if z.more == nil || len(z.more) >= maxZones {
			z.more = make(map[int]*time.Location)
		}
		z.more[off] = loc
	}
	return loc
}
