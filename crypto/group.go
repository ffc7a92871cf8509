package crypto

import (
	"maps"
	"strings"
	"sync/atomic"
)

// Group is where attributes stand: at the top of a record, or in a group of it.
// A handler gets the top from [Sealer.Top] and goes one deeper with each
// WithGroup. It is safe for concurrent use and lives as long as its Sealer.
type Group struct {
	s      *Sealer
	prefix string // the path of the group, with a dot at its end
	at     states // where the rules are
	rule   *rule  // covers all that is in the group; nil: none

	// fields is a cache of what the rules say of a key here: log calls use the
	// same few keys again and again, and a look-up costs a few nanoseconds where
	// matching costs some hundred. A slot holds any key with its hash; it is
	// replaced as a whole.
	fields [fieldSlots]atomic.Pointer[field]

	// more has the keys that found their slots taken. The map is replaced as a
	// whole, by whoever wins, and never changed in place: a lock around it would
	// be shared by all that log.
	more   atomic.Pointer[map[string]*field]
	misses atomic.Uint32
}

const (
	fieldSlots = 64

	// maxCachedKey: a longer key is most likely made of data.
	maxCachedKey = 64

	// maxMore is how many keys of one group are kept besides, and maxFields how
	// many of all groups: a program has some hundred, data has any number.
	maxMore   = 1 << 10
	maxFields = 1 << 14

	// keepEvery: with that many kept, a slot is replaced at each sixteenth miss only, so
	// that keys made of data ("user-4711") do not push out those of the code.
	keepEvery = 16

	// maxGroups is how many groups are kept over all. Beyond, a group is made anew
	// for each attribute that is in it: slower, and right.
	maxGroups = 1 << 10
)

// field is what the rules say of one key in one group. Immutable but for inner.
type field struct {
	key   string
	rule  *rule // nil: no rule matches
	plain bool  // no rule, no detectors: what has no inside is logged as it is
	at    states
	inner atomic.Pointer[Group] // what is in it, if it is a group; nil: not asked yet
}

// find returns what the rules say of key.
func (g *Group) find(key string) *field {
	h := hashKey(key)
	if f := g.fields[h%fieldSlots].Load(); f != nil && f.key == key {
		return f
	}
	// Each key has two slots, so that two keys of one code rarely fight.
	if f := g.fields[h/fieldSlots%fieldSlots].Load(); f != nil && f.key == key {
		return f
	}
	if more := g.more.Load(); more != nil {
		if f := (*more)[key]; f != nil {
			return f
		}
	}
	return g.miss(key, h)
}

// hashKey mixes the ends of a key and its length, in less time than it takes to
// look at all of it. Keys that agree in those are few; slots compare the key.
func hashKey(key string) uint32 {
	n := len(key)
	if n == 0 {
		return 0
	}
	h := uint32(n)<<24 ^ uint32(key[0])<<16 ^ uint32(key[n/2])<<8 ^ uint32(key[n-1])
	return h * 0x9E3779B1 >> 20
}

// miss matches the rules against key.
func (g *Group) miss(key string, h uint32) *field {
	f := &field{key: strings.Clone(key), rule: g.rule} // a key may be a part of a huge text
	if m := g.s.rules; m.starts {
		f.at = m.advance(g.at, key)
		f.rule = g.s.rule(m.decides(f.at))
	}
	f.plain = f.rule == nil && !g.s.detects()
	if len(key) <= maxCachedKey {
		g.keep(f, h)
	}
	return f
}

// keep puts f into the cache if there is room. Two goroutines may store the same
// key at a time: both have the same to say.
func (g *Group) keep(f *field, h uint32) {
	slots := [...]uint32{h % fieldSlots, h / fieldSlots % fieldSlots}
	for _, slot := range slots {
		if g.fields[slot].CompareAndSwap(nil, f) {
			return
		}
	}
	if g.keepMore(f) || g.misses.Add(1)%keepEvery != 0 {
		return
	}
	if old := g.fields[slots[0]].Swap(f); old.inner.Load() != nil {
		g.s.groups.Add(-1)
	}
}

// keepMore copies the map for each new key: a thousand times at most, in the
// life of a group.
func (g *Group) keepMore(f *field) bool {
	old := g.more.Load()
	next := map[string]*field{}
	if old != nil {
		if _, taken := (*old)[f.key]; taken || len(*old) >= maxMore {
			return taken // by another goroutine, since find looked
		}
		next = maps.Clone(*old)
	}
	if g.s.fields.Add(1) > maxFields {
		g.s.fields.Add(-1)
		return false
	}
	next[f.key] = f
	if !g.more.CompareAndSwap(old, &next) {
		g.s.fields.Add(-1) // the next call with this key tries again
	}
	return true
}

// group returns where the members of the group at f stand.
func (g *Group) group(f *field) *Group {
	if inner := f.inner.Load(); inner != nil {
		return inner
	}
	inner := &Group{s: g.s, prefix: g.prefix + f.key + ".", at: f.at, rule: f.rule}
	if g.s.groups.Add(1) > maxGroups {
		g.s.groups.Add(-1)
		return inner
	}
	if !f.inner.CompareAndSwap(nil, inner) {
		g.s.groups.Add(-1)
		return f.inner.Load()
	}
	return inner
}

// Group returns where the attributes of a group called name stand. An empty name
// is no group, as with slog's WithGroup.
func (g *Group) Group(name string) *Group {
	if name == "" {
		return g
	}
	return g.group(g.find(name))
}

// whole reports whether a group at f is sealed or dropped in one piece: a rule
// covers it, and none before that rule has another say inside.
func (g *Group) whole(f *field) bool {
	return f.rule != nil && (f.rule.do == Seal || f.rule.do == Drop) &&
		!g.s.rules.open(f.at, f.rule.index, func(i int) bool { return g.s.list[i].do != f.rule.do })
}
