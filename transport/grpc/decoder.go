package grpc

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/slogship/slogship/encode"
)

// decoder reads the requests of one stream into records. It is what
// proto.Unmarshal into the generated types would do, without an object for each
// attribute and value. It is not safe for concurrent use.
type decoder struct {
	refs  refs
	arena arena
	spent budget
	limit int // entries of one request
}

// batch is a decoded PushRequest. Records are valid until the next is decoded;
// their strings for as long as somebody has them.
type batch struct {
	sequence uint64
	recs     []encode.Record
}

// decode reads a PushRequest.
func (d *decoder) decode(msg string) (batch, error) {
	d.arena.reset()
	d.spent = newBudget()
	var b batch
	r := reader{rest: msg}
	for r.next() {
		f := &r.field
		switch {
		case f.is(1, wireVarint):
			b.sequence = f.num
		case f.is(2, wireBytes):
			if len(d.arena.recs) == d.limit {
				return b, fmt.Errorf("more than %d entries: %w", d.limit, errWire)
			}
			d.arena.recs = append(d.arena.recs, encode.Record{})
			if err := d.entry(f.text, &d.arena.recs[len(d.arena.recs)-1]); err != nil {
				return b, fmt.Errorf("entry %d: %w", len(d.arena.recs)-1, err)
			}
		}
	}
	b.recs = d.arena.recs
	return b, r.err
}

// pair is a string and the number beside it.
type pair struct {
	text string
	ref  uint64
}

// set takes f if it is the string with that number or the reference after it.
func (p *pair) set(f *field, number int) (taken bool, err error) {
	switch {
	case f.is(number, wireBytes):
		p.text, err = f.utf8Text()
		return true, err
	case f.is(number+1, wireVarint):
		p.ref = uint64(uint32(f.num))
		return true, nil
	}
	return false, nil
}

// resolve returns the string.
func (d *decoder) resolve(p pair) (string, error) { return d.refs.text(p.text, p.ref, &d.spent) }

// entry reads a LogEntry. Its references are resolved in the order of the fields
// that the sender writes: attributes as they come, message and logger's name when
// all is read. A number is told and used in one entry only for two different
// strings, or for the same.
func (d *decoder) entry(msg string, rec *encode.Record) error {
	base, stack := len(d.arena.attrs.stack), len(d.arena.frames.stack)
	var named entryNames
	r := reader{rest: msg}
	for r.next() {
		f := &r.field
		var err error
		switch f.number {
		case 3, 4, 10, 11, 15, 16:
			err = d.entryNamed(f, rec, &named)
		case 1, 2, 5, 6, 7, 9, 14:
			err = entryScalar(f, rec)
		default:
			err = d.entryMessage(f, rec)
		}
		if err != nil {
			return err
		}
	}
	if r.err != nil {
		return r.err
	}
	if named.message.ref == 0 {
		rec.Message = named.message.text
	}
	if named.scope.ref == 0 {
		rec.Scope = named.scope.text
	}
	rec.Attrs = d.arena.attrs.pop(base)
	rec.Stack = d.arena.frames.pop(stack)
	return d.entryResource(rec, &named)
}

// entryNames are the fields of an entry that may be numbers.
type entryNames struct {
	message, scope pair
	resource       string
	hasResource    bool
	resourceRef    uint64
}

// entryNamed takes them.
func (d *decoder) entryNamed(f *field, rec *encode.Record, n *entryNames) (err error) {
	switch {
	case f.number <= 4:
		if _, err = n.message.set(f, 3); err == nil && f.is(4, wireVarint) {
			rec.Message, err = d.resolve(n.message)
		}
	case f.number <= 11:
		if _, err = n.scope.set(f, 10); err == nil && f.is(11, wireVarint) {
			rec.Scope, err = d.resolve(n.scope)
		}
	case f.is(15, wireBytes):
		n.resource, n.hasResource = f.text, true
	case f.is(16, wireVarint):
		n.resourceRef = uint64(uint32(f.num))
	}
	return err
}

// entryScalar takes the fields that are no messages and have no numbers.
func entryScalar(f *field, rec *encode.Record) error {
	switch {
	case f.is(1, wireFixed64):
		if f.num != 0 {
			rec.Time = time.Unix(0, int64(f.num)).UTC()
		}
	case f.is(14, wireFixed64):
		if f.num != 0 {
			rec.Observed = time.Unix(0, int64(f.num)).UTC()
		}
	case f.is(2, wireVarint):
		rec.Level = slog.Level(int32(unzigzag(uint64(uint32(f.num)))))
	case f.is(5, wireBytes):
		return f.array(rec.ID[:])
	case f.is(6, wireBytes):
		return f.array(rec.Trace.TraceID[:])
	case f.is(7, wireBytes):
		return f.array(rec.Trace.SpanID[:])
	case f.is(9, wireVarint):
		rec.Trace.Flags = byte(f.num)
	}
	return nil
}

// entryMessage takes the fields that are messages, but for the resource.
func (d *decoder) entryMessage(f *field, rec *encode.Record) error {
	switch {
	case f.is(8, wireBytes):
		a, err := d.attribute(f.text, 2)
		if err != nil {
			return err
		}
		d.arena.attrs.push(a)
	case f.is(12, wireBytes):
		fr, err := d.frame(f.text)
		if err != nil {
			return err
		}
		rec.Source = slog.Source{Function: fr.Function, File: fr.File, Line: fr.Line}
	case f.is(13, wireBytes):
		fr, err := d.frame(f.text)
		if err != nil {
			return err
		}
		d.arena.frames.push(fr)
	}
	return nil
}

// entryResource resolves the resource; there is always one, if an empty one.
func (d *decoder) entryResource(rec *encode.Record, n *entryNames) (err error) {
	switch {
	case !n.hasResource && n.resourceRef == 0:
		rec.Resource = &encode.Resource{}
		return nil
	case !n.hasResource:
		rec.Resource, err = d.refs.resource(n.resourceRef)
		return err
	}
	if rec.Resource, err = d.resource(n.resource); err != nil || n.resourceRef == 0 {
		return err
	}
	return d.refs.tell(n.resourceRef, rec.Resource, len(n.resource))
}

func (d *decoder) resource(msg string) (*encode.Resource, error) {
	res := &encode.Resource{}
	base := len(d.arena.attrs.stack)
	r := reader{rest: msg}
	for r.next() {
		if r.is(7, wireBytes) {
			a, err := d.attribute(r.text, 3)
			if err != nil {
				return nil, fmt.Errorf("resource: %w", err)
			}
			d.arena.attrs.push(a)
			continue
		}
		if err := resourceText(&r.field, res); err != nil {
			return nil, fmt.Errorf("resource: %w", err)
		}
	}
	res.Attrs = d.arena.attrs.pop(base)
	return res, r.err
}

func resourceText(f *field, r *encode.Resource) (err error) {
	if f.is(6, wireVarint) {
		r.PID = int(uint32(f.num))
	}
	if f.wire != wireBytes || f.number > 5 {
		return nil
	}
	to := [...]*string{1: &r.Service, 2: &r.Version, 3: &r.Environment, 4: &r.Instance, 5: &r.Host}[f.number]
	*to, err = f.utf8Text()
	return err
}
