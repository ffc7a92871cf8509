package config

import (
	"context"
	"fmt"
	"slices"

	"github.com/slogship/slogship/crypto"
)

// sealingKeys are the key sealing of logging: where the keys are that policies
// (fields) and encrypt_buffers need. The files are read by Open and LoadKeys and
// not by Parse, so that a file can be checked where there are no secrets.
type sealingKeys struct {
	KeysFile    string
	HashKeyFile string
}

// LoadKeys loads what logging.sealing names, for a program that calls handler.New
// itself: Options.Keys and Options.HashKey. The first key of keys_file seals, all
// of them open; ring.Reload reads the file again. Both are nil without the key
// sealing. A file that others may read is a notice. Errors are an *[Error], and hold
// no key.
func (c *Config) LoadKeys(ctx context.Context) (ring *crypto.Keyring, hash *crypto.Key, err error) {
	warn := func(err error) { c.keyNotice("config: " + c.file + ": " + err.Error()) }
	if path := c.sealing.KeysFile; path != "" {
		if ring, err = crypto.LoadKeyring(ctx, crypto.FileSource(path, warn)); err != nil {
			return nil, nil, c.keysError("keys_file", err)
		}
	}
	if path := c.sealing.HashKeyFile; path != "" {
		keys, err := crypto.FileSource(path, warn)(ctx)
		if err == nil && len(keys) != 1 {
			err = fmt.Errorf("%d keys, want one: %w", len(keys), crypto.ErrKey)
		}
		if err != nil {
			return nil, nil, c.keysError("hash_key_file", err)
		}
		hash = keys[0]
	}
	return ring, hash, nil
}

// keyNotice keeps a notice, each once: it comes again with each Apply, by which
// the keyring reads its file, on whatever goroutine.
func (c *Config) keyNotice(notice string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Contains(c.keyed, notice) {
		c.keyed = append(c.keyed, notice)
	}
}

// keysError places the error of a file of keys.
func (c *Config) keysError(key string, err error) error {
	return &Error{File: c.file, Key: "logging.sealing." + key, Problem: err.Error(),
		Allowed: "a file with a key a line: an id, a space, 32 bytes in base64 (go run ./examples/unseal -new ID)", Err: err}
}
