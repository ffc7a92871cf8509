package encode

import (
	"io"
	"log/slog"
	"syscall"
)

// SGR sequences (ECMA-48 §8.3.117) that every terminal of the last thirty years
// knows: the eight colours, which follow the user's theme, bold and dim.
const (
	sgrOff = "\x1b[0m"
	sgrDim = "\x1b[2m"
)

// levelColor returns the colour of the level that covers l.
func levelColor(l slog.Level) string {
	return [LevelCount]string{
		"\x1b[2m",    // TRACE: dim
		"\x1b[34m",   // DEBUG: blue
		"\x1b[32m",   // INFO: green
		"\x1b[36m",   // NOTICE: cyan
		"\x1b[33m",   // WARN: yellow
		"\x1b[31m",   // ERROR: red
		"\x1b[1;31m", // FATAL: bold red
	}[LevelIndex(l)]
}

// WantColor reports whether text written to w should be coloured, for
// [Text].Color. lookup is [os.LookupEnv]; nil is an empty environment. In this
// order:
//
//   - NO_COLOR set and not empty: no (https://no-color.org)
//   - FORCE_COLOR or CLICOLOR_FORCE set and neither empty nor "0": yes
//   - TERM=dumb: no
//   - else whether w is a terminal: an *os.File, or another syscall.Conn, whose
//     descriptor is one
//
// On Windows it switches the console to understand the sequences, and the
// answer is no where that fails.
func WantColor(w io.Writer, lookup func(string) (string, bool)) bool {
	env := func(name string) string {
		if lookup == nil {
			return ""
		}
		value, _ := lookup(name)
		return value
	}
	switch {
	case env("NO_COLOR") != "":
		return false
	case forced(env("FORCE_COLOR")), forced(env("CLICOLOR_FORCE")):
		return true
	case env("TERM") == "dumb":
		return false
	}
	return isTerminal(w)
}

func forced(value string) bool { return value != "" && value != "0" }

// isTerminal asks the descriptor through syscall.Conn: os.File.Fd would switch
// the file to blocking mode.
func isTerminal(w io.Writer) (yes bool) {
	file, ok := w.(syscall.Conn)
	if !ok {
		return false
	}
	conn, err := file.SyscallConn()
	if err != nil {
		return false
	}
	err = conn.Control(func(fd uintptr) { yes = terminalFD(fd) })
	return yes && err == nil
}
