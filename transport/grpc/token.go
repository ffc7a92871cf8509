package grpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// ErrToken is wrapped by the errors about what Token returned or TokenFile holds.
var ErrToken = errors.New("not a token")

// maxToken bounds a token: gRPC's servers refuse headers of more than some KiB.
const maxToken = 8 << 10

// token is where the credential of a stream comes from.
type token struct {
	call func(context.Context) (string, error)
	file string
}

// get returns the token, "" if there is none to be sent. Its errors hold nothing
// of it.
func (t *token) get(ctx context.Context) (text string, err error) {
	switch {
	case t.call != nil:
		if text, err = t.call(ctx); err != nil {
			return "", fmt.Errorf("ask for a token: %w", err)
		}
	case t.file != "":
		if text, err = readToken(t.file); err != nil {
			return "", fmt.Errorf("read a token: %w", err)
		}
	default:
		return "", nil
	}
	text = strings.TrimSpace(text) // an editor ends the last line
	switch {
	case text == "":
		return "", fmt.Errorf("empty: %w", ErrToken)
	case len(text) > maxToken:
		return "", fmt.Errorf("more than %d bytes: %w", maxToken, ErrToken)
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }):
		return "", fmt.Errorf("it has spaces, control characters or more than ASCII: %w", ErrToken)
	}
	return text, nil
}

func readToken(path string) (string, error) {
	// Stat before Open: opening a named pipe would wait for its writer.
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%q: not a regular file: %w", path, ErrToken)
	}
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxToken+2))
	return string(data), err
}
