package loki

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/slogship/slogship/encode"
)

// entry is one record as Loki gets it, in memory that the next one uses again.
type entry struct {
	time time.Time
	line []byte
	meta metadata
}

// entries makes the entries. It does not change after Open, but for the pool.
type entries struct {
	labels   *labeler
	encoder  encode.Encoder // nil: the message is the line
	fallback encode.Encoder // the line of a record that does not fit into the metadata
	noMeta   bool
	maxLine  int
	maxSkew  time.Duration
	maxSize  int
	maxCount int
	reserved []string
	pool     sync.Pool // of *entry
}

func newEntries(d *Destination, labels *labeler) *entries {
	reserved := []string{
		idName, levelName, traceIDName, spanIDName, traceFlagsName, scopeName, sourceName, functionName, stackName,
		claimedName, detectedName,
	}
	for _, f := range labels.fields {
		reserved = append(reserved, f.name)
	}
	return &entries{
		labels: labels, encoder: d.Encoder, fallback: bounded(encode.JSONLines{}, d.MaxLine),
		noMeta: d.NoMetadata, maxLine: d.MaxLine, maxSkew: d.MaxSkew,
		maxSize: d.MaxMetadata, maxCount: d.MaxMetadataCount,
		reserved: slices.Concat(reserved, labels.names),
	}
}

// maxKept is the largest line or metadata whose memory is kept.
const maxKept = 512 << 10

func (e *entries) get() *entry {
	if en, ok := e.pool.Get().(*entry); ok {
		return en
	}
	return &entry{meta: metadata{maxSize: e.maxSize, maxCount: e.maxCount, reserved: e.reserved}}
}

func (e *entries) put(en *entry) {
	if cap(en.line) <= maxKept && cap(en.meta.text) <= maxKept {
		e.pool.Put(en)
	}
}

// fill makes en of rec. Its error is the encoder's.
func (e *entries) fill(en *entry, rec *encode.Record, m *member) error {
	en.time, en.line = m.time, en.line[:0]
	en.meta.reset()
	encoder := e.encoder
	if !e.noMeta {
		level := !e.labels.level
		en.meta.identity(rec, level, m.claimed)
		if encoder == nil && !en.meta.everything(rec, e.labels) {
			en.meta.reset()
			en.meta.identity(rec, level, m.claimed)
			encoder = e.fallback
		}
	}
	if encoder == nil {
		en.line = appendClean(en.line, rec.Message, e.maxLine)
		return nil
	}
	line, err := encoder.AppendRecord(en.line, rec)
	if err != nil {
		return fmt.Errorf("loki: encode %v: %w", rec.ID, err)
	}
	en.line = fit(line, e.maxLine)
	return nil
}
