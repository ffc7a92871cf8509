package relp

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/slogship/slogship/transport"
)

// What a receiver says is read in bounded memory, and what was read can be
// written again: a frame has one meaning.
func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{
		"1 rsp 6 200 OK\n", "2 rsp 0\n", "2 rsp 0 \n", "0 serverclose 0\n", "3 rsp 3 500\n", "1 rsp 13 200 OK\na=b\nc\n2 rsp 3 200\n",
		"999999999 rsp 6 200 OK\n", "9999999999 rsp 6 200 OK\n", "1 rsp 9999 200", "1 rsp", "\n", "1 rsp 6 200 OKx",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		r := answers{in: bufio.NewReader(bytes.NewReader(said))}
		for {
			a, err := r.read()
			if len(r.data) > maxAnswer {
				t.Fatalf("%d bytes are kept", len(r.data))
			}
			if err != nil {
				if !errors.Is(err, errProtocol) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Fatalf("an error of no kind that is known: %v", err)
				}
				return
			}
			again := answers{in: bufio.NewReader(bytes.NewReader(appendCommand(nil, a.n, a.command, string(r.data))))}
			b, err := again.read()
			if err != nil || b.n != a.n || b.command != a.command || b.code != a.code || !bytes.Equal(b.data, a.data) {
				t.Fatalf("read %+v, written and read again %+v, %v", a, b, err)
			}
		}
	})
}

// A hostile receiver can make a Send fail, and no more: answers are given to
// records that were sent, each once.
func FuzzMatch(f *testing.F) {
	f.Add(uint32(1), uint32(1), uint32(2), 200)
	f.Add(uint32(maxTxnr-1), uint32(maxTxnr), uint32(1), 500)
	f.Add(uint32(5), uint32(5), uint32(5), 200)
	f.Fuzz(func(t *testing.T, first, a, b uint32, code int) {
		fl := flight{answers: transport.AnswersFor(3), first: txnr(first%maxTxnr + 1), sent: []int{0, 1, 2}, waiting: 3}
		accepted := 0
		for _, n := range []uint32{a, b} {
			if fl.match(answer{n: txnr(n), code: code}) == nil {
				accepted++
			}
		}
		if fl.waiting != 3-accepted || a == b && accepted == 2 {
			t.Fatalf("%d answers were taken, %d records wait", accepted, fl.waiting)
		}
	})
}

// The numbers go round.
func TestTxnr(t *testing.T) {
	for _, c := range []struct {
		first, n txnr
		want     int
	}{{1, 1, 0}, {1, 2, 1}, {maxTxnr, 1, 1}, {maxTxnr, maxTxnr, 0}, {maxTxnr - 1, 2, 3}, {5, 4, maxTxnr - 1}} {
		if got := c.n.since(c.first); got != c.want {
			t.Errorf("%d since %d: %d, want %d", c.n, c.first, got, c.want)
		}
	}
	for _, n := range []txnr{0, maxTxnr + 1} {
		if n.since(1) < maxTxnr {
			t.Errorf("%d is a number that can be sent", n)
		}
	}
	if n := txnr(maxTxnr).next(); n != 1 {
		t.Errorf("behind the last number comes %d", n)
	}
}
