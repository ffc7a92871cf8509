package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/segmentio/kafka-go/sasl/scram"
)

var (
	// ErrPlaintext is wrapped by Open's error for a password that would cross the
	// network in the clear.
	ErrPlaintext = errors.New("the password would be readable on the network: use TLS or set AllowPlaintext")

	// ErrCredentials is wrapped by errors about user name and password, whether
	// they could not be had or a broker refused them.
	ErrCredentials = errors.New("no valid credentials")
)

// maxPassword bounds what is read of PasswordFile.
const maxPassword = 64 << 10

// Mechanism is how credentials are shown to a broker.
type Mechanism uint8

const (
	// ScramSHA512, the default, shows a proof instead of the password.
	ScramSHA512 Mechanism = iota
	// ScramSHA256 is the same with a shorter hash.
	ScramSHA256
	// Plain shows the password, so it needs TLS.
	Plain
)

// String returns the mechanism's name in the protocol.
func (m Mechanism) String() string {
	switch m {
	case ScramSHA512:
		return "SCRAM-SHA-512"
	case ScramSHA256:
		return "SCRAM-SHA-256"
	case Plain:
		return "PLAIN"
	default:
		return fmt.Sprintf("Mechanism(%d)", uint8(m))
	}
}

// SASL is how connections authenticate. Username and one of Password and
// PasswordFile are needed, or Credentials. The file and Credentials are read for
// each connection, so a rotated password is in use with the next one, without a
// restart.
type SASL struct {
	// Mechanism has to be one that the listener offers. Default: ScramSHA512.
	Mechanism Mechanism

	// Username is needed with Password or PasswordFile. Default: none.
	Username string

	// Password is the password as text, which is never shown. PasswordFile and
	// Credentials can be rotated, this one cannot. Default: none.
	Password string `json:"-"`

	// PasswordFile names a file with the password, in place of Password. At most
	// 64 KiB, and a regular file; one line break at its end does not count. It has
	// to be there in Open. Default: none.
	PasswordFile string

	// Credentials returns user name and password. It is called with Send's ctx,
	// once at a time. Its error makes Send fail plainly, and its text is shown,
	// so it must not hold the password. Default: none.
	Credentials func(ctx context.Context) (username, password string, err error)
}

// String names the mechanism and the user, GoString the same.
func (s SASL) String() string {
	return fmt.Sprintf("kafka.SASL(%v %s)", s.Mechanism, s.Username)
}

// GoString returns what String returns.
func (s SASL) GoString() string { return s.String() }

func (s *SASL) validate(private bool) error {
	switch {
	case s.Mechanism > Plain:
		return fmt.Errorf("kafka: SASL.Mechanism %v: %w: want ScramSHA512, ScramSHA256 or Plain", s.Mechanism, ErrConfig)
	case s.Mechanism == Plain && !private:
		return fmt.Errorf("kafka: SASL.Mechanism %v: %w: %w", s.Mechanism, ErrConfig, ErrPlaintext)
	case s.Password != "" && s.PasswordFile != "":
		return fmt.Errorf("kafka: SASL.Password and PasswordFile: %w: want one of them", ErrConfig)
	case (s.Username == "") == s.named():
		return fmt.Errorf("kafka: SASL.Username %q: %w: want both a name and a password, or neither", s.Username, ErrConfig)
	case (s.Credentials == nil) != s.named():
		return fmt.Errorf("kafka: SASL: %w: want either Credentials, or Username and a password", ErrConfig)
	}
	return nil
}

// named reports whether the password comes from a field.
func (s *SASL) named() bool { return s.Password != "" || s.PasswordFile != "" }

// open reads the file once, to find out now that it is missing.
func (s *SASL) open() error {
	if s == nil || s.PasswordFile == "" {
		return nil
	}
	if _, err := s.readFile(); err != nil {
		return fmt.Errorf("kafka: SASL.PasswordFile: %w", err)
	}
	return nil
}

func (s *SASL) readFile() (string, error) {
	// Stat before Open: opening a named pipe would wait for its writer, with no ctx.
	info, err := os.Stat(s.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrCredentials, err)
	}
	if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%w: %q is not a regular file", ErrCredentials, s.PasswordFile)
	}
	f, err := os.Open(s.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrCredentials, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxPassword+1))
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrCredentials, err)
	}
	password := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	if password == "" || len(text) > maxPassword {
		return "", fmt.Errorf("%w: %q is empty or has more than 64 KiB", ErrCredentials, s.PasswordFile)
	}
	return password, nil
}

// credentials returns what to authenticate one connection with.
func (s *SASL) credentials(ctx context.Context) (user, password string, err error) {
	if s.Credentials == nil {
		if password = s.Password; password == "" {
			password, err = s.readFile()
		}
		return s.Username, password, err
	}
	if user, password, err = s.Credentials(ctx); err != nil {
		return "", "", fmt.Errorf("%w: %w", ErrCredentials, err)
	}
	if user == "" || password == "" {
		return "", "", fmt.Errorf("%w: SASL.Credentials returned no name or no password", ErrCredentials)
	}
	return user, password, nil
}

// mechanism makes kafka-go's part of it. The cause of an error is left out: it
// may quote the password.
func (s *SASL) mechanism(user, password string) (sasl.Mechanism, error) {
	if s.Mechanism == Plain {
		return plain.Mechanism{Username: user, Password: password}, nil
	}
	algorithm := scram.SHA512
	if s.Mechanism == ScramSHA256 {
		algorithm = scram.SHA256
	}
	m, err := scram.Mechanism(algorithm, user, password)
	if err != nil {
		return nil, fmt.Errorf("%w: name or password has characters that SASLprep (RFC 4013) forbids", ErrCredentials)
	}
	return m, nil
}
