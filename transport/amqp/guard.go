package amqp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
)

var (
	// errTag: the broker confirmed what was never published.
	errTag = errors.New("a confirm for a message that was not published")
	// errLength: a frame's length is not what is in it.
	errLength = errors.New("a frame that is shorter or longer than it says")
	// errMethod: nothing that a broker says to who only publishes.
	errMethod = errors.New("a method that no broker sends to a publisher")
)

// guard looks at what the broker sends before the client library does, for one
// thing: a confirm "up to and including" a number that was never published. The
// library counts up to whatever the number says, one by one with a lock held: with
// 2^63 it would do so for centuries, on a processor of its own, and nothing that
// waits for it would ever end.
//
// It follows the frames (AMQP 0-9-1 §4.2.3) by their lengths, which the library
// does not look at in methods: it reads the fields that the method has, and where
// they end the frame ends. So the fields must end where the length says, or what
// the one takes for the inside of a frame is a confirm for the other. Frames of
// other types are read by their length by the library, too, and what else is wrong
// with a frame is its to say.
type guard struct {
	published atomic.Uint64 // the highest number there may be a confirm for

	// What follows belongs to the library's reader.
	head   [guardHead]byte
	have   int    // bytes of head
	method uint32 // class and method, while its fields are read
	fields string // of methods: those that are to come
	left   uint64 // bytes of the frame's payload that are to come
	skip   uint64 // bytes that are not looked at
	inside bool   // the frame's head has been judged
}

const (
	frameMethod    = 1
	frameHeartbeat = 8

	frameHead = 7 // type, channel and size
	guardHead = 8 // the most that is looked at together: a delivery tag

	basicAck  = 60<<16 | 80
	basicNack = 60<<16 | 120
)

// fieldsOf returns what a method of a broker's consists of: digits are fields of so
// many bytes (bits that follow each other are one byte), s is a short string, l a
// long one or a table, t a delivery tag (AMQP 0-9-1 §1.3 of the reference, and
// RabbitMQ's extensions). Methods that only consumers and transactions hear of are
// not among them.
func fieldsOf(method uint32) (fields string, known bool) {
	switch method {
	case 10<<16 | 10: // connection.start
		return "11lll", true
	case 10<<16 | 20, 20<<16 | 11: // connection.secure, channel.open-ok
		return "l", true
	case 10<<16 | 30: // connection.tune
		return "242", true
	case 10<<16 | 41, 10<<16 | 60: // connection.open-ok, connection.blocked
		return "s", true
	case 10<<16 | 50, 20<<16 | 40: // connection.close, channel.close
		return "2s22", true
	case 10<<16 | 51, 10<<16 | 61, 10<<16 | 71, // connection.close-ok, .unblocked, .update-secret-ok
		20<<16 | 41, 85<<16 | 11, // channel.close-ok, confirm.select-ok
		40<<16 | 11, 40<<16 | 21, 40<<16 | 31, 40<<16 | 51, // exchange.declare-ok, .delete-ok, .bind-ok, .unbind-ok
		50<<16 | 21, 50<<16 | 51: // queue.bind-ok, .unbind-ok
		return "", true
	case 20<<16 | 20, 20<<16 | 21: // channel.flow, .flow-ok
		return "1", true
	case 50<<16 | 11: // queue.declare-ok
		return "s44", true
	case 50<<16 | 31, 50<<16 | 41: // queue.purge-ok, .delete-ok
		return "4", true
	case 60<<16 | 50: // basic.return
		return "2sss", true
	case basicAck, basicNack:
		return "t1", true
	}
	return "", false
}

// check returns an error if p, which follows what was checked before, has such a
// confirm in it, or what one could hide behind.
func (g *guard) check(p []byte) error {
	for len(p) > 0 {
		if g.skip > 0 {
			n := min(g.skip, uint64(len(p)))
			g.skip -= n
			p = p[n:]
			continue
		}
		want := g.want()
		n := copy(g.head[g.have:want], p)
		g.have += n
		p = p[n:]
		if g.have < want {
			return nil
		}
		g.have = 0
		if err := g.judge(); err != nil {
			return err
		}
	}
	return nil
}

// want is how many bytes have to be there for the next look.
func (g *guard) want() int {
	switch {
	case !g.inside:
		return frameHead
	case g.method == 0:
		return 4
	}
	switch g.fields[0] {
	case 's':
		return 1
	case 'l':
		return 4
	default: // t: those without a meaning here were skipped
		return 8
	}
}

// judge looks at what want asked for, and goes on to the next look.
func (g *guard) judge() error {
	if !g.inside {
		return g.begin()
	}
	n := uint64(g.want())
	if n > g.left {
		return errLength
	}
	g.left -= n
	if g.method == 0 {
		g.method = binary.BigEndian.Uint32(g.head[:])
		fields, known := fieldsOf(g.method)
		if !known {
			return fmt.Errorf("%w: %d.%d", errMethod, g.method>>16, g.method&0xFFFF)
		}
		g.fields = fields
		return g.next()
	}
	var follows uint64
	switch g.fields[0] {
	case 's':
		follows = uint64(g.head[0])
	case 'l':
		follows = uint64(binary.BigEndian.Uint32(g.head[:]))
	default:
		if binary.BigEndian.Uint64(g.head[:]) > g.published.Load() {
			return errTag
		}
	}
	g.fields = g.fields[1:]
	if err := g.pass(follows); err != nil {
		return err
	}
	return g.next()
}

// begin judges a frame's head.
func (g *guard) begin() error {
	size := uint64(binary.BigEndian.Uint32(g.head[3:]))
	switch {
	case g.head[0] == frameHeartbeat && size != 0:
		return errLength
	case g.head[0] != frameMethod:
		g.skip = size + 1 // and the byte that ends it
		return nil
	case size < 4:
		return errLength
	}
	g.inside, g.method, g.fields, g.left = true, 0, "", size
	return nil
}

// pass goes over n bytes of the payload.
func (g *guard) pass(n uint64) error {
	if n > g.left {
		return errLength
	}
	g.left -= n
	g.skip += n
	return nil
}

// next goes over the fields that are not looked at, and over the frame's end where
// those were the last.
func (g *guard) next() error {
	for len(g.fields) > 0 && g.fields[0] >= '1' && g.fields[0] <= '8' {
		if err := g.pass(uint64(g.fields[0] - '0')); err != nil {
			return err
		}
		g.fields = g.fields[1:]
	}
	if len(g.fields) > 0 {
		return nil
	}
	if g.left > 0 {
		return errLength
	}
	g.inside = false
	g.skip++
	return nil
}
