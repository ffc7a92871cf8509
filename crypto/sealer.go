package crypto

import (
	"fmt"
	"hash"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/slogship/slogship/encode"
)

// SealerOptions are what a policy needs besides keys. The zero value of each
// field is its default.
type SealerOptions struct {
	// Service is Resource.Service of the process: every token says it, and an
	// opener can tell a value of another service. At most 255 bytes.
	Service string

	// HashKey is the key of Hash, a key of its own: [Policy.Compile] refuses one
	// that the keyring has, too. To set it and to name a field with Hash is the
	// consent to what a hash gives away: which records have the same value, how
	// often each value occurs, and, to who holds this key, whether a value he
	// guesses is there.
	HashKey *Key
}

// Sealer is a compiled policy. It is immutable but for its counts and caches,
// and safe for concurrent use. It starts no goroutine.
type Sealer struct {
	service string
	keys    *Keyring // nil: nothing can be sealed, and what would be is marked
	list    []rule   // of rules, by index
	detect  []rule   // index is not used
	forms   []Form   // of detect
	rules   *automaton
	top     *Group
	groups  atomic.Int64 // that are kept, of all that fields lead to
	fields  atomic.Int64 // that are kept beside their slots
	stats   counters
	types   typeCache

	hashKey *Key
	hashers sync.Pool // of hash.Hash, keyed with hashKey
}

// rule is a Rule or Detect as the log path uses it.
type rule struct {
	index int
	do    Action
	mask  Mask
	name  string // of the index, for Hash
}

// Compile makes a Sealer. keys may be nil if nothing of the policy seals; then a
// [Secret] becomes a mark. It does no I/O. Errors wrap [ErrPolicy].
func (p Policy) Compile(keys *Keyring, o *SealerOptions) (*Sealer, error) {
	if o == nil {
		o = &SealerOptions{}
	}
	if len(o.Service) > maxService {
		return nil, fmt.Errorf("crypto: service %q…: more than %d bytes: %w", clip(o.Service), maxService, ErrPolicy)
	}
	if o.HashKey != nil && !o.HashKey.usable() {
		return nil, fmt.Errorf("crypto: hash key: no function of this package has made it: %w", ErrPolicy)
	}
	if o.HashKey != nil && keys != nil && keys.has(o.HashKey) {
		return nil, fmt.Errorf("crypto: hash key %q: is a key of the keyring: %w", o.HashKey.id, ErrPolicy)
	}
	if err := p.validate(o, keys != nil); err != nil {
		return nil, err
	}
	s := &Sealer{service: o.Service, keys: keys, hashKey: o.HashKey, rules: newAutomaton(p.Rules)}
	s.hashers.New = func() any { return newHasher(s.hashKey) }
	for i, r := range p.Rules {
		s.list = append(s.list, rule{i, r.Do, r.Mask, index(r.Index, r.Path+r.Key)})
	}
	for _, d := range p.Detect {
		s.detect = append(s.detect, rule{0, d.Do, d.Mask, index(d.Index, formNames[d.What])})
		s.forms = append(s.forms, d.What)
	}
	s.top = &Group{s: s, at: s.rules.start}
	return s, nil
}

// index returns name, or its default.
func index(name, otherwise string) string {
	if name == "" {
		return otherwise
	}
	return name
}

// rule returns the rule with an index; -1 is none.
func (s *Sealer) rule(index int) *rule {
	if index < 0 {
		return nil
	}
	return &s.list[index]
}

// Top returns where a record's own attributes stand.
func (s *Sealer) Top() *Group { return s.top }

// Scratch is the memory of one log call. The zero Scratch is ready. It is for
// one goroutine at a time, and best kept for the next call: once it has grown,
// sealing allocates nothing. It holds no plain text between calls.
type Scratch struct {
	// Record is the id of the record that is being logged. It is bound to what is
	// sealed. Zero for attributes of a logger's With, which are sealed once for
	// many records: their move from one of these to another is not noticed.
	Record encode.ID

	work  []byte // where a token's body is built
	text  []byte // the token
	depth int    // groups around the attribute
	nodes int    // attributes seen since the outermost one

	outward bool // the result is for another handler, not for the buffer
}

// maxScratch is the most memory that a Scratch keeps.
const maxScratch = 64 << 10

// trim lets go of memory that one huge value took.
func (sc *Scratch) trim() {
	if cap(sc.work) > maxScratch {
		sc.work = nil
	}
	if cap(sc.text) > maxScratch {
		sc.text = nil
	}
}

// Stats are counts since the Sealer was made.
type Stats struct {
	Sealed   uint64 `json:"sealed"` // values sealed
	Masked   uint64 `json:"masked"` // values masked, in part or whole
	Hashed   uint64 `json:"hashed"`
	Dropped  uint64 `json:"dropped"`
	Unsealed uint64 `json:"unsealed"` // values that were to be sealed or hashed and were replaced by a mark: no key, or too large
}

type counters struct {
	sealed, masked, hashed, dropped, unsealed atomic.Uint64
}

// Stats returns the counts. They are read one after the other.
func (s *Sealer) Stats() Stats {
	c := &s.stats
	return Stats{
		Sealed: c.sealed.Load(), Masked: c.masked.Load(), Hashed: c.hashed.Load(),
		Dropped: c.dropped.Load(), Unsealed: c.unsealed.Load(),
	}
}

// What stands in the place of a value that could not be sealed or hashed.
const (
	MarkNoKey    = "!SEALED: no key"    // no key was there: plain text goes nowhere
	MarkTooLarge = "!SEALED: too large" // its token would not fit into a record
)

// maxPlain is the size of a value, in bytes, above which it is not sealed: its
// token has a third more, and a record takes 1 MiB.
const maxPlain = 512 << 10

// token returns the text that stands for v, which may be used until the next
// call with sc. It is nil for Drop.
func (s *Sealer) token(sc *Scratch, r *rule, at place, v slog.Value) []byte {
	if (r.do == Seal || r.do == Hash) && tooLarge(v) {
		return s.mark(sc, MarkTooLarge)
	}
	switch r.do {
	case Seal:
		return s.seal(sc, at, v)
	case Hash:
		return s.hash(sc, r.name, v)
	case MaskIt:
		s.stats.masked.Add(1)
		sc.text = appendMasked(sc.text[:0], r.mask, v)
		return sc.text
	default:
		s.stats.dropped.Add(1)
		return nil
	}
}

// tooLarge looks before any work is done: a text of a gigabyte costs nothing
// until somebody encrypts it. Values of other kinds are bounded by package codec.
func tooLarge(v slog.Value) bool {
	switch v.Kind() {
	case slog.KindString:
		return len(v.String()) > maxPlain
	case slog.KindAny:
		b, ok := v.Any().([]byte)
		return ok && len(b) > maxPlain
	}
	return false
}

// seal tries again with a new subkey when the present one is used up; another
// goroutine may use that up, too, if it has 2^31 calls in the meantime.
func (s *Sealer) seal(sc *Scratch, at place, v slog.Value) []byte {
	for s.keys != nil {
		k := s.keys.sealing.Load()
		if k == nil {
			break
		}
		var ok bool
		sc.text, sc.work, ok = k.seal(sc.text[:0], sc.work, &sc.Record, s.service, at, v)
		switch {
		case ok && len(sc.work) > maxPlain:
			return s.mark(sc, MarkTooLarge)
		case ok:
			s.stats.sealed.Add(1)
			return sc.text
		}
		s.keys.renew(k)
	}
	return s.mark(sc, MarkNoKey)
}

// mark replaces a value that was to be hidden and could not be, and counts it.
func (s *Sealer) mark(sc *Scratch, mark string) []byte {
	s.stats.unsealed.Add(1)
	sc.text = append(sc.text[:0], mark...)
	return sc.text
}

// hash replaces v by its keyed hash.
func (s *Sealer) hash(sc *Scratch, name string, v slog.Value) []byte {
	if s.hashKey == nil { // a struct's tag asks for what the options do not allow
		return s.mark(sc, MarkNoKey)
	}
	h := s.hashers.Get().(hash.Hash)
	sc.text, sc.work = appendHash(sc.text[:0], sc.work, h, s.hashKey.id, name, v)
	clear(sc.work)
	s.hashers.Put(h)
	s.stats.hashed.Add(1)
	return sc.text
}

// detects reports whether texts are looked at.
func (s *Sealer) detects() bool { return len(s.detect) > 0 }

// needs reports whether forms has f.
func (s *Sealer) needs(f Form) bool { return slices.Contains(s.forms, f) }
