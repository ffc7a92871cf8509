package crypto

import (
	"crypto/cipher"
	"sync"
	"time"
)

// openKey is a derived key to open with, or why there is none.
type openKey struct {
	once   sync.Once // fills in the rest
	aead   cipher.AEAD
	commit []byte
	err    error
	until  time.Time // when it is made anew
}

// subkeyCache keeps derived keys by the text of the tokens' heads, at most size
// of them; the one that was put in first goes first. Tokens of one time stand
// together, so that a better order would keep the same ones.
type subkeyCache struct {
	mu     sync.Mutex // guards what follows; not held while a key is made
	byHead map[string]*openKey
	order  []string // a ring: next is the oldest once it is full
	next   int
	size   int
}

// newSubkeyCache returns a cache of size entries, at least one.
func newSubkeyCache(size int) *subkeyCache {
	return &subkeyCache{byHead: map[string]*openKey{}, size: size}
}

// get returns the key for head, made by fill if it is not there or too old.
// Callers who need the same one wait for one fill; the others go on. fill
// returns until when its result is to be kept.
func (c *subkeyCache) get(head string, fill func(*openKey) time.Time) (*openKey, error) {
	mine := false // so that what is not to be kept at all is not made twice
	make := func(k *openKey) {
		k.once.Do(func() { mine, k.until = true, fill(k) })
	}
	k := c.entry(head, nil)
	make(k)
	if !mine && time.Now().After(k.until) {
		k = c.entry(head, k)
		make(k)
	}
	return k, k.err
}

// entry returns the entry for head, a new one if there is none or it is old.
func (c *subkeyCache) entry(head string, old *openKey) *openKey {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.byHead[head]
	switch {
	case k != nil && k != old:
		return k
	case k == nil && len(c.order) < c.size:
		c.order = append(c.order, head)
	case k == nil:
		delete(c.byHead, c.order[c.next])
		c.order[c.next] = head
		c.next = (c.next + 1) % c.size
	}
	k = &openKey{}
	c.byHead[head] = k
	return k
}
