package handler_test

import (
	"os"
	"os/exec"
	"regexp"
	"testing"
)

// S29: what seals, encrypts and opens works where Go refuses what FIPS 140-3 does
// not allow. (The rest of this package's tests do without cryptography.)
func TestS29_FIPSOnly(t *testing.T) {
	const inside = "SLOGSHIP_FIPS_SUITE"
	if os.Getenv(inside) != "" {
		t.Skip("this is it")
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, "-test.count=1", "-test.short", "-test.v", "-test.run=Seal|Polic|Encrypt|Plain|Segment|AtRest|S11")
	cmd.Env = append(os.Environ(), "GODEBUG=fips140=only", inside+"=1")
	out, err := cmd.CombinedOutput()
	passed := len(regexp.MustCompile(`(?m)^--- PASS`).FindAll(out, -1))
	if err != nil || passed < 5 {
		t.Errorf("%d tests passed, %v\n%s", passed, err, out)
	}
	t.Logf("S29: %d tests, failures 0", passed)
}
