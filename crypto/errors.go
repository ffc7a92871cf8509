package crypto

import "errors"

// What opening may say. Each is final for the token at hand but ErrUnavailable,
// after which a later attempt may succeed.
var (
	// ErrNotToken: the text does not begin as a token does.
	ErrNotToken = errors.New("not a sealed value")

	// ErrVersion: a newer version of this package sealed it.
	ErrVersion = errors.New("sealed in a newer format")

	// ErrTruncated: the token has lost its end, usually to a destination's limit
	// on the length of a field.
	ErrTruncated = errors.New("sealed value is cut short")

	// ErrTampered: something of the token was changed after it was sealed.
	ErrTampered = errors.New("sealed value was changed")

	// ErrUnknownKey: there is no key with the token's key id.
	ErrUnknownKey = errors.New("no key with this id")

	// ErrWrongKey: there is a key with the token's key id, and the token was not
	// sealed with it. (A change of the salt or the commitment looks the same:
	// what both say is checked against the key before anything else.)
	ErrWrongKey = errors.New("sealed with another key of this id")

	// ErrUnavailable: the key service did not unwrap the token's data key. Whether
	// it is down or refuses is in the error it gave, which is wrapped too.
	ErrUnavailable = errors.New("key service gave no key")

	// ErrJSON: what OpenJSON got is no JSON document.
	ErrJSON = errors.New("not a JSON document")

	// ErrMoved: the token is whole, and does not stand where it was sealed.
	ErrMoved = errors.New("sealed value was moved")
)

// What configuring may say.
var (
	// ErrKey: a key, or what a key source returned, cannot be used.
	ErrKey = errors.New("key cannot be used")

	// ErrReadable is a warning: the key file was used, and its mode lets others
	// than its owner read it.
	ErrReadable = errors.New("key file is readable by others")

	// ErrExpired: the key service has not given a new data key for so long that
	// the last one is no longer used. Values are marked instead of sealed.
	ErrExpired = errors.New("data key has reached its greatest age")

	// ErrPolicy: a policy cannot be compiled.
	ErrPolicy = errors.New("policy cannot be compiled")

	// ErrClosed: the keyring is closed.
	ErrClosed = errors.New("keyring is closed")
)
