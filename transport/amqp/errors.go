package amqp

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	amqp091 "github.com/rabbitmq/amqp091-go"

	"github.com/slogship/slogship/internal/option"
	"github.com/slogship/slogship/transport/httpstatus"
)

var (
	// ErrConfig is wrapped by the errors of Open that are about a field.
	ErrConfig = option.ErrConfig

	// ErrPlaintext is wrapped by Open's error for a password without TLS and
	// without AllowPlaintext.
	ErrPlaintext = errors.New("a password would be sent in the clear")

	// ErrCredentials is wrapped by the errors about PasswordFile's contents and
	// by those that Credentials returns.
	ErrCredentials = errors.New("no credentials")

	// ErrLogin is returned by Send when the broker ended the connection on being
	// told who we are: the name or the password is wrong, the certificate's name
	// is no user, or a broker died at this moment. RabbitMQ gives no reason.
	ErrLogin = errors.New("the broker does not accept the login")

	// ErrBlocked is returned by Send while the broker takes no messages, because
	// it is short of memory or disk (connection.blocked). What was sent before
	// keeps its place; nothing is sent twice for it.
	ErrBlocked = errors.New("the broker takes no messages for now")

	// ErrNacked is the answer to a record that the broker could not take
	// (basic.nack), as a queue with overflow=reject-publish does when it is full.
	// The record goes again.
	ErrNacked = errors.New("the broker did not take the message")

	// ErrUnconfirmed is returned by Send when the broker has neither confirmed nor
	// refused anything for AnswerTimeout. The connection is given up.
	ErrUnconfirmed = errors.New("the broker did not confirm in time")
)

var (
	errEmpty = errors.New("the encoder wrote nothing")
	errLong  = errors.New("longer than MaxMessage")
	errEnded = errors.New("the connection ended")
	errSASL  = errors.New("the broker does not offer this way to log in")
)

// Error is what the broker said when it closed the channel or the connection,
// or returned a message.
type Error struct {
	Code   int    // AMQP 0-9-1 §1.2: 312 no route, 320 forced, 403, 404, 406, 530, …
	Reason string // printable, at most 300 bytes, without our password
}

// Error returns code and reason.
func (e *Error) Error() string { return fmt.Sprintf("the broker says %d %s", e.Code, e.Reason) }

// The reply codes that are told apart.
const (
	contentTooLarge    = amqp091.ContentTooLarge
	preconditionFailed = amqp091.PreconditionFailed
)

// explain makes an error of ours of one of the library's. What the broker said
// is told from what the library made of a broken connection.
func explain(err error, secrets httpstatus.Secrets) error {
	said, ok := errors.AsType[*amqp091.Error](err)
	switch {
	case !ok:
		return secrets.Error(err)
	case said == nil || said == amqp091.ErrClosed:
		return errEnded
	case said == amqp091.ErrSASL:
		return errSASL
	case said == amqp091.ErrCredentials:
		return ErrLogin
	case said.Server:
		return &Error{Code: said.Code, Reason: clean(said.Reason, secrets)}
	}
	return fmt.Errorf("%w: %s", errEnded, clean(said.Reason, secrets))
}

// clean makes text of the broker's fit to be shown: no line breaks, no escape
// sequences, not without end, and no password.
func clean(text string, secrets httpstatus.Secrets) string {
	const most = 300
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '.'
		}
		return r
	}, secrets.Text(text))
	return cut(text, most)
}

// cut shortens s to at most n bytes, on the edge of a rune.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
