package handler

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
)

// A default is never a shared temporary directory (S22), and a name can't lead
// out of its place (S21).
func TestS22_StateDir(t *testing.T) {
	shared, cases := 0, 0
	for _, c := range []struct {
		name, goos string
		env        map[string]string
		want       string
	}{
		{"svc", "linux", map[string]string{"STATE_DIRECTORY": "/var/lib/svc:/var/lib/other", "HOME": "/h"}, "/var/lib/svc"},
		{"svc", "linux", map[string]string{"XDG_STATE_HOME": "/x", "HOME": "/h"}, "/x/svc"},
		{"svc", "linux", map[string]string{"XDG_STATE_HOME": "relative", "HOME": "/h"}, "/h/.local/state/svc"},
		{"svc", "darwin", map[string]string{"HOME": "/h"}, "/h/Library/Application Support/svc"},
		{"svc", "linux", map[string]string{"TMPDIR": "/tmp"}, ""},
		{"../x", "linux", map[string]string{"HOME": "/h"}, ""},
		{"", "linux", map[string]string{"HOME": "/h"}, ""},
		{"..", "linux", map[string]string{"HOME": "/h"}, ""},
	} {
		got, err := stateDir(c.name, c.goos, func(k string) (string, bool) { v, ok := c.env[k]; return v, ok })
		if cases++; strings.HasPrefix(got, "/tmp") {
			shared++
		}
		if c.want == "" {
			if !errors.Is(err, ErrOptions) {
				t.Errorf("%+v: %q, %v", c, got, err)
			}
			continue
		}
		if err != nil || got != filepath.FromSlash(c.want) {
			t.Errorf("%+v: %q, %v", c, got, err)
		}
	}
	t.Logf("S22: %d environments, shared temporary directories %d", cases, shared)
}
