package crypto

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// childEnv makes a copy of the test's process seal until it is killed.
const childEnv = "SLOGSHIP_SEALING_CHILD"

func TestMain(m *testing.M) {
	if text := os.Getenv(childEnv); text != "" {
		sealUntilKilled(text)
	}
	os.Exit(m.Run())
}

func sealUntilKilled(keyText string) {
	keys, err := ParseKeys(keyText)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	r, err := NewKeyring(keys[0])
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	s, err := Policy{Rules: []Rule{{Key: "n"}}}.Compile(r, nil)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	var sc Scratch
	for i := 0; ; i++ { // until the pipe breaks, if the kill does not come
		a, _ := s.Top().Attr(&sc, slog.Int("n", i))
		if _, err := fmt.Println(a.Value.String()); err != nil {
			os.Exit(1)
		}
	}
}

// S23, over processes: they have one key, are killed at any moment and started
// again. No pair of salt and nonce comes twice, and each value that came out
// opens.
func TestS23_NoncesOverKills(t *testing.T) {
	rounds, each := 5, 400
	if nightly() {
		rounds, each = 200, 5000
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	key := testKey(t, "k1")
	o := NewOpener(testRing(t, key), nil)
	seen := map[string]bool{}
	for range rounds {
		for i, token := range fromKilled(t, exe, key, each) {
			p, err := parse(token)
			if err != nil {
				t.Fatal(err)
			}
			if v, err := o.Open(t.Context(), token); err != nil || v.Value.Int64() != int64(i) {
				t.Fatalf("value %d: %v, %v", i, v, err)
			}
			nonce := p.head + string(p.box[:nonceSize])
			if seen[nonce] {
				t.Fatalf("a nonce comes twice: %x", nonce)
			}
			seen[nonce] = true
		}
	}
	t.Logf("repeats 0 in %d seals of %d processes that were killed", len(seen), rounds)
}

// fromKilled starts a process, reads n tokens and kills it.
func fromKilled(t *testing.T, exe string, key *Key, n int) (tokens []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), childEnv+"="+key.Text())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	for len(tokens) < n {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Errorf("after %d: %v", len(tokens), err)
			break
		}
		tokens = append(tokens, strings.TrimSuffix(line, "\n"))
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	io.Copy(io.Discard, out) // what was in the pipe
	cmd.Wait()               // killed: the error says that
	return tokens
}
