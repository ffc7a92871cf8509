package amqp

import (
	"encoding/binary"
	"errors"
	"sync/atomic"
)

var (
	// errTag: the broker confirmed what was never published.
	errTag = errors.New("a confirm for a message that was not published")
	// errLength: a frame's length is not what is in it.
	errLength = errors.New("a frame that is shorter or longer than it says")
)

// guard looks at what the broker sends before the client library does, for one
// thing: a confirm "up to and including" a number that was never published. The
// library counts up to whatever the number says, one by one with a lock held: with
// 2^63 it would do so for centuries, on a processor of its own, and nothing that
// waits for it would ever end.
//
// It follows the frames (AMQP 0-9-1 §4.2.3) by their lengths, which the library
// does not look at in methods: it reads what the method has. So a method must be as
// long as it says, where that is known here (confirms, which are what matters, and
// the least length of all others), or a confirm could hide behind a wrong one. What
// else is wrong with a frame is the library's to say.
type guard struct {
	published atomic.Uint64 // the highest number there may be a confirm for

	// What follows belongs to the library's reader.
	head [guardHead]byte
	have int    // bytes of head
	skip uint64 // bytes of the frame that are not looked at
}

const (
	frameMethod    = 1
	frameHeartbeat = 8

	guardMethod = 7 + 4           // a frame's type, channel and size, and then class and method
	guardHead   = guardMethod + 8 // and then the delivery tag
	confirmSize = 4 + 8 + 1       // what a confirm is: class and method, tag, bits
)

// check returns an error if p, which follows what was checked before, has such a
// confirm in it.
func (g *guard) check(p []byte) error {
	for len(p) > 0 {
		if g.skip > 0 {
			n := min(g.skip, uint64(len(p)))
			g.skip -= n
			p = p[n:]
			continue
		}
		n := copy(g.head[g.have:g.want()], p)
		g.have += n
		p = p[n:]
		if err := g.judge(); err != nil {
			return err
		}
		if g.have < g.want() {
			continue
		}
		// The payload and the end's byte, less what was looked at.
		g.skip, g.have = uint64(g.size())+1-uint64(g.have-7), 0
	}
	return nil
}

// want is how much of the frame has to be there to judge it.
func (g *guard) want() int {
	switch {
	case g.have < 7 || g.head[0] != frameMethod:
		return 7
	case g.have < guardMethod || !g.confirm():
		return guardMethod
	default:
		return guardHead
	}
}

func (g *guard) size() uint32 { return binary.BigEndian.Uint32(g.head[3:]) }

// confirm reports whether the method is basic.ack or basic.nack.
func (g *guard) confirm() bool {
	class, method := binary.BigEndian.Uint16(g.head[7:]), binary.BigEndian.Uint16(g.head[9:])
	return class == 60 && (method == 80 || method == 120)
}

// judge says what is wrong with the frame, as far as it has come.
func (g *guard) judge() error {
	switch {
	case g.have < 7:
		return nil
	case g.head[0] == frameHeartbeat && g.size() != 0,
		g.head[0] == frameMethod && g.size() < guardMethod-7:
		return errLength
	case g.have < guardMethod || !g.confirm():
		return nil
	case g.size() != confirmSize:
		return errLength
	case g.have == guardHead && binary.BigEndian.Uint64(g.head[11:]) > g.published.Load():
		return errTag
	}
	return nil
}
