package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestReadLines(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []string
		torn bool
	}{
		{"", nil, false},
		{"a\n", []string{"a"}, false},
		{"a\n\nb\n", []string{"a", "", "b"}, false},
		{"a\nb", []string{"a"}, true},
		{"b", nil, true},
		{strings.Repeat("x", 200<<10) + "\n", []string{strings.Repeat("x", 200<<10)}, false},
	} {
		var got []string
		torn, err := readLines(strings.NewReader(c.in), func(l []byte) { got = append(got, string(l)) })
		if err != nil || torn != c.torn || !slices.Equal(got, c.want) {
			t.Errorf("%.20q: %.20q, torn %v, %v", c.in, got, torn, err)
		}
	}
}

func write(t *testing.T, dir, name string, data []byte) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	name = filepath.Join(dir, name)
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// raw is a line as rsyslog's template writes it.
func raw(t *testing.T, messages ...[]byte) (file []byte) {
	t.Helper()
	for _, m := range messages {
		line, err := json.Marshal(map[string]string{"raw": string(m)})
		if err != nil {
			t.Fatal(err)
		}
		file = append(append(file, line...), '\n')
	}
	return file
}

func TestReadRaw(t *testing.T) {
	var tall bytes.Buffer // with line breaks in it, as octet-counted framing carries them
	if err := json.Indent(&tall, good(0, 1), "", "\t"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		file []byte
		want verdict
		torn bool
	}{
		{"whole", raw(t, good(0, 0), tall.Bytes()), verdict{received: 2}, false},
		{"torn", raw(t, good(0, 0), tall.Bytes())[:300], verdict{received: 0, lost: 2}, true},
		{"split at its line breaks", raw(t, append([][]byte{good(0, 0)}, bytes.Split(tall.Bytes(), []byte("\n"))...)...),
			verdict{received: 8, foreign: 7, lost: 1}, false},
		{"no template", append(good(0, 0), '\n'), verdict{received: 1, foreign: 1, lost: 2}, false},
		{"two glued together", append(append(raw(t, good(0, 0))[:50:50], raw(t, good(0, 0))...), raw(t, good(0, 1))...),
			verdict{received: 2, foreign: 1, lost: 1}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := newJudge(1, 2)
			torn, err := readRows(parseRaw)(write(t, t.TempDir(), "messages", c.file), j.take)
			if got := j.sentence(); err != nil || torn != c.torn || got != c.want {
				t.Errorf("got %+v, torn %v, %v; want %+v", got, torn, err, c.want)
			}
		})
	}
}

func zipped(t *testing.T, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestReadBody(t *testing.T) {
	body := append(append(append(good(0, 0), '\n'), good(0, 1)...), '\n')
	for _, c := range []struct {
		name string
		file []byte
		want verdict
		torn bool
	}{
		{"plain", body, verdict{received: 2}, false},
		{"plain, torn", body[:len(body)-1], verdict{received: 1, lost: 1}, true},
		{"gzip", zipped(t, body), verdict{received: 2}, false},
		{"gzip without its end", zipped(t, body)[:len(zipped(t, body))-4], verdict{received: 2}, true},
		{"the magic alone", zipped(t, body)[:2], verdict{lost: 2}, true},
		{"a byte", zipped(t, body)[:1], verdict{lost: 2}, true},
		{"nothing", nil, verdict{lost: 2}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := newJudge(1, 2)
			torn, err := readBody(write(t, t.TempDir(), "0000000001", c.file), j.take)
			if got := j.sentence(); err != nil || torn != c.torn || got != c.want {
				t.Errorf("got %+v, torn %v, %v; want %+v", got, torn, err, c.want)
			}
		})
	}
}

// A gzip body whose middle is damaged is no torn one: it must not pass.
func TestReadBodyDamaged(t *testing.T) {
	b := zipped(t, append(good(0, 0), '\n'))
	b[len(b)-6] ^= 1 // in the checksum
	if _, err := readBody(write(t, t.TempDir(), "0000000001", b), newJudge(1, 1).take); !errors.Is(err, gzip.ErrChecksum) {
		t.Errorf("got %v, want %v", err, gzip.ErrChecksum)
	}
}

// Files are read in the order of their names, and only a kill may tear, and
// only one.
func TestReadAll(t *testing.T) {
	line := func(seq int) []byte { return append(good(0, seq), '\n') }
	half := func(seq int) []byte { return good(0, seq)[:30] }
	for _, c := range []struct {
		name   string
		files  map[string][]byte
		killed bool
		want   verdict
		err    error
	}{
		{"in order", map[string][]byte{"0000000002": line(1), "0000000001": line(0), "0000000010": line(2)}, false, verdict{received: 3}, nil},
		{"torn by a kill", map[string][]byte{"1": line(0), "2": half(1)}, true, verdict{received: 1, lost: 2, torn: 1}, nil},
		{"torn without a kill", map[string][]byte{"1": line(0), "2": half(1)}, false, verdict{received: 1, lost: 2, torn: 1}, errTorn},
		{"torn twice", map[string][]byte{"1": half(0), "2": half(1)}, true, verdict{lost: 3, torn: 2}, errTorn},
		{"empty", map[string][]byte{"1": nil}, false, verdict{lost: 3}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, data := range c.files {
				write(t, dir, name, data)
			}
			j := newJudge(1, 3)
			torn, err := readAll(dir, c.killed, j.take, readBody)
			j.verdict.torn = torn
			if got := j.sentence(); got != c.want || !errors.Is(err, c.err) {
				t.Errorf("got %+v, %v; want %+v, %v", got, err, c.want, c.err)
			}
		})
	}
	if _, err := readAll(filepath.Join(t.TempDir(), "none"), false, newJudge(1, 1).take, readBody); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}
