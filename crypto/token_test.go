package crypto

import (
	"context"
	"crypto/fips140"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
)

var testID = encode.ID{0x01, 0x9a, 0xb0, 0xf2, 5, 6, 0x70, 8, 0x80, 10, 11, 12, 13, 14, 15, 16}

func TestParse(t *testing.T) {
	s := compile(t, Policy{})
	token, err := Parse(seal(t, s, testID, "user.email", slog.StringValue("x")))
	if err != nil || token.KeyID != "k1" || token.Service != "shop" || token.Path != "user.email" || token.Record != testID || token.Wrapped != nil {
		t.Errorf("%+v, %v", token, err)
	}
	long := strings.Repeat("p", 3*maxPath)
	if token, err = Parse(seal(t, s, testID, long, slog.StringValue("x"))); err != nil || token.Path != long[:maxPath] {
		t.Errorf("a long path: %d bytes, %v", len(token.Path), err)
	}
}

// openError is the one error of opening that err is.
func openError(t testing.TB, err error) error {
	t.Helper()
	var is []error
	for _, e := range []error{ErrNotToken, ErrVersion, ErrTruncated, ErrTampered, ErrUnknownKey, ErrWrongKey, ErrUnavailable, ErrMoved} {
		if errors.Is(err, e) {
			is = append(is, e)
		}
	}
	if len(is) != 1 {
		t.Errorf("%v is %v, want exactly one", err, is)
		return nil
	}
	return is[0]
}

// Each way to be wrong has an error of its own.
func TestOpenErrors(t *testing.T) {
	k := testKey(t, "k1")
	r := testRing(t, k)
	s := compileWith(t, Policy{}, r)
	token := seal(t, s, testID, "a", slog.StringValue("x"))
	parts := strings.SplitN(token, ".", 4)
	for name, c := range map[string]struct {
		ring  *Keyring
		token string
		want  error
	}{
		"no token":        {r, "hello", ErrNotToken},
		"empty":           {r, "", ErrNotToken},
		"prefix":          {r, "slogseal", ErrNotToken},
		"newer":           {r, strings.Replace(token, "slogseal1.", "slogseal27.", 1), ErrVersion},
		"text before":     {r, " " + token, ErrNotToken},
		"text behind":     {r, token + " ", ErrTruncated},
		"no end":          {r, token[:len(token)-1], ErrTruncated},
		"half":            {r, token[:len(token)/2], ErrTruncated},
		"only the prefix": {r, Prefix, ErrTruncated},
		"no parts":        {r, Prefix + "~", ErrTruncated},
		"less in it":      {r, token[:len(token)-9] + "~", ErrTampered},
		"line break":      {r, token[:len(token)-9] + "\n" + token[len(token)-9:], ErrTampered},
		"other id":        {r, strings.Replace(token, ".k1.", ".k2.", 1), ErrUnknownKey},
		"odd id":          {r, strings.Replace(token, ".k1.", ".k 1.", 1), ErrTampered},
		"no body":         {r, strings.Join(parts[:3], ".") + ".~", ErrTampered},
		"no head":         {r, strings.Join([]string{parts[0], parts[1], "", parts[3]}, "."), ErrTampered},
		"swapped":         {r, strings.Join([]string{parts[0], parts[1], parts[3][:len(parts[3])-1], parts[2] + "~"}, "."), ErrTampered},
		"wrong key":       {testRing(t, testKey(t, "k1")), token, ErrWrongKey},
		"no key":          {testRing(t, nil), token, ErrUnknownKey},
	} {
		_, err := NewOpener(c.ring, nil).Open(context.Background(), c.token)
		if got := openError(t, err); got != c.want {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if got := open(t, r, token); got.String() != "x" {
		t.Errorf("the token itself: %v", got)
	}
}

// Any change of one bit, byte taken out, doubled or swapped with its neighbour,
// at any place, is an error: never another value, and never the same one.
func TestMalleability(t *testing.T) {
	r := testRing(t, testKey(t, "k1"))
	s := compileWith(t, Policy{}, r)
	o := NewOpener(r, nil)
	token := seal(t, s, testID, "user.email", slog.StringValue("0123456789"))
	changes := 0
	try := func(changed string) {
		if changed == token {
			return
		}
		changes++
		if v, err := o.Open(context.Background(), changed); err == nil {
			t.Errorf("opened: %v\n%s\n%s", v, token, changed)
		} else {
			openError(t, err)
		}
	}
	for i := range len(token) {
		for bit := range 8 {
			try(token[:i] + string([]byte{token[i] ^ 1<<bit}) + token[i+1:])
		}
		for _, c := range []byte("AZaz09-_.~=\n ") {
			try(token[:i] + string([]byte{c}) + token[i+1:])
			try(token[:i] + string([]byte{c}) + token[i:])
		}
		try(token[:i] + token[i+1:])
		try(token[:i])
		if i > 0 {
			try(token[:i-1] + token[i:i+1] + token[i-1:i] + token[i+1:])
		}
	}
	t.Logf("%d changes refused", changes)
}

// fixedRing seals the same tokens in every process.
func fixedRing(t testing.TB) *Keyring {
	t.Helper()
	k, err := NewKey("k1", []byte("0123456789abcdef0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	r := testRing(t, k)
	fixed, err := newSubkeySalted(material{id: k.id, secret: k.secret}, [saltSize]byte{1, 2, 3}, false)
	if err != nil {
		t.Fatal(err)
	}
	r.sealing.Store(fixed)
	return r
}

// FuzzMalleability: what opens is a token that was sealed, and nothing else. The
// tokens are the same in each of the fuzzer's processes, or it would take those
// of another process for forgeries.
func FuzzMalleability(f *testing.F) {
	if fips140.Enabled() {
		f.Skip("no two processes seal alike in FIPS mode")
	}
	r := fixedRing(f)
	s := compileWith(f, Policy{}, r)
	values, sealed := kinds(), map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		token := seal(f, s, testID, "user.email", values[name])
		sealed[token] = true
		f.Add(token)
	}
	o := NewOpener(r, nil)
	f.Fuzz(func(t *testing.T, text string) {
		if v, err := o.Open(context.Background(), text); err == nil && !sealed[text] {
			t.Errorf("opened %v: %s", v, text)
		}
	})
}
