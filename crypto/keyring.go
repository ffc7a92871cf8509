package crypto

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
)

// Keyring is the keys of a process: at most one seals, any number open. It is
// safe for concurrent use, also while it is rotated: a log call in flight seals
// with the key before or the key after, and both stay to open with.
type Keyring struct {
	// sealing is what log calls seal with; nil: nothing, and values are marked. It
	// is replaced under mu.
	sealing atomic.Pointer[subkey]

	mu     sync.Mutex // guards what follows; held for changes, never during I/O
	source Source     // nil: keys come by Rotate alone, or the ring is closed
	closed bool

	envel *envelope // the owner of data keys; nil: none. Set once, before the ring is shared

	// keys is replaced as a whole under mu, and never changed in place.
	keys atomic.Pointer[keyset]

	reload sync.Mutex // one Reload at a time; held during the source's I/O
}

// keyset is what tokens are opened with, by key id.
type keyset struct {
	keys     map[string]*Key
	wrappers map[string]Wrapper
}

// NewKeyring returns a keyring that seals with seal and opens with seal and
// open. seal may be nil, for a process that only opens. Errors wrap [ErrKey].
func NewKeyring(seal *Key, open ...*Key) (*Keyring, error) {
	r := &Keyring{}
	r.keys.Store(&keyset{})
	if err := r.use(seal, open); err != nil {
		return nil, err
	}
	return r, nil
}

// Rotate seals with key from now on. The key before it stays to open with. It
// takes microseconds and blocks no log call.
func (r *Keyring) Rotate(key *Key) error {
	if key == nil || r.envel != nil { // its data keys rotate by themselves
		return fmt.Errorf("crypto: rotate to %v: want a key, and no key service: %w", key, ErrKey)
	}
	return r.use(key, nil)
}

// AddOpening adds keys to open with.
func (r *Keyring) AddOpening(keys ...*Key) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, err := r.addLocked(keys)
	return err
}

// AddWrapper adds a key service to open with: for values whose data key was
// wrapped under the key id by another process or before a change of services.
func (r *Keyring) AddWrapper(id string, w Wrapper) error {
	if !validKeyID(id) || w == nil {
		return fmt.Errorf("crypto: wrapper %q: want a key id and a wrapper: %w", clip(id), ErrKey)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	next := r.set().clone()
	if _, taken := next.keys[id]; taken {
		return fmt.Errorf("crypto: wrapper %q: a key has this id: %w", id, ErrKey)
	}
	next.wrappers[id] = w
	r.keys.Store(next)
	return nil
}

// SealingID returns the id of the key that seals; "" if none does.
func (r *Keyring) SealingID() string {
	if k := r.sealing.Load(); k != nil {
		return k.from.id
	}
	return ""
}

// IDs returns the ids of all keys and key services that open, in no order.
func (r *Keyring) IDs() []string {
	var ids []string
	set := r.set()
	for id := range set.keys {
		ids = append(ids, id)
	}
	for id := range set.wrappers {
		ids = append(ids, id)
	}
	return ids
}

// String says which key seals. No key's bytes are in it.
func (r *Keyring) String() string {
	return fmt.Sprintf("keyring sealing with %q, opening with %d", r.SealingID(), len(r.IDs()))
}

// GoString is String.
func (r *Keyring) GoString() string { return r.String() }

// use makes seal the sealing key and adds both to what opens.
func (r *Keyring) use(seal *Key, open []*Key) error {
	var k *subkey
	if seal != nil {
		if !seal.usable() {
			return fmt.Errorf("crypto: seal with %v: %w", seal, ErrKey)
		}
		var err error
		if k, err = newSubkey(material{id: seal.id, secret: seal.secret}); err != nil {
			return err
		}
		open = append(open[:len(open):len(open)], seal)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return fmt.Errorf("crypto: keyring: %w", ErrClosed)
	}
	// What opens comes first: nothing is sealed that this process could not open.
	if _, err := r.addLocked(open); err != nil {
		return err
	}
	if k != nil && !r.sealsWith(seal) {
		r.sealing.Store(k)
	}
	return nil
}

// sealsWith reports whether k is the sealing key already: a Reload that changes
// nothing keeps the subkey, and with it the tokens' common beginning.
func (r *Keyring) sealsWith(k *Key) bool {
	now := r.sealing.Load()
	return now != nil && now.from.wrapped == nil && now.from.id == k.id
}

// addLocked adds keys to open with, all or none. A key id means one key for
// ever: the same id with other bytes is refused.
func (r *Keyring) addLocked(keys []*Key) (added int, err error) {
	next := r.set().clone()
	for _, k := range keys {
		if !k.usable() {
			return 0, fmt.Errorf("crypto: add %v: %w", k, ErrKey)
		}
		_, taken := next.wrappers[k.id]
		if old, ok := next.keys[k.id]; taken || ok && !old.same(k) {
			return 0, fmt.Errorf("crypto: add key %q: another key has this id: %w", k.id, ErrKey)
		}
		next.keys[k.id] = k
	}
	added = len(next.keys) - len(r.set().keys)
	r.keys.Store(next)
	return added, nil
}

// set returns what opens. A ring that no function of this package has made has
// nothing to open with, and is no reason to end the program that logs.
func (r *Keyring) set() *keyset {
	if s := r.keys.Load(); s != nil {
		return s
	}
	return &keyset{}
}

// clone returns a copy that may be changed until it is stored.
func (s *keyset) clone() *keyset {
	next := &keyset{keys: maps.Clone(s.keys), wrappers: maps.Clone(s.wrappers)}
	if next.keys == nil {
		next.keys = map[string]*Key{}
	}
	if next.wrappers == nil {
		next.wrappers = map[string]Wrapper{}
	}
	return next
}

// has reports whether a key of the ring has the bytes of k.
func (r *Keyring) has(k *Key) bool {
	for _, own := range r.set().keys {
		if own.same(k) {
			return true
		}
	}
	return false
}

// renew replaces a subkey that has sealed all it may. Many goroutines may come
// at once; the first one does it, the others find it done.
func (r *Keyring) renew(used *subkey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sealing.Load() != used {
		return
	}
	next, err := newSubkey(used.from)
	if err != nil { // it was derived once, so this does not happen; plain text stays in all the same
		r.sealing.Store(nil)
		return
	}
	r.sealing.Store(next)
}

// Close stops sealing, waits for the background work of a key service to end,
// and lets go of the source. Values logged afterwards are marked. Opening goes
// on. It may be called more than once.
func (r *Keyring) Close() error {
	r.mu.Lock()
	r.closed, r.source = true, nil
	r.sealing.Store(nil)
	r.mu.Unlock()
	if r.envel != nil {
		r.envel.stop()
	}
	return nil
}

// Source returns all keys of a process, newest first: the first one seals, the
// others open. It is called by [LoadKeyring] and [Keyring.Reload] and may do
// I/O.
type Source func(ctx context.Context) ([]*Key, error)

// LoadKeyring makes a keyring of what source returns. Errors are those of
// [Keyring.Reload]; the keyring that comes with one seals and opens nothing yet.
func LoadKeyring(ctx context.Context, source Source) (*Keyring, error) {
	r, err := NewKeyring(nil)
	if err != nil {
		return nil, err
	}
	r.source = source
	return r, r.Reload(ctx)
}

// Reload asks the source again: on SIGHUP, by a timer, whenever the caller
// thinks that there may be a new key. The first key of its answer seals from
// now on; keys that are not in it any more stay to open with until the process
// ends. If it fails, or answers with less than one key, everything stays as it
// is. Errors are the source's own, or wrap [ErrKey] or, after Close, [ErrClosed].
func (r *Keyring) Reload(ctx context.Context) error {
	r.reload.Lock()
	defer r.reload.Unlock()
	r.mu.Lock()
	source, closed := r.source, r.closed
	r.mu.Unlock()
	switch {
	case closed:
		return fmt.Errorf("crypto: reload keys: %w", ErrClosed)
	case source == nil:
		return fmt.Errorf("crypto: reload a keyring without a source: %w", ErrKey)
	}
	keys, err := source(ctx)
	if err != nil {
		return fmt.Errorf("crypto: reload keys: %w", err)
	}
	if len(keys) == 0 {
		return fmt.Errorf("crypto: reload keys: the source has none: %w", ErrKey)
	}
	return r.use(keys[0], keys[1:])
}
