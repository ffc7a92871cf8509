package handler

import (
	"encoding/json"
	"time"

	"github.com/slogship/slogship/crypto"
	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/transport"
)

// Stats are a handler's figures since New.
type Stats struct {
	Routes []RouteStats `json:"routes"`
	// Fields counts what the policies did to values, over all of them.
	Fields    crypto.Stats `json:"fields"`
	Unclaimed []string     `json:"unclaimed,omitempty"` // directories of routes that no longer exist; they are kept
}

// RouteStats are one route's figures. At rest, and but for calls under way,
//
//	Logged + Recovered = Delivered + dropped (the sum of Dropped) + Dead + Buffered
type RouteStats struct {
	Name      string  `json:"name"`
	Removed   bool    `json:"removed,omitempty"` // by Reload: takes no new records, and delivers what it has
	Logged    uint64  `json:"logged"`            // records that the route was to take
	Recovered uint64  `json:"recovered"`         // found in the buffer at the start, or left by another process
	Delivered uint64  `json:"delivered"`
	Dropped   Dropped `json:"dropped"`
	Dead      uint64  `json:"dead"`
	Buffered  uint64  `json:"buffered"`

	BufferedBytes int64         `json:"buffered_bytes"`
	DiskBytes     int64         `json:"disk_bytes"`
	BytesSent     uint64        `json:"bytes_sent"`   // as buffered, not as encoded
	DeadRemoved   uint64        `json:"dead_removed"` // of the dead letters, those that went for room or age
	Retries       uint64        `json:"retries"`
	Resent        uint64        `json:"resent"`
	OldestAge     time.Duration `json:"oldest_age_ns"`
	LastError     string        `json:"last_error,omitempty"`
	LastErrorAt   time.Time     `json:"last_error_at,omitzero"`
	Breaker       string        `json:"breaker,omitempty"`  // "closed", "open" or "half-open"; "" if Direct
	Corrupt       uint64        `json:"corrupt"`            // damaged ranges skipped while reading
	Tampered      uint64        `json:"tampered,omitempty"` // records of encrypted segments that somebody without the key has changed; lost, and counted in Dropped
	Quarantined   uint64        `json:"quarantined"`        // files set aside
	Recovering    bool          `json:"recovering"`         // what was found at the start is not all counted yet
	SubBuffer     bool          `json:"sub_buffer"`         // another process holds the route's directory

	Members []transport.MemberState `json:"members,omitempty"` // of a group (transport/group), in the order of its configuration

	// Of route.DebugOnError, in records. What is kept is in no sum: the route was
	// not to take it, unless it is shipped.
	DebugKept    int    `json:"debug_kept"`    // now
	DebugEvicted uint64 `json:"debug_evicted"` // gone for room before their request logged an error or ended
	DebugShipped uint64 `json:"debug_shipped"` // the part of Logged that was kept, or followed an error
}

// Dropped counts losses by reason ("queue_overflow", "too_old", "refused",
// "disk_stalled", "sampled", "rate_limited", "deduplicated", "closed") and
// level name. What is not there is 0.
type Dropped map[string]map[string]uint64

// Total is the sum over all reasons and levels.
func (d Dropped) Total() uint64 {
	var n uint64
	for _, levels := range d {
		for _, count := range levels {
			n += count
		}
	}
	return n
}

func (d Dropped) add(reason string, level int, n uint64) {
	if n == 0 {
		return
	}
	if d[reason] == nil {
		d[reason] = make(map[string]uint64)
	}
	d[reason][encode.LevelName(encode.NamedLevel(level))] += n
}

// Stats returns the figures as they are now. It may be called at any time,
// also after Close.
func (h *Handler) Stats() Stats {
	t := h.core.table.Load()
	s := Stats{Unclaimed: t.unclaimed, Fields: h.core.sealing.stats()}
	for _, l := range t.everyone() {
		s.Routes = append(s.Routes, l.stats())
	}
	return s
}

// Var returns the figures as an expvar variable. (The type is ours because
// expvar itself links net/http, which a program that logs may not want.)
//
//	expvar.Publish("slogship", h.Var())
func (h *Handler) Var() StatsVar { return StatsVar{h} }

// StatsVar is an expvar.Var: its String is the handler's Stats as JSON.
type StatsVar struct{ h *Handler }

// String returns the figures as they are at the call.
func (v StatsVar) String() string {
	b, _ := json.Marshal(v.h.Stats()) // plain data: it always marshals
	return string(b)
}

func (l *lane) stats() RouteStats {
	s := RouteStats{Name: l.route.Name, Removed: l.gone, Dropped: make(Dropped), Members: members(l.transport)}
	if a := l.admission; a != nil && a.requests != nil {
		f := a.requests.Figures()
		s.DebugKept, s.DebugEvicted, s.DebugShipped = f.Kept, f.Evicted, f.Shipped
	}
	if l.buf == nil {
		return l.directStats(s)
	}
	// The worker's figures first: what it counts as delivered was appended
	// before, so the buffer's, taken later, are never behind them.
	w, b := l.worker.Stats(), l.buf.Stats()
	s.Logged, s.Recovered, s.Buffered = b.Appended+b.Refused, b.Recovered, b.Records
	s.Delivered, s.Dead = w.Delivered+l.leftover.Load(), w.Dead
	for reason := range buffer.Reasons {
		for level, n := range b.Dropped[reason] {
			s.Dropped.add(buffer.Reason(reason).String(), level, n)
		}
	}
	s.BufferedBytes, s.DiskBytes, s.BytesSent = b.Bytes, b.Disk, w.BytesSent
	s.Retries, s.Resent, s.Breaker = w.Retries, w.Resent, w.Breaker
	s.Corrupt, s.Tampered, s.Quarantined, s.Recovering, s.SubBuffer = b.Corrupt, b.Tampered, b.Quarantined, b.Recovering, b.Sub
	if l.deadFile != nil {
		s.DeadRemoved = l.deadFile.removed.Load()
	}
	if b.Oldest != 0 {
		s.OldestAge = max(0, time.Since(time.Unix(0, b.Oldest)))
	}
	if w.LastError != nil {
		s.LastError, s.LastErrorAt = w.LastError.Error(), w.LastErrorAt
	}
	return s
}

func (l *lane) directStats(s RouteStats) RouteStats {
	s.Delivered = l.direct.delivered.Load()
	for level := range encode.LevelCount {
		s.Dropped.add(buffer.Refused.String(), level, l.direct.dropped[level].Load())
		s.Dropped.add(buffer.Closed.String(), level, l.direct.late[level].Load())
		for i := range l.direct.discarded {
			s.Dropped.add((buffer.Sampled + buffer.Reason(i)).String(), level, l.direct.discarded[i][level].Load())
		}
	}
	s.Logged = s.Delivered + s.Dropped.Total()
	return s
}
