package grpc

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/slogship/slogship/encode"
)

// attribute reads an Attribute at that depth of messages.
func (d *decoder) attribute(msg string, depth int) (a slog.Attr, err error) {
	if err := d.spent.element(); err != nil {
		return a, err
	}
	if depth > maxNesting {
		return a, fmt.Errorf("nested deeper than %d messages: %w", maxNesting, errWire)
	}
	var key pair
	a.Value = slog.AnyValue(nil)
	r := reader{rest: msg}
	for r.next() {
		if r.number > 2 {
			err = d.value(&r.field, &a.Value, depth)
		} else if _, err = key.set(&r.field, 1); err == nil && r.is(2, wireVarint) {
			a.Key, err = d.resolve(key)
		}
		if err != nil {
			return a, err
		}
	}
	if key.ref == 0 {
		a.Key = key.text
	}
	return a, r.err
}

// value takes one field of Attribute's oneof; of several the last counts.
func (d *decoder) value(f *field, v *slog.Value, depth int) (err error) {
	switch {
	case f.is(3, wireBytes):
		s, err := f.utf8Text()
		*v = slog.StringValue(s)
		return err
	case f.is(4, wireVarint):
		*v = slog.Int64Value(unzigzag(f.num))
	case f.is(5, wireVarint):
		*v = slog.Uint64Value(f.num)
	case f.is(6, wireFixed64):
		*v = slog.Float64Value(math.Float64frombits(f.num))
	case f.is(7, wireVarint):
		*v = slog.BoolValue(f.num != 0)
	case f.is(8, wireBytes):
		*v = slog.AnyValue([]byte(f.text))
	case f.is(9, wireVarint):
		*v = slog.DurationValue(time.Duration(unzigzag(f.num)))
	case f.is(10, wireFixed64):
		*v = slog.TimeValue(time.Unix(0, int64(f.num)).UTC())
	case f.is(14, wireBytes):
		return jsonValue(f, v)
	case f.wire == wireBytes:
		return d.nested(f, v, depth+1)
	}
	return nil
}

// jsonValue believes nobody: encoders copy what is of type encode.JSON.
func jsonValue(f *field, v *slog.Value) error {
	s, err := f.utf8Text()
	if err != nil {
		return err
	}
	if raw := []byte(s); json.Valid(raw) {
		*v = slog.AnyValue(encode.JSON(raw))
	} else {
		*v = slog.StringValue(s)
	}
	return nil
}

// nested takes the values that are messages.
func (d *decoder) nested(f *field, v *slog.Value, depth int) error {
	switch f.number {
	case 11:
		e, err := d.error(f.text, depth)
		*v = slog.AnyValue(e)
		return err
	case 12:
		base := len(d.arena.attrs.stack)
		err := d.each(f.text, depth, d.arena.attrs.push)
		*v = slog.GroupValue(d.arena.attrs.pop(base)...)
		return err
	case 13:
		base := len(d.arena.values.stack)
		err := d.each(f.text, depth, func(a slog.Attr) { d.arena.values.push(a.Value) })
		*v = slog.AnyValue(d.arena.values.pop(base))
		return err
	}
	return nil
}

// each reads a Group or a List, which have attributes and nothing else.
func (d *decoder) each(msg string, depth int, take func(slog.Attr)) error {
	r := reader{rest: msg}
	for r.next() {
		if !r.is(1, wireBytes) {
			continue
		}
		a, err := d.attribute(r.text, depth+1)
		if err != nil {
			return err
		}
		take(a)
	}
	return r.err
}

// error reads an Error.
func (d *decoder) error(msg string, depth int) (*encode.Error, error) {
	if err := d.spent.element(); err != nil {
		return nil, err
	}
	if depth > maxNesting {
		return nil, fmt.Errorf("nested deeper than %d messages: %w", maxNesting, errWire)
	}
	var e encode.Error
	var kind pair
	base := len(d.arena.frames.stack)
	r := reader{rest: msg}
	for r.next() {
		var err error
		if r.number <= 2 {
			if _, err = kind.set(&r.field, 1); err == nil && r.is(2, wireVarint) {
				e.Type, err = d.resolve(kind)
			}
		} else {
			err = d.errorPart(&r.field, &e, depth)
		}
		if err != nil {
			return nil, err
		}
	}
	if kind.ref == 0 {
		e.Type = kind.text
	}
	e.Frames = d.arena.frames.pop(base)
	return d.arena.errors.one(e), r.err
}

func (d *decoder) errorPart(f *field, e *encode.Error, depth int) (err error) {
	switch {
	case f.is(3, wireBytes):
		e.Message, err = f.utf8Text()
	case f.is(4, wireBytes):
		var fr encode.Frame
		if fr, err = d.frame(f.text); err == nil {
			d.arena.frames.push(fr)
		}
	case f.is(5, wireBytes):
		var cause *encode.Error
		if cause, err = d.error(f.text, depth+1); err == nil {
			e.Causes = append(e.Causes, cause)
		}
	}
	return err
}

func (d *decoder) frame(msg string) (fr encode.Frame, err error) {
	if err := d.spent.element(); err != nil {
		return fr, err
	}
	var function, file pair
	r := reader{rest: msg}
	for r.next() {
		switch r.number {
		case 1, 2:
			if _, err = function.set(&r.field, 1); err == nil && r.is(2, wireVarint) {
				fr.Function, err = d.resolve(function)
			}
		case 3, 4:
			if _, err = file.set(&r.field, 3); err == nil && r.is(4, wireVarint) {
				fr.File, err = d.resolve(file)
			}
		case 5:
			if r.wire == wireVarint {
				fr.Line = int(uint32(r.num))
			}
		}
		if err != nil {
			return fr, err
		}
	}
	if function.ref == 0 {
		fr.Function = function.text
	}
	if file.ref == 0 {
		fr.File = file.text
	}
	return fr, r.err
}
