package loki

import (
	"slices"
	"time"

	"github.com/slogship/slogship/encode"
)

// stream is what a batch has for one stream: the records with the same labels.
type stream struct {
	labels   []label
	resource *encode.Resource // of the record that it was made for
	level    int              // its level's index; 0 unless level is a label
	members  []member
}

// member is a record of the batch.
type member struct {
	index   int       // in the batch
	time    time.Time // the entry's
	claimed time.Time // the record's own, if it is another
	refused bool      // by the encoder: not in the request
}

// streams divides a batch by labels, in the order of their first records. Within
// a stream, entries are sorted by time: Loki takes them in another order, too,
// but keeps its chunks small then.
func (s *sender) streams(recs []encode.Record) []stream {
	var all []stream
	for i := range recs {
		at := s.streamOf(&all, &recs[i])
		stamp, claimed := s.entries.stamp(&recs[i])
		if stamp.IsZero() {
			stamp = all[at].latest() // no handler makes a record without any time
		}
		all[at].members = append(all[at].members, member{index: i, time: stamp, claimed: claimed})
	}
	for i := range all {
		slices.SortStableFunc(all[i].members, func(a, b member) int { return a.time.Compare(b.time) })
	}
	return all
}

// streamOf finds or makes rec's stream. Records of one process share their
// Resource, so nearly all are found by the pointer; those of an earlier life may
// have the same labels under another one.
func (s *sender) streamOf(all *[]stream, rec *encode.Record) int {
	level := 0
	if s.labels.level {
		level = encode.LevelIndex(rec.Level)
	}
	for i := range *all {
		if st := &(*all)[i]; st.resource == rec.Resource && st.level == level {
			return i
		}
	}
	labels := s.labels.of(rec.Resource, rec.Level)
	for i := range *all {
		if slices.Equal((*all)[i].labels, labels) {
			return i
		}
	}
	*all = append(*all, stream{labels: labels, resource: rec.Resource, level: level})
	return len(*all) - 1
}

// latest is the time of the last member, so that one that has none stays behind
// it.
func (st *stream) latest() time.Time {
	if len(st.members) == 0 {
		return time.Now()
	}
	return st.members[len(st.members)-1].time
}

// stamp returns an entry's time and, if that is not the record's own, the
// record's own. It depends on the record alone, but for times in the future: the
// same record at the same time is what Loki drops as a duplicate.
func (e *entries) stamp(rec *encode.Record) (stamp, claimed time.Time) {
	taken := rec.Observed
	if !known(taken) {
		taken = time.Time{}
	}
	switch {
	case rec.Time.IsZero():
		return taken, time.Time{}
	case !known(rec.Time):
		return taken, rec.Time
	case e.maxSkew < 0 || taken.IsZero():
		return rec.Time, time.Time{}
	case rec.Time.Before(taken.Add(-e.maxSkew)):
		return taken, rec.Time
	case rec.Time.After(taken.Add(maxAhead)) && rec.Time.After(time.Now().Add(maxAhead)):
		// Only against the clock as well: a record that the route's OnStale has
		// given a new time is as far from when it was taken as its backlog was old.
		return taken, rec.Time
	default:
		return rec.Time, time.Time{}
	}
}

// known reports whether Loki can know t, which it keeps in 64 bits of
// nanoseconds from 1970 on.
func known(t time.Time) bool { return t.Year() >= 1970 && t.Year() < 2262 }

// maxAhead is half of what Loki takes (creation_grace_period).
const maxAhead = 5 * time.Minute
