package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/route/config"
)

// Whatever stands in a file: no panic, an answer soon, and errors that have a
// place, a kind, and nothing of what references stand for.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/broken/*.[yj]*")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range append(files, "testdata/issue.yaml", "testdata/full.yaml") {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	// Every variable has a value, and it is a secret.
	secret := func(string) (string, bool) { return canary, true }
	f.Fuzz(func(t *testing.T, text []byte) {
		if strings.Contains(string(text), "s3cr3t") || strings.Contains(string(text), "file:") {
			return // a file may say what is in it where it is no secret; and none of this machine is to be read
		}
		begin := time.Now()
		c, err := config.Parse("f", text, &config.Options{Schemes: schemes(), Lookup: secret})
		if err == nil {
			for _, env := range append(c.Environments(), "any") {
				if _, err = c.Routes(env); err != nil {
					break
				}
			}
		}
		if took := time.Since(begin); took > 20*time.Second {
			t.Errorf("%v for %d bytes", took, len(text))
		}
		if err == nil {
			return
		}
		for _, e := range err.(config.Errors) {
			if strings.Contains(e.Error(), "s3cr3t") {
				t.Errorf("it shows a secret: %v", e)
			}
			if strings.ContainsAny(e.Error(), "\n\r\x1b") || e.File != "f" || e.Err == nil {
				t.Errorf("%#v", e)
			}
		}
	})
}
