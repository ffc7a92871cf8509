package elasticsearch

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/attrpath"
)

// maxIndex is the longest name that Elasticsearch allows, in bytes.
const maxIndex = 255

// believable is how far a record's time may be from when it was taken before it
// has no say in the index's name: a clock that was never set, or a time that an
// attacker chose, would make an index for each day of the calendar.
const believable = 366 * 24 * time.Hour

// chooser finds the index of a record. It does not change.
type chooser struct {
	fixed  string // the index of all records; "" if it depends on the record
	path   string // of the attribute; "": none
	index  pattern
	values map[string]pattern
}

// newChooser checks Index, IndexAttr and Indices.
func newChooser(d *Destination) (c *chooser, err error) {
	c = &chooser{}
	if c.index, err = parsePattern("Index", d.Index); err != nil {
		return nil, err
	}
	if (d.IndexAttr == "") != (len(d.Indices) == 0) {
		return nil, fmt.Errorf("elasticsearch: IndexAttr %q with %d Indices: %w: want both or neither", d.IndexAttr, len(d.Indices), ErrConfig)
	}
	if d.IndexAttr == "" {
		if !c.index.dated() {
			c.fixed = d.Index
		}
		return c, nil
	}
	c.path, c.values = d.IndexAttr, make(map[string]pattern, len(d.Indices))
	for value, index := range d.Indices {
		if c.values[value], err = parsePattern(fmt.Sprintf("Indices %q:", value), index); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// appendName appends the index of rec.
func (c *chooser) appendName(dst []byte, rec *encode.Record) []byte {
	return c.choose(rec.Attrs).append(dst, indexTime(rec))
}

func (c *chooser) choose(attrs []slog.Attr) pattern {
	if c.path == "" {
		return c.index
	}
	if v, ok := attrpath.Find(attrs, c.path); ok {
		if p, ok := c.values[v.String()]; ok {
			return p
		}
	}
	return c.index
}

// indexTime is the time that becomes @timestamp, if it is believable.
func indexTime(rec *encode.Record) time.Time {
	if off := rec.Time.Sub(rec.Observed).Abs(); rec.Time.IsZero() || !rec.Observed.IsZero() && off > believable {
		return rec.Observed.UTC()
	}
	return rec.Time.UTC()
}

// pattern is an index's name with the times in it: fixed text and layouts of
// package time take turns, beginning with text.
type pattern []string

// dated reports whether the name depends on the time.
func (p pattern) dated() bool { return len(p) > 1 }

func (p pattern) append(dst []byte, at time.Time) []byte {
	for i, part := range p {
		if i%2 == 0 {
			dst = append(dst, part...)
		} else {
			dst = at.AppendFormat(dst, part)
		}
	}
	return dst
}

// parsePattern checks text, which field says. What it returns makes valid names
// only, so that they need no escape in a URL or in JSON.
func parsePattern(field, text string) (p pattern, err error) {
	fail := func(allowed string) (pattern, error) {
		return nil, fmt.Errorf("elasticsearch: %s %q: %w: want %s", field, text, ErrConfig, allowed)
	}
	rest := text
	for {
		fixed, after, found := strings.Cut(rest, "{")
		p = append(p, fixed)
		if !found {
			break
		}
		inner, behind, closed := strings.Cut(after, "}")
		layout, known := dateLayout(inner)
		if !closed || !known {
			return fail(`yyyy, MM, dd and HH in braces, and ".", "-" and "_" between them`)
		}
		p, rest = append(p, layout), behind
	}
	name := string(p.append(nil, time.Date(2006, 1, 2, 15, 4, 5, 0, time.UTC)))
	if allowed := badName(name); allowed != "" {
		return fail(allowed)
	}
	return slices.Clip(p), nil
}

// dateLayout makes a layout of package time of "yyyy.MM.dd".
func dateLayout(text string) (layout string, ok bool) {
	layout = strings.NewReplacer("yyyy", "2006", "MM", "01", "dd", "02", "HH", "15").Replace(text)
	return layout, text != "" && strings.Trim(layout, "0123456789.-_") == "" && !strings.ContainsAny(text, "0123456789")
}

// badName says which rule an index's name breaks, "" if none.
// (https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-indices-create)
func badName(name string) string {
	switch {
	case name == "" || len(name) > maxIndex:
		return fmt.Sprintf("a name of 1 to %d bytes", maxIndex)
	case name == "." || name == ".." || strings.ContainsAny(name[:1], "-_+"):
		return `a name that is not ".", not "..", and does not begin with "-", "_" or "+"`
	case strings.ToLower(name) != name:
		return "a name in lower case"
	case strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7F || strings.ContainsRune(`\/*?"<>|,#:{}%`, r) }):
		return `a name of printable ASCII without \/*?"<>|,#:{}% and space`
	}
	return ""
}
