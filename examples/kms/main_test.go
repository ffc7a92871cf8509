package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/slogship/slogship/crypto"
	"github.com/slogship/slogship/crypto/kms"
)

func TestKMS(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), localKey, &out); err != nil {
		t.Fatal(err)
	}
	logged, opened, ok := strings.Cut(out.String(), "opened: ")
	if !ok || !strings.Contains(logged, `"iban":"`+crypto.Prefix+keyName+".") || strings.Contains(logged, "DE02") {
		t.Errorf("logged %s", logged)
	}
	if !strings.Contains(opened, `"customer":{"iban":"DE02120300000000202051","email":"****@example.com"}`) {
		t.Errorf("opened %s", opened)
	}
	if err := run(t.Context(), "nokms://x", &out); !errors.Is(err, kms.ErrURL) {
		t.Errorf("a service that is none: %v", err)
	}
}
