package amqp

import (
	"encoding/binary"
	"errors"
	"sync/atomic"
)

// errTag: the broker confirmed what was never published.
var errTag = errors.New("a confirm for a message that was not published")

// guard looks at what the broker sends before the client library does, for one
// thing: a confirm "up to and including" a number that was never published. The
// library counts up to whatever the number says, one by one with a lock held: with
// 2^63 it would do so for centuries, on a processor of its own, and nothing that
// waits for it would ever end.
//
// It follows the frames (AMQP 0-9-1 §4.2.3) and judges nothing else about them;
// what is wrong with one is the library's to say.
type guard struct {
	published atomic.Uint64 // the highest number there may be a confirm for

	// What follows belongs to the library's reader.
	head [guardHead]byte
	have int    // bytes of head
	skip uint64 // bytes of the frame that are not looked at
}

// guardHead are a frame's type, channel and size, and then class, method and
// delivery tag.
const guardHead = 7 + 12

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
		if g.have < g.want() {
			continue
		}
		if err := g.judge(); err != nil {
			return err
		}
		// The payload and the end's byte, less what was looked at.
		g.skip, g.have = uint64(g.size())+1-uint64(g.have-7), 0
	}
	return nil
}

// want is how much of the frame has to be there to judge it.
func (g *guard) want() int {
	if g.have < 7 || g.head[0] != 1 || g.size() < guardHead-7 {
		return 7
	}
	return guardHead
}

func (g *guard) size() uint32 { return binary.BigEndian.Uint32(g.head[3:]) }

func (g *guard) judge() error {
	if g.have < guardHead {
		return nil
	}
	class, method := binary.BigEndian.Uint16(g.head[7:]), binary.BigEndian.Uint16(g.head[9:])
	confirm := class == 60 && (method == 80 || method == 120)
	if confirm && binary.BigEndian.Uint64(g.head[11:]) > g.published.Load() {
		return errTag
	}
	return nil
}
