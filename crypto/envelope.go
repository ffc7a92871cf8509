package crypto

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// Wrapper encrypts data keys with a key that never leaves a key service (a KMS).
// Package crypto/kms makes one of every service that gocloud.dev/secrets knows.
// It is safe for concurrent use, honours ctx, and keeps nothing it is given. What
// it returns is the caller's, who may overwrite it. What Wrap returns must not
// tell the key: it stands in each token.
type Wrapper interface {
	Wrap(ctx context.Context, key []byte) (wrapped []byte, err error)
	Unwrap(ctx context.Context, wrapped []byte) (key []byte, err error)
}

// EnvelopeOptions configure envelope keys. The zero value of each field is its
// default.
type EnvelopeOptions struct {
	// Period is how long one data key seals before the next one is asked for, in
	// the background. Default 1 h. Each process has data keys of its own.
	Period time.Duration

	// MaxAge is how long a data key may seal while the service gives no new one.
	// Then values are marked instead of sealed until it does. A call that is under
	// way then is waited for, Timeout at most. Default 24 h, or twice Period if that
	// is more; at least Period.
	MaxAge time.Duration

	// Timeout is the deadline of one call of the service. Default 10 s.
	Timeout time.Duration

	// OnError hears of calls that failed, and, as an error that wraps
	// [ErrExpired], of the end of a data key. It is called by one goroutine at a
	// time. Default: a line on stderr. Calls of a service that fails are a second
	// apart at first, and a minute in the end.
	OnError func(error)
}

// How long a failed call is waited after, doubling.
const (
	firstRetry = time.Second
	lastRetry  = time.Minute
)

// withDefaults returns a checked copy. It is the only place that knows a default.
func (o *EnvelopeOptions) withDefaults() (EnvelopeOptions, error) {
	var c EnvelopeOptions
	if o != nil {
		c = *o
	}
	if c.Period < 0 || c.MaxAge < 0 || c.Timeout < 0 {
		return c, fmt.Errorf("crypto: envelope options: a duration is negative: %w", ErrKey)
	}
	c.Period = or(c.Period, time.Hour)
	// Not Period itself: then the key would be gone in the moment in which the next
	// one is asked for, and each period would begin with marks.
	c.MaxAge = or(c.MaxAge, max(24*time.Hour, 2*c.Period))
	c.Timeout = or(c.Timeout, 10*time.Second)
	if c.MaxAge < c.Period {
		return c, fmt.Errorf("crypto: envelope option MaxAge %v: want at least Period, %v: %w", c.MaxAge, c.Period, ErrKey)
	}
	if c.OnError == nil {
		c.OnError = func(err error) { fmt.Fprintln(os.Stderr, err) }
	}
	return c, nil
}

// or returns d, or its default.
func or(d, otherwise time.Duration) time.Duration {
	if d == 0 {
		return otherwise
	}
	return d
}

// NewEnvelopeKeyring returns a keyring that seals with data keys: random keys of
// this process, which w wraps, and which travel wrapped in each token. Who opens
// needs the service, or rather its permission, and no key file. id names the
// service's key in tokens, as a key id. open are keys to open older values with.
//
// It makes no call itself. A goroutine asks for the first data key at once, and
// ends with Close: see [Keyring.Ready].
func NewEnvelopeKeyring(id string, w Wrapper, o *EnvelopeOptions, open ...*Key) (*Keyring, error) {
	opts, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	r, err := NewKeyring(nil, open...)
	if err != nil {
		return nil, err
	}
	if err := r.AddWrapper(id, w); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.envel = &envelope{
		ring: r, id: id, wrapper: w, opts: opts, cancel: cancel,
		ready: make(chan struct{}), done: make(chan struct{}),
	}
	go r.envel.run(ctx)
	return r, nil
}

// Ready waits until there has been a first key to seal with, or ctx is done. Values
// that are logged before are marked, not sealed: a log call waits for no network.
// Whether the last key has expired since is not its matter: that is told to OnError.
// It returns nil at once for a keyring without a key service. Errors wrap ctx's, or
// [ErrClosed].
func (r *Keyring) Ready(ctx context.Context) error {
	if r.envel == nil {
		return nil
	}
	select {
	case <-r.envel.done: // first, since select takes any of those that are ready
		return fmt.Errorf("crypto: wait for a data key: %w", ErrClosed)
	default:
	}
	select {
	case <-r.envel.ready:
		return nil
	case <-r.envel.done:
		return fmt.Errorf("crypto: wait for a data key: %w", ErrClosed)
	case <-ctx.Done():
		return fmt.Errorf("crypto: wait for a data key: %w", ctx.Err())
	}
}

// envelope owns a keyring's data keys. Its goroutine is started by
// NewEnvelopeKeyring and joined by Keyring.Close.
type envelope struct {
	ring    *Keyring
	id      string
	wrapper Wrapper
	opts    EnvelopeOptions
	cancel  context.CancelFunc

	ready chan struct{} // closed with the first data key
	once  sync.Once     // closes ready
	done  chan struct{} // closed when the goroutine has ended
}

// stop ends a call of the service that is under way, and waits. It may be called
// more than once.
func (e *envelope) stop() {
	e.cancel()
	<-e.done
}

// run asks for a data key every period. While that fails it asks again, and
// takes the last one away when it is too old.
func (e *envelope) run(ctx context.Context) {
	defer close(e.done)
	var expiry <-chan time.Time // nil: there is no data key
	var old time.Time           // when expiry is due
	next, retry := time.After(0), firstRetry
	for {
		select {
		case <-ctx.Done():
			return
		case <-expiry:
			e.expire()
			expiry = nil
			continue
		case <-next:
			// Both may be due, after a pause of the machine or a long call, and select
			// takes either: the key must not outlive another call.
			if expiry != nil && !time.Now().Before(old) {
				e.expire()
				expiry = nil
			}
		}
		err := e.fetch(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			e.opts.OnError(err)
			next = time.After(retry)
			retry = min(2*retry, lastRetry)
			continue
		}
		old = time.Now().Add(e.opts.MaxAge)
		next, expiry, retry = time.After(e.opts.Period), time.After(e.opts.MaxAge), firstRetry
	}
}

// expire takes the data key away: from here on values are marked.
func (e *envelope) expire() {
	e.ring.mu.Lock()
	e.ring.sealing.Store(nil)
	e.ring.mu.Unlock()
	e.opts.OnError(fmt.Errorf("crypto: key service %q: no data key for %v: %w", e.id, e.opts.MaxAge, ErrExpired))
}

// fetch makes a data key and has it wrapped.
func (e *envelope) fetch(ctx context.Context) error {
	var b [KeySize]byte
	rand.Read(b[:])
	ctx, cancel := context.WithTimeout(ctx, e.opts.Timeout)
	defer cancel()
	// Its own copy: who encrypts in place would leave us with the wrapped key for a
	// secret, and that is in each token.
	given := bytes.Clone(b[:])
	wrapped, err := callWrapper(func() ([]byte, error) { return e.wrapper.Wrap(ctx, given) })
	if err != nil {
		return fmt.Errorf("crypto: wrap a data key with %q: %w: %w", e.id, err, ErrUnavailable)
	}
	if len(wrapped) == 0 || len(wrapped) > maxWrapped {
		return fmt.Errorf("crypto: wrap a data key with %q: %d bytes, want 1 to %d: %w", e.id, len(wrapped), maxWrapped, ErrKey)
	}
	if bytes.Contains(wrapped, b[:]) {
		return fmt.Errorf("crypto: wrap a data key with %q: it came back as it was: %w", e.id, ErrKey)
	}
	wrapped = bytes.Clone(wrapped)
	k, err := newSubkey(material{id: e.id, secret: func() *[KeySize]byte { return &b }, wrapped: wrapped})
	if err != nil {
		return err
	}
	e.ring.mu.Lock()
	defer e.ring.mu.Unlock()
	if e.ring.closed {
		return nil
	}
	e.ring.sealing.Store(k)
	e.once.Do(func() { close(e.ready) })
	return nil
}

var errPanic = errors.New("the wrapper panicked")

// callWrapper contains a panic of somebody else's code: it must not end the
// program that logs. What it said is left out, since it may quote its input.
func callWrapper(call func() ([]byte, error)) (b []byte, err error) {
	defer func() {
		if recover() != nil {
			err = errPanic
		}
	}()
	return call()
}
