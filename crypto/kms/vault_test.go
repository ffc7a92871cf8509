package kms_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestVault runs a real Vault in dev mode, where one is installed.
func TestVault(t *testing.T) {
	path, err := exec.LookPath("vault")
	if err != nil {
		t.Skip("no vault in PATH")
	}
	addr := "http://" + startVault(t, path)
	vaultPost(t, addr, "/v1/sys/mounts/transit", `{"type":"transit"}`)
	vaultPost(t, addr, "/v1/transit/keys/logs", `{"type":"aes256-gcm96"}`)
	one, other := vaultKeeper(t, addr), vaultKeeper(t, addr)
	defer one.Close()
	defer other.Close()
	roundTrip(t, one, other)
	wrapped, err := one.Wrap(t.Context(), make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	// The key-encryption key is rotated: what the old version wrapped stays to open.
	vaultPost(t, addr, "/v1/transit/keys/logs/rotate", `{}`)
	if _, err := other.Unwrap(t.Context(), wrapped); err != nil {
		t.Errorf("after a rotation: %v", err)
	}
	newer, err := one.Wrap(t.Context(), make([]byte, 32))
	if err != nil || !strings.HasPrefix(string(newer), "vault:v2:") {
		t.Errorf("wrapped by the new version: %q, %v", newer, err)
	}
	if _, err := other.Unwrap(t.Context(), append(wrapped[:len(wrapped)-1:len(wrapped)-1], 'x')); err == nil {
		t.Error("a changed one is unwrapped")
	}
}

// startVault returns the address of a Vault that ends with the test.
func startVault(t *testing.T, path string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String() // free again in a moment; Vault takes no listener
	l.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, path, "server", "-dev", "-dev-root-token-id=root", "-dev-no-store-token", "-dev-listen-address="+addr)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		cmd.Wait() // killed: the error says that
		if t.Failed() {
			t.Log(out.String())
		}
	})
	for range 300 {
		r, err := http.Get("http://" + addr + "/v1/sys/health")
		if err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return addr
			}
		}
		time.Sleep(100 * time.Millisecond) // until a process that tells nobody is up
	}
	t.Fatal("vault does not come up")
	return ""
}

func vaultPost(t *testing.T, addr, path, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, addr+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Vault-Token", "root")
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode >= 300 {
		text, _ := io.ReadAll(r.Body)
		t.Fatalf("%s: %s %s", path, r.Status, text)
	}
}
