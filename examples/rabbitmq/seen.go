package main

// seenMost is how many ids are remembered. A copy follows its original by at most
// the messages that were out (Destination.Window, 1,000 by default) of each
// publisher, and an outage of the broker.
const seenMost = 100_000

// seen is a window of the newest record ids.
type seen struct {
	known map[string]struct{}
	ring  []string // the same, the oldest at next
	next  int
}

func (s *seen) has(id string) bool {
	_, ok := s.known[id]
	return ok
}

// add remembers an id that is not known yet.
func (s *seen) add(id string) {
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
}
