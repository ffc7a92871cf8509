package main

import (
	"bytes"
	"context"
	"encoding/json"
	"math/rand/v2"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
)

// destination is one row of the table: a server, and how records get there.
type destination struct {
	name  string
	setup setup
	to    func(at place) transport.Destination
	kills bool          // the server is killed on the way
	each  int           // records of one producer. Default perProducer
	apart int           // new records between two kills, at least. Default recordsApart
	pause time.Duration // after each record of a producer

	// check compares what the server made of a record (entry.Fields) with what
	// it should be. nil: only ID and text are compared.
	check func(*entry) error

	// unordered: the server keeps no order of what it takes, so the order in
	// which it gives its records back says nothing.
	unordered bool

	// behind: the server reads what the destination has stored, so that no Send
	// waits for it: each kill counts, and what it has is known once it is quiet.
	behind bool

	// once: the server refuses a record that it has, so one duplicate is a fault.
	once bool

	// batch is the most records that one kill makes arrive twice: those that one
	// Send has without an answer. 0: nobody counts.
	batch int

	// try is played instead of kills of one server, by a row that has several.
	try func(ctx context.Context, d *destination, dir string, rng *rand.Rand, out *outcome)

	// scenes are played after that, each on a server of its own.
	scenes []scene
}

// The usual pauses keep the producers well below what the servers take, and
// UDP below what its socket buffer bridges.
const pause, pauseUDP = time.Millisecond, 2 * time.Millisecond

// indented writes JSON over many lines, so that octet-counted framing has line
// breaks to carry. A receiver that split at them would show it at once.
type indented struct{}

func (indented) AppendRecord(dst []byte, rec *encode.Record) ([]byte, error) {
	line, err := encode.JSONLines{}.AppendRecord(nil, rec)
	if err != nil {
		return dst, err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, line, "", "\t"); err != nil {
		return dst, err
	}
	return append(dst, b.Bytes()...), nil
}

func (indented) ContentType() string { return "application/json" }
