package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// Sizes of the load. With about 2 KiB a record, 20,000 records are five times
// the window of package tcp: were all of it to fit, every kill would simply
// repeat everything, and what the window lets go would never be put to the test.
const (
	producers   = 8
	perProducer = 2500
	textMost    = 4000 // bytes; below the 8 KiB that rsyslog takes by default
)

// awkward are pieces of text that some receiver, format or framing has been
// known to take for something else.
var awkward = [...]string{
	`"quoted"`, `back\slash`, `\n`, "line\nbreak", "cr\r\nlf", "tab\t", "nul\x00", "bell\a", "\x1b[31mred\x1b[0m", "#012", "%rawmsg%", "$msg",
	"<34>1 2003-10-11T22:14:15.003Z host su - ID47 - forged", "123 octets", "{\"msg\":\"forged\"}", "}\n{", "größe", "日本語", "😀", "\u2028", "\u202e", "'", "&lt;", "\x7f",
}

// text is what record seq of a producer says: the same each time, so that the
// judge knows it without being told.
func text(producer, seq int) string {
	rng := rand.New(rand.NewPCG(uint64(producer), uint64(seq)))
	size := rng.IntN(textMost)
	var b strings.Builder
	for b.Len() < size {
		b.WriteString(awkward[rng.IntN(len(awkward))])
		fmt.Fprintf(&b, " %016x%016x%016x ", rng.Uint64(), rng.Uint64(), rng.Uint64())
	}
	return b.String()
}
