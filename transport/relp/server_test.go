package relp_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
)

// frame is a command as the stand-in for a receiver reads it, in its own way.
type frame struct {
	n       string
	command string
	data    string
}

// readFrame reads a frame as the protocol's grammar has it, and nothing looser.
func readFrame(b *bufio.Reader) (f frame, err error) {
	if f.n, err = b.ReadString(' '); err != nil {
		return f, err
	}
	f.n = strings.TrimSuffix(f.n, " ")
	if f.command, err = b.ReadString(' '); err != nil {
		return f, err
	}
	f.command = strings.TrimSuffix(f.command, " ")
	var length []byte
	var end byte
	for {
		if end, err = b.ReadByte(); err != nil {
			return f, err
		}
		if end == ' ' || end == '\n' {
			break
		}
		length = append(length, end)
	}
	size, err := strconv.Atoi(string(length))
	if err != nil || len(length) > 9 || len(f.n) > 9 || (size == 0) != (end == '\n') {
		return f, fmt.Errorf("header %q %q %q: %w", f.n, f.command, length, errFrame)
	}
	if size == 0 {
		return f, nil
	}
	data := make([]byte, size+1)
	if _, err := io.ReadFull(b, data); err != nil {
		return f, err
	}
	if data[size] != '\n' {
		return f, fmt.Errorf("%d bytes of data, then %q: %w", size, data[size], errFrame)
	}
	f.data = string(data[:size])
	return f, nil
}

var errFrame = errors.New("not a frame")

// answerTo writes a response.
func answerTo(w io.Writer, n, data string) error {
	if data == "" {
		_, err := fmt.Fprintf(w, "%s rsp 0\n", n)
		return err
	}
	_, err := fmt.Fprintf(w, "%s rsp %d %s\n", n, len(data), data)
	return err
}

// serverOffers is what rsyslog 8.2302 says.
const serverOffers = "200 OK\nrelp_version=0\nrelp_software=librelp,1.11.0,http://librelp.adiscon.com\ncommands=syslog"

// receiver is a stand-in for imrelp. Its zero value takes everything.
type receiver struct {
	t        testing.TB
	received func(message string)                        // nil: nothing is done
	answer   func(w io.Writer, f frame, count int) error // to a syslog command; nil: 200
	open     func(w io.Writer, f frame) error            // nil: serverOffers
	closed   func()                                      // a session was closed in order
}

// serve speaks to one client until it goes.
func (r *receiver) serve(c net.Conn) {
	b := bufio.NewReader(c)
	for count := 0; ; {
		f, err := readFrame(b)
		if err != nil {
			if errors.Is(err, errFrame) {
				r.t.Errorf("the receiver was sent %v", err)
			}
			return
		}
		switch f.command {
		case "open":
			err = r.opens(c, f)
		case "syslog":
			if r.received != nil {
				r.received(f.data)
			}
			err = r.answers(c, f, count)
			count++
		case "close":
			if r.closed != nil {
				r.closed()
			}
			answerTo(c, f.n, "")
			fmt.Fprint(c, "0 serverclose 0\n")
			return
		default:
			r.t.Errorf("the receiver was sent the command %q", f.command)
		}
		if err != nil {
			return
		}
	}
}

func (r *receiver) opens(w io.Writer, f frame) error {
	if !strings.Contains(f.data, "relp_version=0\n") || !strings.HasSuffix(f.data, "commands=syslog") {
		r.t.Errorf("open offers %q", f.data)
	}
	if r.open != nil {
		return r.open(w, f)
	}
	return answerTo(w, f.n, serverOffers)
}

func (r *receiver) answers(w io.Writer, f frame, count int) error {
	if r.answer != nil {
		return r.answer(w, f, count)
	}
	return answerTo(w, f.n, "200 OK")
}
