package relp

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
)

// A frame is
//
//	TXNR SP COMMAND SP DATALEN [SP DATA] LF
//
// with up to nine digits for the numbers. The receiver answers each command with
// a frame of the same number, the command "rsp", and data that begins with a
// code of three digits.
const (
	maxTxnr    = 999_999_999 // behind it comes 1; 0 is the receiver's own
	maxLen     = 999_999_999
	maxDigits  = 9
	maxCommand = 32
	// maxAnswer bounds the data of an answer. Real ones have tens of bytes.
	maxAnswer = 8 << 10
	// maxHeader is the most that a header takes, for the room before a record.
	maxHeader = maxDigits + 1 + len("syslog") + 1 + maxDigits + 1
)

// Codes of answers, as librelp gives them.
const (
	codeOK      = 200
	codeRefused = 500
)

// errProtocol is wrapped by what is wrong with a receiver's frames. The frame
// itself is in no error: a hostile receiver could put anything there.
var errProtocol = errors.New("not RELP")

// txnr numbers the commands of a connection.
type txnr uint32

// next is the number behind n.
func (n txnr) next() txnr { return n%maxTxnr + 1 }

// since is how many commands n was sent after first: 0 for first itself. It is
// huge if n was not sent after it.
func (n txnr) since(first txnr) int {
	if n == 0 || n > maxTxnr {
		return math.MaxInt
	}
	return int((uint64(n) + maxTxnr - uint64(first)) % maxTxnr)
}

// appendCommand appends a whole frame.
func appendCommand(dst []byte, n txnr, command, data string) []byte {
	dst = appendHeader(dst, n, command, len(data))
	if data != "" {
		dst = append(append(dst, ' '), data...)
	}
	return append(dst, '\n')
}

func appendHeader(dst []byte, n txnr, command string, length int) []byte {
	dst = strconv.AppendUint(dst, uint64(n), 10)
	dst = append(append(append(dst, ' '), command...), ' ')
	return strconv.AppendInt(dst, int64(length), 10)
}

// answer is a frame of the receiver's.
type answer struct {
	n       txnr
	command string // "rsp" or "serverclose"
	code    int    // of a rsp; 0 if it has no data, as that of close
	data    []byte // behind the code; valid until the next is read
}

// answers reads what a receiver says, in bounded memory.
type answers struct {
	in   *bufio.Reader
	data []byte // reused
}

// read reads the next frame. Errors are those of the connection, or errProtocol.
func (r *answers) read() (a answer, err error) {
	n, _, err := r.number(' ')
	if err != nil {
		return a, err
	}
	if a.command, err = r.command(); err != nil {
		return a, err
	}
	length, end, err := r.number(' ', '\n')
	if err != nil {
		return a, err
	}
	if length > maxAnswer || length > 0 && end == '\n' {
		return a, fmt.Errorf("an answer of %d bytes: %w", length, errProtocol)
	}
	if err := r.body(length, end); err != nil {
		return a, err
	}
	a.n = txnr(n)
	if a.command == "rsp" && length > 0 {
		a.code, a.data, err = parseCode(r.data)
	}
	return a, err
}

// body reads the data and the line feed behind it.
func (r *answers) body(length int, end byte) error {
	r.data = append(r.data[:0], make([]byte, length)...)
	if end == '\n' {
		return nil
	}
	if _, err := io.ReadFull(r.in, r.data); err != nil {
		return err
	}
	return r.expect('\n')
}

func (r *answers) expect(want byte) error {
	c, err := r.in.ReadByte()
	if err == nil && c != want {
		err = fmt.Errorf("a frame without its end: %w", errProtocol)
	}
	return err
}

// number reads digits and one of the ends.
func (r *answers) number(ends ...byte) (value int, end byte, err error) {
	for digits := 0; ; digits++ {
		c, err := r.in.ReadByte()
		if err != nil {
			return 0, 0, err
		}
		if c >= '0' && c <= '9' && digits < maxDigits {
			value = 10*value + int(c-'0')
			continue
		}
		for _, end := range ends {
			if c == end && digits > 0 {
				return value, c, nil
			}
		}
		return 0, 0, fmt.Errorf("a frame without a number: %w", errProtocol)
	}
}

// command reads the name of a command and the space behind it.
func (r *answers) command() (string, error) {
	var name [maxCommand]byte
	for i := range name {
		c, err := r.in.ReadByte()
		if err != nil {
			return "", err
		}
		if c != ' ' {
			name[i] = c
			continue
		}
		switch string(name[:i]) { // a constant is returned: nothing is allocated
		case "rsp":
			return "rsp", nil
		case "serverclose":
			return "serverclose", nil
		}
		break
	}
	return "", fmt.Errorf("a frame without a command that is known: %w", errProtocol)
}

// parseCode splits the data of a rsp: three digits, then a space, a line feed
// or the end.
func parseCode(data []byte) (code int, rest []byte, err error) {
	const digits = 3
	if len(data) < digits || len(data) > digits && data[digits] != ' ' && data[digits] != '\n' {
		return 0, nil, fmt.Errorf("an answer without a code: %w", errProtocol)
	}
	for _, c := range data[:digits] {
		if c < '0' || c > '9' {
			return 0, nil, fmt.Errorf("an answer without a code: %w", errProtocol)
		}
		code = 10*code + int(c-'0')
	}
	return code, data[digits:], nil
}
