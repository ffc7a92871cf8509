package amqp

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport/httpstatus"
)

// session is one connection with its channel in confirm mode, and what was
// published on it without having been confirmed. The Send that runs owns it.
//
// The library tells of everything through Go channels, and its reader, which
// also brings the confirms, waits for whoever does not take from them. So that
// it never has to:
//
//   - returns holds as many as there may be messages out, and is emptied before
//     each publish and while one waits;
//   - a message's return is in returns before its confirmation is given, as one
//     goroutine reads both off the connection. Whoever looks into returns after
//     he has seen the confirmation sees the return;
//   - everything else is taken by the goroutine watch, which never waits.
type session struct {
	line
	out     *outbox
	conn    *amqp091.Connection
	channel *amqp091.Channel
	secrets httpstatus.Secrets
	frame   int // the most bytes of a frame

	returns chan amqp091.Return
	pending []publish        // without an answer, in the order of publishing
	refused map[string]*loss // by message id: came back, and is not confirmed yet
	heard   time.Time        // when the broker last answered, or was last asked after a pause
	serial  uint64           // numbers records that have no ID
	paused  bool             // the last Send saw the broker take nothing
	stale   bool             // to be replaced: Declare is to be applied again

	state state
	ended chan token // closed when watch has ended
}

// publish is a message that is out.
type publish struct {
	id      encode.ID // of the record; zero for none
	message string    // its message id
	index   int       // of its record in the batch that is being sent; -1: it is not in it
	answer  *amqp091.DeferredConfirmation
}

// loss is a message that came back, so many times.
type loss struct {
	times int
	err   error
}

// state is what watch has learned.
type state struct {
	changed chan token // one: look again
	over    chan token // closed with the connection's or the channel's end

	mu      sync.Mutex
	blocked bool   // guarded by mu
	reason  string // guarded by mu; the broker's, for blocked
	err     error  // guarded by mu; why it is over
}

// open logs in on l and leaves a channel to publish on. When ctx ends, it does,
// whatever the broker is at.
func (d *Destination) open(ctx context.Context, l line) (*session, error) {
	auth, secrets, err := d.login(ctx)
	if err != nil {
		l.socket.Close()
		return nil, err
	}
	s := &session{
		line: l, out: newOutbox(l.socket, l.conn), secrets: secrets,
		returns: make(chan amqp091.Return, d.Window),
		refused: make(map[string]*loss),
		ended:   make(chan token),
		state:   state{changed: make(chan token, 1), over: make(chan token)},
	}
	stop := context.AfterFunc(ctx, s.out.Abort)
	err = s.greet(d, auth)
	if !stop() && err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		s.drop()
		if ended := context.Cause(ctx); ended != nil {
			return nil, ended
		}
		return nil, err
	}
	return s, nil
}

func (s *session) greet(d *Destination, auth amqp091.Authentication) (err error) {
	config := amqp091.Config{
		SASL: []amqp091.Authentication{auth}, Vhost: d.VHost, Heartbeat: d.Heartbeat, ChannelMax: 1, Locale: "en_US",
		Properties: amqp091.Table{"product": "slogship", "platform": "Go", "connection_name": d.ConnectionName},
		FrameSize:  128 << 10, // what RabbitMQ offers as well
	}
	conn, err := amqp091.Open(s.out, config)
	if err != nil {
		close(s.ended) // there is nothing to watch
		return explain(err, s.secrets)
	}
	s.conn, s.frame = conn, conn.Config.FrameSize
	if s.channel, err = conn.Channel(); err == nil {
		err = s.prepare(d)
	}
	if err != nil {
		close(s.ended)
		return explain(err, s.secrets)
	}
	s.channel.NotifyReturn(s.returns)
	go s.watch(
		conn.NotifyBlocked(make(chan amqp091.Blocking, 1)),
		conn.NotifyClose(make(chan *amqp091.Error, 1)),
		s.channel.NotifyClose(make(chan *amqp091.Error, 1)),
	)
	return nil
}

func (s *session) prepare(d *Destination) error {
	if err := d.declare(s.channel, s.secrets); err != nil {
		return err
	}
	return s.channel.Confirm(false)
}

// watch takes what the library tells until it closes its channels, at the
// connection's end. One that had ended before it was asked for is closed at once.
func (s *session) watch(blocks <-chan amqp091.Blocking, conn, channel <-chan *amqp091.Error) {
	defer close(s.ended)
	for blocks != nil || conn != nil || channel != nil {
		select {
		case b, more := <-blocks:
			if blocks = only(blocks, more); more {
				s.state.block(b.Active, clean(b.Reason, s.secrets))
			}
		case err, more := <-conn:
			conn = only(conn, more)
			s.state.end(explain(libraryError(err), s.secrets))
		case err, more := <-channel:
			channel = only(channel, more)
			s.state.end(explain(libraryError(err), s.secrets))
		}
	}
}

// only returns c while there is more to come, else the channel that never says
// anything again.
func only[T any](c <-chan T, more bool) <-chan T {
	if more {
		return c
	}
	return nil
}

// libraryError keeps a nil pointer, which an orderly end gives, from becoming an
// error that is not nil.
func libraryError(err *amqp091.Error) error {
	if err == nil {
		return amqp091.ErrClosed
	}
	return err
}

func (st *state) block(blocked bool, reason string) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.blocked, st.reason = blocked, reason
	signal(st.changed)
}

// end keeps the first reason: what follows it is about the same end.
func (st *state) end(err error) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.err == nil {
		st.err = err
		close(st.over)
	}
}

// blockage returns ErrBlocked while the broker takes nothing.
func (st *state) blockage() error {
	st.mu.Lock()
	defer st.mu.Unlock()
	if !st.blocked {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrBlocked, st.reason)
}

// cause returns why the session is over, nil if it is not.
func (st *state) cause() error {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.err
}

// over reports whether nothing can be published any more. The library's own marks
// are set before watch hears of it.
func (s *session) over() bool {
	return s.state.cause() != nil || s.conn.IsClosed() || s.channel.IsClosed()
}

// drain notes which messages came back so far.
func (s *session) drain() {
	for {
		select {
		case back, more := <-s.returns:
			s.note(back, more)
		default:
			return
		}
	}
}

// note takes one return. A message that is not out can't come back: a broker that
// says otherwise shall not fill our memory.
func (s *session) note(back amqp091.Return, more bool) {
	if !more {
		s.returns = nil // closed; never says anything again
		return
	}
	l := s.refused[back.MessageId]
	if l == nil {
		if !slices.ContainsFunc(s.pending, func(p publish) bool { return p.message == back.MessageId }) {
			return
		}
		l = &loss{err: &Error{Code: int(back.ReplyCode), Reason: clean(back.ReplyText, s.secrets)}}
		s.refused[back.MessageId] = l
	}
	l.times++
}

// cameBack returns the broker's words about a message that it has just confirmed
// and could not route, nil for one that it could.
func (s *session) cameBack(message string) error {
	s.drain()
	l := s.refused[message]
	if l == nil {
		return nil
	}
	if l.times--; l.times == 0 {
		delete(s.refused, message)
	}
	return l.err
}

// probe makes a round trip. The library knows no ctx here, so that its end is the
// connection's: a broker that does not answer this does not confirm either.
func (s *session) probe(ctx context.Context, d *Destination) error {
	if err := s.state.blockage(); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, s.out.Abort)
	defer stop()
	err := d.ask(s.channel, s.secrets)
	if err == nil && len(d.exchanges()) == 0 {
		err = s.channel.Flow(true) // it flows already; it is answered
	}
	if err != nil {
		return s.ending(explain(err, s.secrets))
	}
	return nil
}

// close ends the connection in order, within a time. A broker in alarm does not
// read our close; the timer is for it, and for the library, which may push the
// deadline that CloseDeadline sets further away.
func (s *session) close(within time.Duration) {
	late := time.AfterFunc(within, s.out.Abort)
	defer late.Stop()
	_ = s.conn.CloseDeadline(time.Now().Add(within))
	s.join()
}

// drop ends the connection at once.
func (s *session) drop() {
	s.out.Abort()
	s.join()
}

// join waits for the goroutines. The library's own end with the connection, and
// close the channels that watch takes from. Its reader may still have returns to
// hand over, of which each would wait for seconds: nobody needs them now.
func (s *session) join() {
	<-s.out.done
	for {
		select {
		case <-s.ended:
			return
		case _, more := <-s.returns:
			if !more {
				s.returns = nil
			}
		}
	}
}
