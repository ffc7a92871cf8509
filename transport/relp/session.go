package relp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/slogship/slogship/internal/ackconn"
)

// offers is what we can do, said when a session is opened. librelp speaks
// version 0, and so does every other implementation.
const offers = "relp_version=0\nrelp_software=slogship,0,https://github.com/slogship/slogship\ncommands=syslog"

var (
	errOpen        = errors.New("the receiver does not open a session")
	errNoSyslog    = errors.New("the receiver has no command syslog")
	errServerClose = errors.New("the receiver closes the session")
)

// session is one connection with the numbers of its commands.
type session struct {
	*ackconn.Conn
	answers answers
	last    txnr // of the last command
}

// open is RELP's own handshake.
func (s *session) open() error {
	s.last = s.last.next()
	if _, err := s.Write(appendCommand(nil, s.last, "open", offers)); err != nil {
		return err
	}
	a, err := s.read()
	switch {
	case err != nil:
		return err
	case a.n != s.last:
		return fmt.Errorf("the answer to open has another number: %w", errProtocol)
	case a.code != codeOK:
		return fmt.Errorf("code %d: %w", a.code, errOpen)
	case !hasSyslog(a.data):
		return errNoSyslog
	}
	return nil
}

// hasSyslog looks for the one command that we need. A receiver that names no
// commands at all is given the chance to show that it has it.
func hasSyslog(offers []byte) bool {
	for line := range bytes.Lines(offers) {
		name, value, _ := strings.Cut(strings.TrimRight(string(line), "\n"), "=")
		if name != "commands" {
			continue
		}
		for command := range strings.SplitSeq(value, ",") {
			if command == "syslog" {
				return true
			}
		}
		return false
	}
	return true
}

// read reads the next answer. The receiver's only command, serverclose, is an
// error: nothing that is unanswered will be answered.
func (s *session) read() (answer, error) {
	a, err := s.answers.read()
	if err == nil && a.command == "serverclose" {
		err = errServerClose
	}
	return a, err
}

// close ends the session in order, within a time. There is nothing that is
// unanswered, so what goes wrong here concerns nobody.
func (s *session) close(within time.Duration) {
	defer s.Goodbye()
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	defer s.Begin(ctx)()
	s.last = s.last.next()
	if _, err := s.Write(appendCommand(nil, s.last, "close", "")); err != nil {
		return
	}
	for {
		if a, err := s.read(); err != nil || a.n == s.last {
			return
		}
	}
}
