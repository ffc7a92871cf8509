package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/route"
)

// sample is one record from the input.
type sample struct {
	record slog.Record
	scope  string
	trace  encode.Trace
}

// samples reads JSON lines.
type samples struct {
	lines *bufio.Scanner
	line  int
}

func newSamples(in io.Reader) *samples {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	return &samples{lines: lines}
}

// next returns the next sample; io.EOF after the last.
func (s *samples) next() (sample, error) {
	for s.lines.Scan() {
		s.line++
		line := bytes.TrimSpace(s.lines.Bytes())
		if len(line) == 0 {
			continue
		}
		one, err := parse(line)
		if err != nil {
			return sample{}, fmt.Errorf("sample in line %d: %w", s.line, err)
		}
		return one, nil
	}
	if err := s.lines.Err(); err != nil {
		return sample{}, fmt.Errorf("sample in line %d: %w", s.line+1, err)
	}
	return sample{}, io.EOF
}

// parse makes a sample of a line.
func parse(line []byte) (sample, error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return sample{}, fmt.Errorf("want a JSON object: %q", clip(line))
	}
	attrs, err := members(d)
	if err != nil {
		return sample{}, err
	}
	s := sample{record: slog.NewRecord(time.Now(), slog.LevelInfo, "", 0)}
	for _, a := range attrs {
		if err := s.set(a); err != nil {
			return sample{}, err
		}
	}
	return s, nil
}

// set takes what a key says of the record, or adds an attribute.
func (s *sample) set(a slog.Attr) (err error) {
	text := a.Value.String()
	switch a.Key {
	case "level":
		s.record.Level, err = route.ParseLevel(text)
	case "msg", "message":
		s.record.Message = text
	case "scope":
		s.scope = text
	case "time":
		s.record.Time, err = time.Parse(time.RFC3339Nano, text)
	case "traceparent":
		s.trace, err = parseTrace(text)
	default:
		s.record.AddAttrs(a)
	}
	return err
}

// members reads an object's members, in their order, up to its end.
func members(d *json.Decoder) ([]slog.Attr, error) {
	var attrs []slog.Attr
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		v, err := value(d)
		if err != nil {
			return nil, err
		}
		attrs = append(attrs, slog.Attr{Key: key.(string), Value: v}) // of an object: always a string
	}
	_, err := d.Token() // the }
	return attrs, err
}

// value reads a value: an object as a group, a number as an int if it is one.
func value(d *json.Decoder) (slog.Value, error) {
	t, err := d.Token()
	if err != nil {
		return slog.Value{}, err
	}
	switch t := t.(type) {
	case json.Number:
		return number(t), nil
	case json.Delim:
		if t == '{' {
			attrs, err := members(d)
			return slog.GroupValue(attrs...), err
		}
		return list(d)
	}
	return slog.AnyValue(t), nil
}

func list(d *json.Decoder) (slog.Value, error) {
	var values []slog.Value
	for d.More() {
		v, err := value(d)
		if err != nil {
			return slog.Value{}, err
		}
		values = append(values, v)
	}
	_, err := d.Token() // the ]
	return slog.AnyValue(values), err
}

func number(n json.Number) slog.Value {
	if i, err := strconv.ParseInt(n.String(), 10, 64); err == nil {
		return slog.Int64Value(i)
	}
	f, _ := n.Float64() // a JSON number: at worst it is infinite
	return slog.Float64Value(f)
}

// parseTrace reads W3C's traceparent: version, trace id, span id, flags.
func parseTrace(text string) (t encode.Trace, err error) {
	parts := strings.Split(text, "-")
	if len(parts) != 4 || len(parts[1]) != 32 || len(parts[2]) != 16 || len(parts[3]) != 2 {
		return t, fmt.Errorf("traceparent %q: want 00-<32 hex digits>-<16>-<2>", text)
	}
	raw, err := hex.DecodeString(parts[1] + parts[2] + parts[3])
	if err != nil {
		return t, fmt.Errorf("traceparent %q: %w", text, err)
	}
	copy(t.TraceID[:], raw)
	copy(t.SpanID[:], raw[16:])
	t.Flags = raw[24]
	return t, nil
}

func clip(b []byte) string { return string(b[:min(len(b), 40)]) }
