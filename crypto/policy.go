package crypto

import (
	"fmt"
	"reflect"
	"strings"
)

// Policy says which values are not logged as they are, as plain data. The zero
// Policy has no rules: only what says so itself ([Secret], a struct's tag) is
// sealed. Compile makes a [Sealer] of it.
type Policy struct {
	// Rules are tried in order; the first that matches an attribute decides. What
	// matches a group covers all that is in it. Default: none.
	Rules []Rule

	// Detect looks for values by their form, in messages and in attributes that
	// no rule decides about. Default: none. Each costs a look at every string.
	Detect []Detect
}

// Rule names attributes, by exactly one of Path and Key, and says what is done
// with them.
//
// Names match whatever the case of their letters, and "*" in a name stands for
// any characters: "*token*". A name with dots is a path, whether it comes from
// groups, from a key that has dots itself, from a With call, or from the object
// that a struct or a map is logged as.
type Rule struct {
	// Path is where the attribute stands, from the top: "user.email". "*" as a
	// name is any one name, "**" any number of them: "http.**.authorization". Required without Key.
	Path string

	// Key is the attribute's own name, in any group: "password". Required without
	// Path.
	Key string

	// Do is what is done. The zero value is Seal.
	Do Action

	// Mask is for MaskIt: what is kept. Default: KeepNothing.
	Mask Mask

	// Index is for Hash: the name of the index. The same value gets the same hash
	// under the same Index only. Default: the rule's Path or Key.
	Index string
}

// Action is what is done with a value. The zero value is Seal.
type Action uint8

// The actions.
const (
	Seal   Action = 0 // encrypt it: a key of the keyring opens it
	MaskIt Action = 1 // replace it, but for what Mask keeps: for good
	Hash   Action = 2 // replace it by its keyed hash: see [SealerOptions.HashKey]
	Drop   Action = 3 // leave the attribute out
	Keep   Action = 4 // log it as it is: an exception to the rules that follow
)

// Detect is one kind of value that is looked for by its form. The part of a
// text that has the form is what is sealed, masked, hashed or dropped; the rest
// of the text stays.
type Detect struct {
	What  Form   // what is looked for. Required
	Do    Action // what is done with it. Default: Seal
	Mask  Mask   // for MaskIt: what is kept. Default: KeepNothing
	Index string // for Hash: the name of the index; default: the form's name
}

// Form is what a value looks like. The zero value is none.
type Form uint8

// The forms.
const (
	CardNumbers  Form = 1 // 13 to 19 digits, also in groups, that begin with 2 to 6 and have the right Luhn digit
	Emails       Form = 2 // an address with a domain of two names at least
	BearerTokens Form = 3 // what follows "Bearer"
	JWTs         Form = 4 // JSON web tokens, signed or encrypted
	PrivateKeys  Form = 5 // PEM blocks with a private key, whole or cut
)

var formNames = [...]string{CardNumbers: "card", Emails: "email", BearerTokens: "bearer", JWTs: "jwt", PrivateKeys: "private-key"}

// Equal reports whether p and o say the same: a handler compiles, seals and
// encodes once for all routes whose policies are equal.
func (p *Policy) Equal(o *Policy) bool {
	if p == nil || o == nil {
		return p == o
	}
	return reflect.DeepEqual(p, o)
}

// validate reports the first rule that means nothing.
func (p *Policy) validate(o *SealerOptions, keys bool) error {
	for i, r := range p.Rules {
		name := fmt.Sprintf("rule %d %q", i, clip(r.Path+r.Key))
		if (r.Path == "") == (r.Key == "") {
			return fmt.Errorf("crypto: %s: want either Path or Key: %w", name, ErrPolicy)
		}
		if strings.HasPrefix("."+r.Path+r.Key+".", "..") || strings.Contains(r.Path+r.Key+".", "..") {
			return fmt.Errorf("crypto: %s: a name is empty: %w", name, ErrPolicy)
		}
		if err := check(name, r.Do, r.Mask, o, keys); err != nil {
			return err
		}
	}
	for _, d := range p.Detect {
		if d.What < CardNumbers || d.What > PrivateKeys {
			return fmt.Errorf("crypto: detect %d: want one of the forms: %w", d.What, ErrPolicy)
		}
		if err := check("detect "+formNames[d.What], d.Do, d.Mask, o, keys); err != nil {
			return err
		}
	}
	return nil
}

func check(name string, do Action, mask Mask, o *SealerOptions, keys bool) error {
	switch {
	case do > Keep:
		return fmt.Errorf("crypto: %s: action %d: %w", name, do, ErrPolicy)
	case mask > KeepNetwork || mask != KeepNothing && do != MaskIt:
		return fmt.Errorf("crypto: %s: mask %d: want one of the masks, with MaskIt: %w", name, mask, ErrPolicy)
	case do == Seal && !keys:
		return fmt.Errorf("crypto: %s: seals, without a keyring: %w", name, ErrPolicy)
	case do == Hash && o.HashKey == nil:
		return fmt.Errorf("crypto: %s: hashes, without a HashKey: %w", name, ErrPolicy)
	}
	return nil
}
