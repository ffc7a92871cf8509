package codec

import "errors"

// Limits of one record. What lies beyond is cut and counted in the attribute
// named [Truncated].
const (
	Limit    = 1 << 20 // bytes of a payload, the buffer's largest record
	MaxAttrs = 1024    // attributes, groups among them
	MaxDepth = 64      // groups and lists around a value
)

// Truncated is the key of the attribute that says how many things were cut or
// left out of a record.
const Truncated = "!TRUNCATED"

// ErrCorrupt says that a payload is not what this package writes. It will be
// the same on every attempt.
var ErrCorrupt = errors.New("codec: corrupt payload")

// ErrVersion says that a payload was written by a newer version of this
// package. It should be kept, not thrown away: a newer process can read it.
var ErrVersion = errors.New("codec: unknown payload version")

// Versions of the format. A new one is written no earlier than one minor
// release after the release that reads it, so that a roll-back loses nothing.
const (
	version       = 1 // what is written
	oldestVersion = 1 // the oldest that is read
)

// Bounds of parts of a record. They are not in the exported list since they
// are far from what a sane record holds.
const (
	maxNodes      = 1 << 14  // list elements, and values looked at in one AppendAttr
	maxCauses     = 16       // causes of one error, at any depth
	maxCauseDepth = 8        // causes of causes
	maxFrames     = 64       // frames of one stack
	maxName       = 1 << 10  // bytes of a key, scope, type, function or file name
	smallText     = 1 << 10  // bytes of a text that may use the last of the room
	bulkReserve   = 64 << 10 // room that larger texts leave for what follows
)

// A piece (an attribute, a list element, a cause, a frame) is begun only while
// the payload is at most softLimit long. No piece runs further over it than
// two names and a few numbers, so that the payload ends below Limit whatever
// comes. Texts longer than smallText end at bulkLimit: one giant value does
// not push out the small attributes behind it.
const (
	softLimit = Limit - 4<<10
	bulkLimit = softLimit - bulkReserve
)

// Bits of the header's flags byte: which optional fields follow.
const (
	hasTrace  = 1 << 0
	hasScope  = 1 << 1
	hasSource = 1 << 2
	hasStack  = 1 << 3
	allFlags  = hasTrace | hasScope | hasSource | hasStack
)

// Forms of a time.
const (
	timeZero = 0 // the zero time, nothing follows
	timeNear = 1 // nanoseconds since 1970 in 64 bits, zone offset
	timeFar  = 2 // seconds since 1970, nanoseconds, zone offset
	timeSame = 3 // in the header: observed when it was logged
)

// Kinds of an entry or value. Persisted: literals, and 0 is invalid.
const (
	kindString   = 1
	kindInt64    = 2
	kindUint64   = 3
	kindFloat64  = 4
	kindFalse    = 5
	kindTrue     = 6
	kindDuration = 7
	kindTime     = 8
	kindNil      = 9
	kindBytes    = 10
	kindJSON     = 11
	kindError    = 12
	kindList     = 13
	kindGroup    = 14 // entries follow, up to kindEnd
	kindEnd      = 15 // closes the innermost group
	kindCut      = 16 // so many things were cut here
	kindPad      = 17 // nothing, of a given length
)

// cutSize is the length of a kindCut entry: kind and a 32-bit count. The count
// has a fixed width so that the last one can be raised in place.
const cutSize = 5

// padHead is what a kindPad entry takes besides its filling.
const padHead = 3

// cutMark ends a text that was cut.
const cutMark = "…!TRUNCATED"
