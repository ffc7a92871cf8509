package overload

import (
	"hash/maphash"
	"log/slog"
	"math"
	"math/bits"
	"sync"
	"sync/atomic"
)

// Limiter is a token bucket, or one for each of a bounded number of keys. It is
// safe for concurrent use.
//
// A bucket is one number: the time at which it will be full again. A record
// that is taken moves that by the time of one token; it is over the limit if
// that would get further ahead than the whole burst takes. (ATM networks call
// this the generic cell rate algorithm.) So there is nothing to refill, and one
// word says all.
type Limiter struct {
	token int64 // nanoseconds for one record
	burst int64 // nanoseconds for a full bucket
	one   atomic.Int64
	seed  maphash.Seed
	keys  []group // empty: one bucket for all
}

// ways is how many buckets are in a group.
const ways = 8

// group are the buckets among which a key has its place: two cache lines. With a
// lock for each group, and as many groups as an eighth of the keys, two log
// calls rarely meet in one.
type group struct {
	mu   sync.Mutex
	key  [ways]uint64 // guarded by mu, as all below
	full [ways]int64  // when the bucket is full again
}

// NewLimiter returns a limiter of so many records a second, of which burst may
// come at once after a rest. keys is how many buckets there are, 0 for one; it is
// rounded up to whole groups. The time of a burst has to fit an int64 of
// nanoseconds: package route allows 11 days.
func NewLimiter(perSecond float64, burst, keys int) *Limiter {
	token := max(1, int64(math.Round(1e9/perSecond)))
	return &Limiter{
		token: token, burst: token * int64(burst),
		seed: maphash.MakeSeed(), keys: make([]group, (keys+ways-1)/ways),
	}
}

// Take takes a token from the only bucket, or returns false if there is none.
// Without a lock: with one, all goroutines that log would meet in it.
func (l *Limiter) Take(now int64) bool {
	for {
		full := l.one.Load()
		next := max(full, now) + l.token
		if next-now > l.burst {
			return false
		}
		if l.one.CompareAndSwap(full, next) {
			return true
		}
	}
}

// Hash returns the key of v for TakeKey; values of one kind are told apart, 5
// and "5" are two.
func (l *Limiter) Hash(v slog.Value) uint64 {
	var word uint64
	switch v.Kind() {
	case slog.KindString:
		return maphash.String(l.seed, v.String())
	case slog.KindInt64:
		word = uint64(v.Int64())
	case slog.KindUint64:
		word = v.Uint64()
	case slog.KindBool:
		if v.Bool() {
			word = 1
		}
	case slog.KindDuration:
		word = uint64(v.Duration())
	case slog.KindFloat64:
		word = math.Float64bits(v.Float64())
	case slog.KindTime:
		word = uint64(v.Time().UnixNano())
	default:
		return maphash.String(l.seed, v.String()) // Any and groups, by their text
	}
	return maphash.Comparable(l.seed, [2]uint64{uint64(v.Kind()), word})
}

// TakeKey takes a token from the bucket of key.
//
// A key without a bucket gets the fullest of its group, with what is in it. A
// bucket that is full by now says nothing that a new one would not, so nothing
// is forgotten before all of a group are in use at a time; and then the newcomer
// shares. To give it a full bucket, the rejected alternative, would let through
// whatever makes up a new key for each record.
func (l *Limiter) TakeKey(key uint64, now int64) bool {
	at, _ := bits.Mul64(key, uint64(len(l.keys))) // the upper bits choose the group, evenly
	g := &l.keys[at]
	g.mu.Lock()
	defer g.mu.Unlock()
	i := g.find(key)
	next := max(g.full[i], now) + l.token
	if next-now > l.burst {
		return false
	}
	g.full[i] = next
	return true
}

// find returns the place of key, which it takes if the key had none. g.mu is
// held.
func (g *group) find(key uint64) int {
	fullest := 0
	for i, k := range g.key {
		if k == key {
			return i
		}
		if g.full[i] < g.full[fullest] {
			fullest = i
		}
	}
	g.key[fullest] = key
	return fullest
}
