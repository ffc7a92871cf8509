package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"unicode/utf8"
)

// row is what a server would write of one record.
func row(producer, seq int, id, says string) []byte {
	b, err := json.Marshal(map[string]any{"msg": message, "producer": producer, "seq": seq, "log_id": id, "text": says})
	if err != nil {
		panic(err)
	}
	return b
}

func good(producer, seq int) []byte {
	return row(producer, seq, fmt.Sprintf("id-%d-%d", producer, seq), text(producer, seq))
}

// TestJudge gives the judge what servers might have written of two producers'
// three records each.
func TestJudge(t *testing.T) {
	all := [][]byte{good(0, 0), good(1, 0), good(0, 1), good(0, 2), good(1, 1), good(1, 2)}
	with := func(more ...[]byte) [][]byte { return append(all[:len(all):len(all)], more...) }
	for _, c := range []struct {
		name string
		rows [][]byte
		want verdict
	}{
		{"complete", all, verdict{received: 6}},
		{"nothing", nil, verdict{lost: 6}},
		{"the last is missing", all[:5], verdict{received: 5, lost: 1}},
		{"one in the middle is missing", append(all[:2:2], all[3:]...), verdict{received: 5, lost: 1}},
		{"a window came twice", with(all[2:]...), verdict{received: 10, duplicates: 4}},
		{"twice, with another ID", with(row(0, 1, "other", text(0, 1))), verdict{received: 7, altered: 1}},
		{"another text", with(row(0, 1, "id-0-1", text(0, 1)+" ")), verdict{received: 7, altered: 1}},
		{"only with another text", append(all[:5:5], row(1, 2, "id-1-2", "")), verdict{received: 6, altered: 1, lost: 1}},
		{"no ID", append(all[:5:5], row(1, 2, "", text(1, 2))), verdict{received: 6, altered: 1, lost: 1}},
		{"out of order", [][]byte{good(0, 1), good(0, 0), good(0, 2), good(1, 0), good(1, 1), good(1, 2)}, verdict{received: 6, disordered: 1}},
		{"producers may mix", [][]byte{good(1, 0), good(1, 1), good(1, 2), good(0, 0), good(0, 1), good(0, 2)}, verdict{received: 6}},
		{"no JSON", with([]byte("rsyslogd was HUPed")), verdict{received: 7, foreign: 1}},
		{"half a record", with(good(0, 1)[:40]), verdict{received: 7, foreign: 1}},
		{"empty", with(nil), verdict{received: 7, foreign: 1}},
		{"a producer too many", with(good(2, 0)), verdict{received: 7, foreign: 1}},
		{"a record too many", with(good(0, 3)), verdict{received: 7, foreign: 1}},
		{"negative", with(row(0, -1, "id", "")), verdict{received: 7, foreign: 1}},
		{"no numbers", with([]byte(`{"msg":"interop record","log_id":"x"}`)), verdict{received: 7, foreign: 1}},
		{"another message", with([]byte(`{"msg":"lost records","producer":0,"seq":0}`)), verdict{received: 7, foreign: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := newJudge(2, 3)
			for _, r := range c.rows {
				j.take(parseEntry(r))
			}
			if got := j.sentence(); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

var errField = errors.New("wrong field")

// A record with a field that is not as it should be is altered, hence lost,
// until a good copy comes; the first wrong one is named.
func TestJudgeFields(t *testing.T) {
	j := newJudge(1, 2)
	j.check = func(e *entry) error {
		if e.Fields["severity"] != "6" {
			return errField
		}
		return nil
	}
	for _, severity := range []string{"6", "3", "6"} {
		e := parseEntry(good(0, min(j.verdict.received, 1)))
		e.Fields = map[string]any{"severity": severity}
		j.take(e)
	}
	if got, want := j.sentence(), (verdict{received: 3, altered: 1}); got != want || !errors.Is(j.wrong, errField) {
		t.Errorf("got %+v, %v; want %+v", got, j.wrong, want)
	}
}

func TestFaults(t *testing.T) {
	for _, v := range []verdict{{altered: 1}, {disordered: 1}, {foreign: 1}} {
		if v.faults() == nil {
			t.Errorf("%+v has no faults", v)
		}
	}
	if err := (&verdict{received: 7, duplicates: 3, torn: 1, lost: 1}).faults(); err != nil {
		t.Error(err)
	}
}

// The text is the same each time, differs between records, is valid UTF-8 (what
// is not, no JSON can carry) and short enough for every server here.
func TestText(t *testing.T) {
	seen := map[string]bool{}
	long := 0
	for p := range producers {
		for seq := range 100 {
			s := text(p, seq)
			if s != text(p, seq) || !utf8.ValidString(s) {
				t.Fatalf("record %d of %d: %q", seq, p, s)
			}
			if encoded, _ := json.MarshalIndent(s, "", "\t"); len(encoded) > 7<<10 {
				t.Errorf("record %d of %d takes %d bytes as JSON", seq, p, len(encoded))
			}
			if len(s) > 100 {
				long++
				if seen[s] {
					t.Errorf("record %d of %d has the text of another", seq, p)
				}
				seen[s] = true
			}
		}
	}
	if long < 400 {
		t.Errorf("only %d of %d texts are longer than 100 bytes", long, producers*100)
	}
}

// A kill may repeat a batch, where that was said, and nothing where there are IDs.
func TestTwice(t *testing.T) {
	for _, c := range []struct {
		d                 destination
		duplicates, kills int
		fine              bool
	}{
		{destination{}, 100, 0, true},
		{destination{batch: 10}, 80, 8, true},
		{destination{batch: 10}, 81, 8, false},
		{destination{batch: 10}, 1, 0, false},
		{destination{once: true}, 0, 8, true},
		{destination{once: true}, 1, 8, false},
	} {
		if err := c.d.twice(c.duplicates, c.kills); (err == nil) != c.fine || err != nil && !errors.Is(err, errTwice) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
