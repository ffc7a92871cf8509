package kafka

import (
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
)

// A broker refuses messages from the future, and keeps a segment as long as its
// newest message: a time that cannot be meant becomes the one of observation.
func TestStamp(t *testing.T) {
	now := time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name           string
		time, observed time.Time
		want           time.Time // zero: about now
	}{
		{"the record's", now, now.Add(time.Minute), now},
		{"not observed", now, time.Time{}, now},
		{"an hour off", now.Add(time.Hour), now, now.Add(time.Hour)},
		{"more", now.Add(time.Hour + 1), now, now},
		{"the past", now.Add(-2 * time.Hour), now, now},
		{"no time", time.Time{}, now, now},
		{"none at all", time.Time{}, time.Time{}, time.Time{}},
		{"1970", time.Unix(0, 0), time.Time{}, time.Time{}},
		{"before 1970", time.Unix(-5, 0), time.Unix(-5, 0), time.Time{}},
		{"the year 10,000", now, now.AddDate(8000, 0, 0), time.Time{}},
	} {
		got := stamp(&encode.Record{Time: c.time, Observed: c.observed})
		if c.want.IsZero() && time.Since(got).Abs() > time.Minute || !c.want.IsZero() && !got.Equal(c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// What is measured of a message is never less than what it takes.
func TestSize(t *testing.T) {
	s := &sender{dest: &Destination{Encoder: encode.JSONLines{}}}
	rec := encode.Record{Message: "m", Resource: &encode.Resource{}, Trace: encode.Trace{TraceID: [16]byte{1}}}
	topic := newTopic(1)
	if err := s.messages.add(s, &rec, topic); err != nil {
		t.Fatal(err)
	}
	m := &s.messages.all[0]
	r := reader{messages: &s.messages, contentType: []byte("application/json"), indices: []int{0}}
	record, err := r.ReadRecord()
	if err != nil {
		t.Fatal(err)
	}
	// Each length of at most five bytes, the deltas of five and the attributes.
	least := record.Key.Len() + record.Value.Len()
	for _, h := range record.Headers {
		least += len(h.Key) + len(h.Value)
	}
	if got := m.size("application/json"); got < least+10 || got > least+100 {
		t.Errorf("size %d for %d bytes of contents", got, least)
	}
}

// What a broker answers is bounded by what has come, and parses or does not.
func FuzzAnswer(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 0, 1, 0, 0, 0, 3, 0, 8}, int16(8))
	f.Add([]byte{0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff}, int16(4))
	f.Add([]byte("\x00\x00\x00\x01\x00\x04logs\x00\x00\x00\x01\x00\x00\x00\x00\x00\x0a\x00\x00\x00\x00\x00\x00\x00\x05\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00"), int16(5))
	f.Fuzz(func(t *testing.T, b []byte, version int16) {
		for _, parse := range []func(*answer) int{
			func(a *answer) int { _, v := versionsAnswer(a); return len(v) },
			func(a *answer) int {
				m := metadataAnswer(a)
				n := len(m.brokers)
				for _, topic := range m.topics {
					n += 1 + len(topic.name) + len(topic.partitions)
				}
				return n
			},
			func(a *answer) int { _, message := createAnswer(a); return len(message) },
			func(a *answer) int {
				n := 0
				for _, p := range produceAnswer(a, version) {
					n += 1 + len(p.message) + len(p.records)
				}
				return n
			},
			func(a *answer) int { r := authenticateAnswer(a, version); return len(r.message) + len(r.challenge) },
		} {
			a := &answer{rest: b}
			if n := parse(a); n > len(b) {
				t.Errorf("%d things from %d bytes", n, len(b))
			}
			if a.bad && a.err() == nil || len(a.rest) > len(b) {
				t.Errorf("bad %v, %d bytes left of %d", a.bad, len(a.rest), len(b))
			}
		}
	})
}
