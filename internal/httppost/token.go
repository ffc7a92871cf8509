package httppost

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
)

// maxToken bounds what is read of a token's file; a JWT with many claims takes
// a few KiB.
const maxToken = 64 << 10

// ErrToken is wrapped by the errors about TokenFile's contents.
var ErrToken = errors.New("not a token")

// tokenFile is a credential that follows its file. It reads the file for each
// request: some 10 µs, which a batch does not notice, and no rule about times
// and sizes that a file replaced within its clock's step would slip through.
type tokenFile struct {
	path string
	what string // for errors: the adapter and its field

	mu       sync.Mutex
	last     string // guarded by mu; the last good contents
	rejected bool   // guarded by mu; the server has answered 401 to last
}

// get returns the token. While the file is missing or empty, as it may be in the
// midst of a rotation, the last one serves on, until the server refuses it: then
// the file is what is wrong, and the error says so.
func (f *tokenFile) get() (string, error) {
	token, err := f.read()
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case err == nil:
		f.rejected = f.rejected && token == f.last
		f.last = token
		return token, nil
	case f.last != "" && !f.rejected:
		return f.last, nil
	default:
		return "", err
	}
}

// reject notes a 401 for token.
func (f *tokenFile) reject(token string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rejected = f.rejected || token == f.last
}

// read returns the file's contents without the white space around them: an
// editor ends the last line. Its errors hold the path and nothing of the
// contents, of which a wrong path could have anything: a private key, say.
func (f *tokenFile) read() (string, error) {
	// Stat before Open: opening a named pipe would wait for its writer.
	info, err := os.Stat(f.path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", f.what, err)
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s %q: not a regular file: %w", f.what, f.path, ErrToken)
	}
	file, err := os.Open(f.path)
	if err != nil {
		return "", fmt.Errorf("%s: %w", f.what, err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxToken+1))
	if err != nil {
		return "", fmt.Errorf("%s: %w", f.what, err)
	}
	// The whole file was asked for, and a byte more: a token that is cut at the
	// bound would be sent, and answered with 401, which says nothing of the reason.
	token := strings.TrimSpace(string(data))
	switch {
	case len(data) > maxToken:
		return "", fmt.Errorf("%s %q: more than %d bytes: %w", f.what, f.path, maxToken, ErrToken)
	case token == "":
		return "", fmt.Errorf("%s %q: empty: %w", f.what, f.path, ErrToken)
	case !validHeaderValue(token):
		return "", fmt.Errorf("%s %q: it has control characters: %w", f.what, f.path, ErrToken)
	}
	return token, nil
}
