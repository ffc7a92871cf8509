package encode_test

import (
	"os"
	"testing"

	"github.com/slogship/slogship/encode"
)

// A pseudo terminal's own end answers as a terminal does.
func TestWantColorTerminal(t *testing.T) {
	tty, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no pseudo terminal here:", err)
	}
	defer tty.Close()
	if !encode.WantColor(tty, nil) {
		t.Error("no colour on a terminal")
	}
	if encode.WantColor(tty, lookup(map[string]string{"NO_COLOR": "1"})) {
		t.Error("colour in spite of NO_COLOR")
	}
	if encode.WantColor(tty, lookup(map[string]string{"TERM": "dumb"})) {
		t.Error("colour on a dumb terminal")
	}
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if encode.WantColor(null, nil) {
		t.Error("the null device is no terminal")
	}
}
