package deliver

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/internal/codec"
)

// payloadAttr is the attribute that keeps the bytes of a payload which did not
// decode.
const payloadAttr = "payload"

// decode turns the chunk's entries from the given one on into slots. It runs
// when they are read, not when they are sent, so that the work overlaps with
// the Send before. Strings alias the chunk, which lives as long as the batch.
func (w *Worker) decode(b *batch, from int) {
	for i := from; i < len(b.chunk.Entries); i++ {
		e := &b.chunk.Entries[i]
		rec := b.add(slot{mark: e.Mark, size: len(e.Payload), stamp: e.Time, level: e.Level})
		rec.Resource = w.resource(e.Meta)
		if err := decodeInto(&b.decoder, e.Payload, rec); err != nil {
			w.garbled(b, e, err)
		}
	}
}

// decodeInto contains panics: the payload comes from a disk, and a decoder that
// trips over it must not stop the service.
func decodeInto(d *codec.Decoder, payload string, rec *encode.Record) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("deliver: decode: panic: %v: %w", p, codec.ErrCorrupt)
		}
	}()
	return d.Decode(payload, rec)
}

// garbled puts a stand-in in the place of a record that cannot be read. It
// holds the raw bytes, so that the dead letter is as good as the payload, and
// is never sent: the destination would take it for the record.
func (w *Worker) garbled(b *batch, e *buffer.Entry, err error) {
	i := len(b.slots) - 1
	resource := b.recs[i].Resource
	b.recs[i] = encode.Record{
		Time:     time.Unix(0, e.Time),
		Observed: time.Unix(0, e.Time),
		Level:    encode.NamedLevel(int(e.Level)),
		Message:  "slogship: payload did not decode",
		Attrs:    []slog.Attr{slog.Any(payloadAttr, []byte(e.Payload))},
		Resource: resource,
	}
	copy(b.recs[i].ID[:], e.Payload)
	s := &b.slots[i]
	s.garbled = true
	w.condemn(s, buffer.Refused, err)
	w.failed(fmt.Errorf("deliver: decode %q of route %q: %w", b.recs[i].ID, w.opts.Route, err))
}

// resource returns the segment's resource, parsed once.
func (w *Worker) resource(m *buffer.Meta) *encode.Resource {
	if m == nil {
		return w.ownResource()
	}
	if r, ok := m.Cache.(*encode.Resource); ok {
		w.lastResource = r
		return r
	}
	r, err := codec.ParseResource(m.Bytes)
	if err != nil {
		// The records are whole; only who wrote them is not known. An empty
		// resource delivers them and claims nothing.
		w.failed(fmt.Errorf("deliver: resource of route %q: %w", w.opts.Route, err))
		r = &encode.Resource{}
	}
	m.Cache, w.lastResource = r, r
	return r
}

// ownResource is that of records the worker makes itself: as configured, else
// that of the last record read, which is this process most of the time.
func (w *Worker) ownResource() *encode.Resource {
	switch {
	case w.opts.Resource != nil:
		return w.opts.Resource
	case w.lastResource != nil:
		return w.lastResource
	default:
		w.lastResource = &encode.Resource{}
		return w.lastResource
	}
}
