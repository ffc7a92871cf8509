package main

import (
	"encoding/json"
	"fmt"
)

// entry is one record as a server has it. One that is none of this run's (no
// producer, no number) is foreign.
type entry struct {
	ID       string `json:"log_id"`
	Message  string `json:"msg"`
	Producer *int   `json:"producer"` // a pointer: 0 is a producer, absence is not
	Seq      *int   `json:"seq"`
	Text     string `json:"text"`

	// Fields is what else the server made of the record (facility, labels,
	// headers), for destination.check. nil if it makes nothing of it.
	Fields map[string]any `json:"-"`
}

const message = "interop record"

// parseEntry reads a record in encode.JSONLines. What is no such record is the
// zero entry, which the judge calls foreign.
func parseEntry(raw []byte) entry {
	var e entry
	if json.Unmarshal(raw, &e) != nil {
		return entry{}
	}
	return e
}

// parseObject is parseEntry for an object that was parsed already. Its Fields
// are the object.
func parseObject(object map[string]any) entry {
	raw, err := json.Marshal(object)
	if err != nil {
		return entry{}
	}
	e := parseEntry(raw)
	e.Fields = object
	return e
}

// parseDocument is parseObject for what ECS calls the fields, with the record's ID
// wherever that stands.
func parseDocument(row map[string]any, id any) entry {
	e := parseObject(row)
	e.ID, _ = id.(string)
	e.Message, _ = row["message"].(string)
	return e
}

// verdict is the judge's count.
type verdict struct {
	received   int // entries, duplicates included
	lost       int
	duplicates int
	altered    int // text, ID or a field differs from what was logged
	disordered int // first copies that came after a later record of the producer
	foreign    int // entries that are no record of this run
	torn       int // ends of files that a kill cut off; no fault
}

// faults says what besides losses must not be.
func (v *verdict) faults() error {
	if v.altered+v.disordered+v.foreign == 0 {
		return nil
	}
	return fmt.Errorf("%d altered, %d out of order, %d that nobody logged", v.altered, v.disordered, v.foreign)
}

// judge compares what a server has, in the order in which it took it, with
// what was logged. It is not safe for concurrent use.
type judge struct {
	each    int                // records of one producer
	check   func(*entry) error // of the fields; nil: none are looked at
	ids     [][]string         // by producer and seq; "" has not come yet
	newest  []int              // by producer: the latest first copy
	verdict verdict
	wrong   error // the first answer of check that was none
}

func newJudge(producers, each int) *judge {
	j := &judge{each: each, ids: make([][]string, producers), newest: make([]int, producers)}
	for p := range producers {
		j.ids[p] = make([]string, each)
		j.newest[p] = -1
	}
	return j
}

// take judges one entry.
func (j *judge) take(e entry) {
	j.verdict.received++
	if !j.known(&e) {
		j.verdict.foreign++
		return
	}
	p, seq := *e.Producer, *e.Seq
	first := &j.ids[p][seq]
	if e.Text != text(p, seq) || e.ID == "" || *first != "" && *first != e.ID || !j.checked(&e) {
		// An altered record does not count as arrived: it is lost as well,
		// unless a good copy of it comes.
		j.verdict.altered++
		return
	}
	if *first != "" {
		j.verdict.duplicates++
		return
	}
	*first = e.ID
	if seq < j.newest[p] {
		j.verdict.disordered++
	}
	j.newest[p] = max(j.newest[p], seq)
}

// checked reports whether the fields are what they should be. The first wrong
// one is kept, to be read: a count alone would not say which.
func (j *judge) checked(e *entry) bool {
	if j.check == nil {
		return true
	}
	err := j.check(e)
	if err != nil && j.wrong == nil {
		j.wrong = fmt.Errorf("record %d of producer %d: %w", *e.Seq, *e.Producer, err)
	}
	return err == nil
}

// known reports whether e names a record of this run.
func (j *judge) known(e *entry) bool {
	return e.Message == message &&
		e.Producer != nil && 0 <= *e.Producer && *e.Producer < len(j.ids) &&
		e.Seq != nil && 0 <= *e.Seq && *e.Seq < j.each
}

// sentence is the count after the last entry.
func (j *judge) sentence() verdict {
	v := j.verdict
	for _, ids := range j.ids {
		for _, id := range ids {
			if id == "" {
				v.lost++
			}
		}
	}
	return v
}
