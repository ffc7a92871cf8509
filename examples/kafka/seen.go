package main

// seenMost is how many ids are remembered for each partition. A copy follows its
// original by the records of one Send, 1,000 by default, unless a broker was very
// slow; and there may be many producers.
const seenMost = 100_000

// seen is a window of the newest record ids of one partition. It belongs to the
// goroutine that reads.
type seen struct {
	known map[string]struct{}
	ring  []string // the same, the oldest at next
	next  int
}

// add reports whether id is new.
func (s *seen) add(id string) bool {
	if _, ok := s.known[id]; ok {
		return false
	}
	if s.known == nil {
		s.known = make(map[string]struct{})
	}
	if len(s.ring) < seenMost {
		s.ring = append(s.ring, id)
	} else {
		delete(s.known, s.ring[s.next])
		s.ring[s.next] = id
		s.next = (s.next + 1) % seenMost
	}
	s.known[id] = struct{}{}
	return true
}
