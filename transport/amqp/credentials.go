package amqp

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/slogship/slogship/transport/httpstatus"
)

// maxPassword bounds what is read of a file; a token with many claims takes a
// few KiB.
const maxPassword = 64 << 10

// login returns how to log in on the next connection, and what must not be shown
// of it.
func (d *Destination) login(ctx context.Context) (amqp091.Authentication, httpstatus.Secrets, error) {
	if d.External {
		return &amqp091.ExternalAuth{}, httpstatus.Secrets{}, nil
	}
	name, password, err := d.credentials(ctx)
	if err != nil {
		return nil, httpstatus.Secrets{}, err
	}
	// A null byte ends a name or a password (RFC 4616 §2).
	if strings.ContainsRune(name+password, 0) {
		return nil, httpstatus.Secrets{}, fmt.Errorf("%w: they have a null byte", ErrCredentials)
	}
	secrets := httpstatus.NewSecrets(password)
	if d.guest() {
		secrets = httpstatus.Secrets{} // every broker's name for it
	}
	return &amqp091.PlainAuth{Username: name, Password: password}, secrets, nil
}

func (d *Destination) guest() bool { return d.Username == "" && d.Credentials == nil }

func (d *Destination) credentials(ctx context.Context) (name, password string, err error) {
	switch {
	case d.Credentials != nil:
		if name, password, err = d.Credentials(ctx); err != nil {
			err = fmt.Errorf("%w: %w", ErrCredentials, err)
		}
		return name, password, err
	case d.guest():
		return "guest", "guest", nil
	case d.PasswordFile != "":
		password, err = readPassword(d.PasswordFile)
		return d.Username, password, err
	}
	return d.Username, d.Password, nil
}

// readPassword returns the file's contents without the white space around them:
// an editor ends the last line. Its errors hold the path and nothing of the
// contents.
func readPassword(path string) (string, error) {
	// Stat before Open: opening a named pipe would wait for its writer.
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("amqp: PasswordFile: %w: %w", ErrCredentials, err)
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("amqp: PasswordFile %q: %w: not a regular file", path, ErrCredentials)
	}
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("amqp: PasswordFile: %w: %w", ErrCredentials, err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxPassword+1))
	password := strings.TrimSpace(string(data))
	switch {
	case err != nil:
		return "", fmt.Errorf("amqp: PasswordFile: %w: %w", ErrCredentials, err)
	case password == "" || len(data) > maxPassword:
		return "", fmt.Errorf("amqp: PasswordFile %q: %w: empty, or more than %d bytes", path, ErrCredentials, maxPassword)
	}
	return password, nil
}
