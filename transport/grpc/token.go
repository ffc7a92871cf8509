package grpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/slogship/slogship/transport/httpstatus"
)

// ErrToken is wrapped by the errors about what Authorize returned or TokenFile holds.
var ErrToken = errors.New("not a token")

// maxToken bounds a token: gRPC's servers refuse headers of more than some KiB.
const maxToken = 8 << 10

// token is where the credential of a stream comes from.
type token struct {
	authorize func(context.Context) (string, error)
	file      string
}

// get returns the header's value, "" if there is none to be sent. Its errors
// hold nothing of it.
func (t *token) get(ctx context.Context) (string, error) {
	switch {
	case t.authorize != nil:
		value, err := t.authorize(ctx)
		if err != nil {
			return "", fmt.Errorf("ask for a token: %w", err)
		}
		value = strings.TrimSpace(value)
		scheme, rest, found := strings.Cut(value, " ")
		if !found { // a scheme alone is legal, and so is a bare token
			return value, checkToken(scheme)
		}
		return value, checkToken(strings.ReplaceAll(rest, " ", ""))
	case t.file != "":
		text, err := readToken(t.file)
		if err != nil {
			return "", fmt.Errorf("read a token: %w", err)
		}
		text = strings.TrimSpace(text) // an editor ends the last line
		return "Bearer " + text, checkToken(text)
	default:
		return "", nil
	}
}

// secretsOf is what of a header's value must not be shown: the word before the
// token is no secret, and an answer may repeat the token without it.
func secretsOf(value string) httpstatus.Secrets {
	_, token, found := strings.Cut(value, " ")
	if !found {
		token = value
	}
	return httpstatus.NewSecrets(token)
}

func checkToken(text string) error {
	switch {
	case text == "":
		return fmt.Errorf("empty: %w", ErrToken)
	case len(text) > maxToken:
		return fmt.Errorf("more than %d bytes: %w", maxToken, ErrToken)
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }):
		return fmt.Errorf("it has spaces, control characters or more than ASCII: %w", ErrToken)
	}
	return nil
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
