package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each place has what its policy says, and what was sealed with both keys opens.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	var out bytes.Buffer
	if err := run(t.Context(), dir, &out); err != nil {
		t.Fatal(err)
	}
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	audit, saas := read("audit.json"), read("saas.json")
	console, rest, _ := strings.Cut(out.String(), "what the third party has")
	for _, secret := range []string{"Lovelace", "DE02120300000000202051", "f3c1"} {
		if strings.Count(audit, secret) != 2 || strings.Contains(saas, secret) || strings.Contains(console, secret) {
			t.Errorf("%s: in the audit file %d times, in saas %v, on the console %v", secret,
				strings.Count(audit, secret), strings.Contains(saas, secret), strings.Contains(console, secret))
		}
	}
	if strings.Contains(audit+saas+console, "under every policy") {
		t.Error("a crypto.Secret was plain somewhere")
	}
	if !strings.Contains(saas, "slogseal1.2026-10.") || !strings.Contains(saas, "slogseal1.2026-11.") {
		t.Error("not both keys were used")
	}
	if !strings.HasSuffix(rest, "opened 8, failed 0\n") {
		t.Errorf("ended in %q", rest[max(0, len(rest)-60):])
	}
}
