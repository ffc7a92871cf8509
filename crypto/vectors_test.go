package crypto

import (
	"bytes"
	"crypto/fips140"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/slogship/slogship/encode"
)

// vector is one entry of testdata/vectors.json: see FORMAT.md.
type vector struct {
	Name    string `json:"name"`
	Token   string `json:"token"`
	KeyID   string `json:"key_id"`
	Key     string `json:"key,omitempty"`      // hex
	DataKey string `json:"data_key,omitempty"` // hex: what Wrapped unwraps to
	Wrapped string `json:"wrapped,omitempty"`  // hex
	Service string `json:"service,omitempty"`
	Path    string `json:"path,omitempty"`
	Record  string `json:"record,omitempty"` // UUID
	Plain   string `json:"plain,omitempty"`  // hex: kind and value
	Value   any    `json:"value"`            // as JSON lines have it
	Error   string `json:"error,omitempty"`
}

const vectorsFile = "testdata/vectors.json"

func vectorErrors() map[string]error {
	return map[string]error{
		"not-token": ErrNotToken, "version": ErrVersion, "truncated": ErrTruncated, "tampered": ErrTampered,
		"unknown-key": ErrUnknownKey, "wrong-key": ErrWrongKey,
	}
}

// S31: the published vectors open to what they say. SLOGSHIP_GOLDEN=write makes
// them anew, which no release may do: see FORMAT.md.
func TestS31_Vectors(t *testing.T) {
	if os.Getenv("SLOGSHIP_GOLDEN") == "write" {
		writeVectors(t)
	}
	text, err := os.ReadFile(filepath.FromSlash(vectorsFile))
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	for _, v := range vectors {
		checkVector(t, v)
	}
	if len(vectors) < 30 {
		t.Errorf("only %d vectors", len(vectors))
	}
	t.Logf("%d vectors", len(vectors))
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// vectorRing has what a vector's token is opened with.
func vectorRing(t *testing.T, v vector) *Keyring {
	t.Helper()
	r := testRing(t, nil)
	if v.Key != "" {
		k, err := NewKey(v.KeyID, unhex(t, v.Key))
		if err != nil {
			t.Fatal(err)
		}
		r = testRing(t, nil, k)
	}
	if v.Wrapped != "" {
		if err := r.AddWrapper(v.KeyID, xorWrapper{}); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(xor(unhex(t, v.Wrapped)), unhex(t, v.DataKey)) {
			t.Errorf("%s: the data key is another", v.Name)
		}
	}
	return r
}

func checkVector(t *testing.T, v vector) {
	t.Helper()
	got, err := NewOpener(vectorRing(t, v), nil).Open(t.Context(), v.Token)
	if v.Error != "" {
		if openError(t, err) != vectorErrors()[v.Error] {
			t.Errorf("%s: %v, want %s", v.Name, err, v.Error)
		}
		return
	}
	if err != nil || got.Service != v.Service || got.Path != v.Path || got.Record.String() != v.Record || got.KeyID != v.KeyID {
		t.Errorf("%s: %+v, %v", v.Name, got, err)
		return
	}
	if plain := hex.EncodeToString(appendValue(nil, got.Value)); plain != v.Plain {
		t.Errorf("%s: plain %s, want %s", v.Name, plain, v.Plain)
	}
	want, err := json.Marshal(v.Value)
	if err != nil {
		t.Fatal(err)
	}
	var have any
	if err := json.Unmarshal(valueJSON(got.Value), &have); err != nil {
		t.Fatal(err)
	}
	if text, _ := json.Marshal(have); !bytes.Equal(text, want) {
		t.Errorf("%s: value %s, want %s", v.Name, text, want)
	}
}

// vectorSubkey seals alike each time.
func vectorSubkey(t *testing.T, m material, salt byte) *subkey {
	t.Helper()
	k, err := newSubkeySalted(m, [saltSize]byte(bytes.Repeat([]byte{salt}, saltSize)), false)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func writeVectors(t *testing.T) {
	if fips140.Enabled() {
		t.Fatal("vectors are written outside of FIPS mode")
	}
	secret := [KeySize]byte([]byte("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f"))
	m := material{id: "2026-11", secret: func() *[KeySize]byte { return &secret }}
	k := vectorSubkey(t, m, 0x11)
	var vectors []vector
	add := func(name string, k *subkey, id encode.ID, service, path string, value slog.Value) vector {
		text, _, ok := k.seal(nil, nil, &id, service, place{"", path}, value)
		if !ok {
			t.Fatal(name)
		}
		v := vector{
			Name: name, Token: string(text), KeyID: k.from.id, Service: service, Path: path, Record: id.String(),
			Plain: hex.EncodeToString(appendValue(nil, value)),
		}
		if err := json.Unmarshal(valueJSON(value), &v.Value); err != nil {
			t.Fatal(err)
		}
		if k.from.wrapped != nil {
			v.Wrapped, v.DataKey = hex.EncodeToString(k.from.wrapped), hex.EncodeToString(k.from.secret()[:])
		} else {
			v.Key = hex.EncodeToString(k.from.secret()[:])
		}
		vectors = append(vectors, v)
		return v
	}
	values := kinds()
	for _, name := range slices.Sorted(maps.Keys(values)) {
		add(name, k, testID, "shop", "user.email", values[name])
	}
	good := add("for a logger, of no service", k, encode.ID{}, "", "password", slog.StringValue("correct horse"))
	add("in a message", k, testID, "shop", "", slog.StringValue("ada@example.com"))
	add("a path that is not ASCII", k, testID, "bücher", "größe.wert", slog.IntValue(1))
	wrapped := m
	wrapped.id, wrapped.wrapped = "kms-prod", xor(secret[:])
	add("a wrapped data key", vectorSubkey(t, wrapped, 0x22), testID, "shop", "iban", slog.StringValue("DE02120300000000202051"))
	vectors = append(vectors, badVectors(good)...)
	text, err := json.MarshalIndent(vectors, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.FromSlash(vectorsFile), append(text, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
}

// badVectors are changes of one token, and their errors.
func badVectors(good vector) []vector {
	bad := func(name, token, err string) vector {
		return vector{Name: name, Token: token, KeyID: good.KeyID, Key: good.Key, Error: err}
	}
	t := good.Token
	unknown := bad("no key of this id", t, "unknown-key")
	unknown.KeyID = "2026-12"
	other := bad("another key of this id", t, "wrong-key")
	other.Key = hex.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))
	return []vector{
		unknown, other,
		bad("no token", "hello", "not-token"), bad("a newer format", "slogseal2"+t[9:], "version"),
		bad("without its end", t[:len(t)-1], "truncated"), bad("half", t[:len(t)/2], "truncated"),
		bad("a letter changed in the tag", changed(t, len(t)-6), "tampered"),
		bad("a letter changed in the salt", changed(t, 25), "wrong-key"),
		bad("a letter changed in the path", changed(t, 120), "tampered"),
		bad("a line break", t[:130]+"\n"+t[130:], "tampered"), bad("a letter more", t[:len(t)-1]+"A~", "tampered"),
	}
}
