package encode_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/slogship/slogship/encode"
)

func lookup(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	}
}

func TestWantColorEnvironment(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	tests := []struct {
		env  map[string]string
		want bool
	}{
		{nil, false},
		{map[string]string{"FORCE_COLOR": "1"}, true},
		{map[string]string{"FORCE_COLOR": "0"}, false},
		{map[string]string{"FORCE_COLOR": ""}, false},
		{map[string]string{"CLICOLOR_FORCE": "1"}, true},
		{map[string]string{"FORCE_COLOR": "1", "TERM": "dumb"}, true},
		{map[string]string{"FORCE_COLOR": "1", "NO_COLOR": "1"}, false},
		{map[string]string{"FORCE_COLOR": "1", "NO_COLOR": ""}, true},
		{map[string]string{"TERM": "xterm"}, false},
	}
	for _, tt := range tests {
		if got := encode.WantColor(file, lookup(tt.env)); got != tt.want {
			t.Errorf("%v: %t", tt.env, got)
		}
	}
	if encode.WantColor(file, nil) || encode.WantColor(new(bytes.Buffer), nil) {
		t.Error("a file or a buffer is no terminal")
	}
	file.Close()
	if encode.WantColor(file, nil) {
		t.Error("a closed file is no terminal")
	}
}
