package crypto

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/slogship/slogship/encode"
)

func nightly() bool { return os.Getenv("SLOGSHIP_NIGHTLY") != "" }

// S10: no byte of a key is in anything that prints: keys, rings, sealers,
// openers, options, the errors of bad key files and of opening.
func TestS10_KeyBytes(t *testing.T) {
	const secret = "s3cr3tCANARYv4lue-0123456789abcd"
	k, err := NewKey("k1", []byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	r := testRing(t, k)
	s, err := Policy{Rules: []Rule{{Key: "a"}}}.Compile(testRing(t, testKey(t, "k2")), &SealerOptions{HashKey: k})
	if err != nil {
		t.Fatal(err)
	}
	encodings := []string{secret, base64.StdEncoding.EncodeToString([]byte(secret))[:40], hex.EncodeToString([]byte(secret)), fmt.Sprint([]byte(secret))}
	encodings = append(encodings, strings.Trim(encodings[3], "[]"), strings.ToUpper(encodings[2]), secret[:8])
	printed := 0
	check := func(what string, x any) {
		texts := []string{fmt.Sprint(x), fmt.Sprintf("%+v", x), fmt.Sprintf("%#v", x), fmt.Sprintf("%s", x), fmt.Sprintf("%x", x), fmt.Sprintf("%q", x)}
		if b, err := json.Marshal(x); err == nil {
			texts = append(texts, string(b))
		}
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("x", "x", x)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "x", x)
		for _, text := range append(texts, log.String(), string(appendValue(nil, slog.AnyValue(x)))) {
			printed++
			for _, e := range encodings {
				if strings.Contains(text, e) {
					t.Errorf("%s shows the key: %s", what, text)
				}
			}
		}
	}
	check("Key", k)
	check("Key value", *k)
	check("Keyring", r)
	check("Keyring value", reflect.ValueOf(r).Elem().FieldByName("keys").String())
	check("Sealer", s)
	check("Group", s.Top())
	check("Opener", NewOpener(r, nil))
	check("subkey and cipher", r.sealing.Load())
	check("material", r.sealing.Load().from)
	derived, _, err := derive(k.secret(), "k1", make([]byte, saltSize))
	if err != nil {
		t.Fatal(err)
	}
	aead, err := newAEAD(derived, true)
	if err != nil {
		t.Fatal(err)
	}
	encodings = append(encodings, hex.EncodeToString(derived), fmt.Sprint(derived), string(derived))
	check("cipher", aead)
	check("SealerOptions", SealerOptions{HashKey: k})
	check("options in a map", map[string]any{"o": &SealerOptions{HashKey: k}})
	for _, text := range []string{k.Text() + "x", "k1 " + k.Text(), k.Text()[3:], "k1 " + secret, k.Text()[3:] + " k1", secret + " " + secret} {
		_, err := ParseKeys(text)
		if err == nil {
			t.Errorf("%q is parsed", text)
		}
		check("an error of a file", err)
		path := filepath.Join(t.TempDir(), "keys")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err = LoadKeyring(t.Context(), FileSource(path, nil))
		check("an error of loading", err)
	}
	_, err = NewKey("k1", []byte(secret[:31]))
	check("a short key", err)
	check("another key of the same id", r.AddOpening(testKey(t, "k1")))
	token := seal(t, compileWith(t, Policy{}, r), testID, "a", slog.StringValue("x"))
	for _, text := range []string{token[:50], token + "~", "x", strings.Replace(token, "A", "B", 1)} {
		_, err := NewOpener(r, nil).Open(t.Context(), text)
		check("an error of opening", err)
	}
	t.Logf("found 0 times in %d prints", printed)
}

// S10: a secret prints as marked, whatever prints it.
func TestS10_SecretPrints(t *testing.T) {
	const canary = "s3cr3tCANARYv4lue"
	secret := Secret(canary)
	in := struct {
		Exported SecretValue
		hidden   SecretValue
		Any      any
	}{secret, secret, secret}
	for _, x := range []any{secret, &secret, in, &in, []any{secret}, map[string]any{"a": secret}, []SecretValue{secret}} {
		text := fmt.Sprintf("%v %+v %#v %s %q %x %d", x, x, x, x, x, x, x)
		b, err := json.Marshal(x)
		if err != nil {
			t.Error(err)
		}
		var log strings.Builder
		for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
			slog.New(h).With("a", x).WithGroup("g").Info("x", "b", x)
		}
		if all := text + string(b) + log.String(); strings.Contains(all, canary) || strings.Contains(all, hex.EncodeToString([]byte(canary))) {
			t.Errorf("%T: %s", x, all)
		}
	}
	if same := secret; secret != same || secret == Secret(canary) || fmt.Sprint(SecretValue{}) != MarkSecret {
		t.Error("secrets compare, and the zero one prints")
	}
}

// S11: what a policy covers is nowhere in what goes to the buffer, in whatever
// form it was logged.
func TestS11_NoPlainTextInPayload(t *testing.T) {
	const canary = "s3cr3tCANARYv4lue"
	type login struct {
		Password string `json:"password"`
	}
	actions := []Rule{{Key: "password"}, {Key: "password", Do: MaskIt}, {Key: "password", Do: Hash}, {Key: "password", Do: Drop}, {Path: "**.pass*"}}
	values := []any{
		canary, []byte(canary), Secret(canary), errors.New(canary), fmt.Errorf("x: %w", errors.New(canary)), []string{canary}, []any{1, canary},
		map[string]any{"a": canary}, login{canary}, &login{canary}, struct{ A any }{login{canary}}, encode.JSON(`"` + canary + `"`),
		slog.GroupValue(slog.String("a", canary)), &nilReceiver{canary}, json.RawMessage(`{"x":"` + canary + `"}`),
	}
	searched := 0
	for _, rule := range actions {
		s := compile(t, Policy{Rules: []Rule{rule}})
		for _, x := range values {
			for _, a := range []slog.Attr{
				slog.Any("password", x), slog.Group("g", slog.Any("PASSWORD", x)), slog.Any("a.password", x),
				slog.Any("m", map[string]any{"password": x}), slog.Any("l", []any{map[string]any{"password": x}}), slog.Group("password", slog.Any("z", x)),
			} {
				var sc Scratch
				payload := s.Top().AppendAttr(nil, &sc, a)
				payload = s.Top().Group("w").AppendAttr(payload, &sc, a)
				next, _ := s.Top().Attr(&sc, a)
				searched++
				if all := string(payload) + fmt.Sprintf("%+v", next); strings.Contains(all, canary) {
					t.Errorf("%+v: %v of %T: %q", rule, a, x, all)
				}
			}
		}
	}
	t.Logf("found 0 times in %d payloads", searched)
}

// S16: a key file that others may read is warned of, each time and whatever the
// mode.
func TestS16_KeyFileModes(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no modes")
	}
	path := filepath.Join(t.TempDir(), "keys")
	writeKeys(t, path, 0o600, testKey(t, "k1"))
	warned := 0
	for mode := os.FileMode(0o400); mode <= 0o777; mode++ {
		if mode&0o400 == 0 {
			continue
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		var warning error
		if _, err := LoadKeyring(t.Context(), FileSource(path, func(err error) { warning = err })); err != nil {
			t.Fatalf("%v: %v", mode, err)
		}
		if want := mode&0o077 != 0; errors.Is(warning, ErrReadable) != want {
			t.Errorf("%v: warning %v, want one: %v", mode, warning, want)
		} else if want {
			warned++
		}
	}
	t.Logf("warned of %d modes", warned)
}

// S23: no nonce is used twice with one key: over seals, goroutines, subkeys and
// processes (rings), which have the same key. The pair of salt and nonce is what
// must be unique.
func TestS23_Nonces(t *testing.T) {
	seals, rings := 1_000_000, 10
	if raceEnabled || testing.Short() {
		seals = 100_000
	}
	if nightly() {
		seals = 100_000_000
	}
	key, v := testKey(t, "k1"), slog.IntValue(1)
	var mu sync.Mutex
	repeats, salts, total := 0, map[string]bool{}, 0
	for range rings {
		k, err := newSubkey(material{id: key.id, secret: key.secret})
		if err != nil {
			t.Fatal(err)
		}
		if mu.Lock(); salts[string(k.head)] {
			repeats++
		}
		salts[string(k.head)] = true
		mu.Unlock()
		seen := nonces{random: k.random}
		for _, n := range sealMany(k, seals/rings, v) {
			total++
			if !seen.add(n) {
				repeats++
			}
		}
	}
	if repeats > 0 || total != seals/rings*rings {
		t.Errorf("%d repeats in %d", repeats, total)
	}
	t.Logf("repeats 0 in %d seals with %d salts", total, len(salts))
}

// nonces is a set of nonces. Those with a counter are told apart by it alone.
type nonces struct {
	random  bool
	all     map[[nonceSize]byte]bool
	counter []uint64
}

func (s *nonces) add(n [nonceSize]byte) bool {
	if s.random {
		if s.all == nil {
			s.all = map[[nonceSize]byte]bool{}
		}
		known := s.all[n]
		s.all[n] = true
		return !known
	}
	c := binary.BigEndian.Uint32(n[:])
	for int(c/64) >= len(s.counter) {
		s.counter = append(s.counter, make([]uint64, 1<<12)...)
	}
	known := s.counter[c/64]&(1<<(c%64)) != 0
	s.counter[c/64] |= 1 << (c % 64)
	return !known
}

// sealMany returns the nonces of n seals by two goroutines.
func sealMany(k *subkey, n int, v slog.Value) [][nonceSize]byte {
	const workers = 2
	parts := make([][][nonceSize]byte, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			var dst, work []byte
			for range n / workers {
				dst, work, _ = k.seal(dst[:0], work, &testID, "", place{"", "a"}, v)
				at := len(work) - tagSize - 9 - nonceSize
				parts[w] = append(parts[w], [nonceSize]byte(work[at:]))
			}
		})
	}
	wg.Wait()
	return append(parts[0], parts[1]...)
}

// S24: a subkey seals 2^31 values and not one more; the next one takes over
// without a call that fails, and a new process begins with another.
func TestS24_SealsPerKey(t *testing.T) {
	r := testRing(t, testKey(t, "k1"))
	s := compileWith(t, Policy{Rules: []Rule{{Key: "a"}}}, r)
	first := r.sealing.Load()
	const before = 500
	first.seals.Store(maxSeals - before)
	var wg sync.WaitGroup
	var mu sync.Mutex
	heads := map[string]int{}
	for range 4 {
		wg.Go(func() {
			for range before {
				token := seal(t, s, testID, "a", slog.IntValue(1))
				parsed, err := parse(token)
				mu.Lock()
				heads[parsed.head]++
				mu.Unlock()
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if len(heads) != 2 || heads[string(first.head)] != before {
		t.Errorf("%d keys; the first sealed %d, want %d more", len(heads), heads[string(first.head)], before)
	}
	if _, _, ok := first.seal(nil, nil, &testID, "", place{}, slog.IntValue(1)); ok {
		t.Error("it seals on")
	}
	second := r.sealing.Load()
	if r.renew(first); r.sealing.Load() != second {
		t.Error("who comes late replaces the new key, too")
	}
	if other := testRing(t, r.keys.Load().keys["k1"]); string(other.sealing.Load().head) == string(first.head) {
		t.Error("two processes have one salt")
	}
	t.Logf("seals past 2^31: 0")
}

// S25: a value moved to another field, record, service or key id: accepted 0 of
// 10^5. It is moved in both ways: as it is, and with what it says of its place
// changed to fit.
func TestS25_Moved(t *testing.T) {
	rnd := random(t)
	k1 := testKey(t, "k1")
	k2, err := newKey("k2", *k1.secret()) // the same bytes under another id
	if err != nil {
		t.Fatal(err)
	}
	r := testRing(t, k1, k2)
	s := compileWith(t, Policy{}, r)
	o := NewOpener(r, nil)
	accepted, tries := 0, 100_000
	if testing.Short() {
		tries = 10_000
	}
	for i := range tries {
		path := fmt.Sprintf("p%d", i%100)
		token := seal(t, s, testID, path, slog.IntValue(i))
		at := Place{Service: "shop", Path: path, Record: testID}
		switch i % 3 {
		case 0:
			at.Path = fmt.Sprintf("q%d", rnd.IntN(100))
		case 1:
			binary.BigEndian.PutUint64(at.Record[:], rnd.Uint64())
		default:
			at.Service = "till"
		}
		if i%2 == 0 {
			token = relabel(token, at)
		} else if i%20 == 1 {
			token = strings.Replace(token, ".k1.", ".k2.", 1)
		}
		if v, err := o.OpenAt(t.Context(), token, at); err == nil {
			accepted++
			t.Errorf("accepted at %+v: %v", at, v)
		}
	}
	t.Logf("accepted %d of %d", accepted, tries)
}

// relabel writes another place into a token, without its key.
func relabel(token string, at Place) string {
	p, err := parse(token)
	if err != nil {
		return ""
	}
	body := append([]byte{}, at.Record[:]...)
	body = append(append(body, byte(len(at.Service))), at.Service...)
	body = append(appendPath(body, place{"", at.Path}), p.box...)
	return p.head + base64.RawURLEncoding.EncodeToString(body) + string(tokenEnd)
}

// S27: keys rotate while goroutines log: every value opens, none is lost.
func TestS27_RotationUnderLoad(t *testing.T) {
	const workers, each = 4, 2000
	r := testRing(t, testKey(t, "k0"))
	s := compileWith(t, Policy{Rules: []Rule{{Key: "a"}}}, r)
	tokens := make(chan string, 1024)
	var wg, rotator sync.WaitGroup
	done := make(chan struct{})
	rotations := 0
	rotator.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			rotations++
			if err := r.Rotate(testKey(t, fmt.Sprintf("k%d", rotations))); err != nil {
				t.Error(err)
				return
			}
			runtime.Gosched()
		}
	})
	for w := range workers {
		wg.Go(func() {
			var sc Scratch
			for i := range each {
				a, _ := s.Top().Attr(&sc, slog.Int("a", w*each+i))
				tokens <- a.Value.String()
			}
		})
	}
	go func() { wg.Wait(); close(done); rotator.Wait(); close(tokens) }()
	o, seen, failed := NewOpener(r, nil), map[int64]bool{}, 0
	for token := range tokens {
		v, err := o.Open(t.Context(), token)
		if err != nil {
			failed++
			continue
		}
		seen[v.Value.Int64()] = true
	}
	if failed > 0 || len(seen) != workers*each {
		t.Errorf("%d cannot be opened, %d are lost", failed, workers*each-len(seen))
	}
	t.Logf("%d rotations: undecryptable %d, lost %d of %d", rotations, failed, workers*each-len(seen), workers*each)
}

// S29: the whole suite passes where Go refuses what FIPS 140-3 does not allow.
func TestS29_FIPSOnly(t *testing.T) {
	const inside = "SLOGSHIP_FIPS_SUITE"
	if os.Getenv(inside) != "" || raceEnabled {
		t.Skip("this is it, or would be the same with another detector")
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// Short: with a tenth of the rounds, which have been played outside.
	cmd := exec.CommandContext(t.Context(), exe, "-test.count=1", "-test.short")
	cmd.Env = append(os.Environ(), "GODEBUG=fips140=only", inside+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("failures 0")
}

// S30: a hash is keyed, by a key of its own, and says only whether two values of
// one index are the same.
func TestS30_BlindIndex(t *testing.T) {
	hk := testKey(t, "h1")
	s, err := Policy{Rules: []Rule{{Key: "email", Do: Hash}, {Key: "mail", Do: Hash, Index: "email"}, {Key: "name", Do: Hash}}}.Compile(nil, &SealerOptions{HashKey: hk})
	if err != nil {
		t.Fatal(err)
	}
	got := both(t, s.Top(), slog.String("email", "a@b.c"), slog.String("mail", "a@b.c"), slog.String("name", "a@b.c"),
		slog.Group("g", slog.String("email", "a@b.c"), slog.String("mail", "other")), slog.Int("int.email", 5), slog.String("text.email", "5"))
	if want := hk.Index("email", "a@b.c"); got["email"] != want || got["mail"] != want || got["g.email"] != want {
		t.Errorf("got %v, want %s", got, want)
	}
	if got["name"] == got["email"] || got["g.mail"] == got["email"] || got["int.email"] == got["text.email"] {
		t.Errorf("got %v", got)
	}
	if other := testKey(t, "h1"); other.Index("email", "a@b.c") == got["email"] {
		t.Error("another key, the same hash")
	}
	if !strings.HasPrefix(got["email"], HashPrefix+"h1.") || len(got["email"]) != len(HashPrefix)+len("h1.")+43 {
		t.Errorf("form of %s", got["email"])
	}
	if n := s.Stats().Hashed; n != 14 { // seven values, in both ways of logging
		t.Errorf("%d are counted", n)
	}
}

// relabelBox writes a token with the place of p and another box.
func relabelBox(head string, p sealed) string {
	body := append([]byte{}, p.aad[len(p.head):]...)
	return head + base64.RawURLEncoding.EncodeToString(append(body, p.box...)) + string(tokenEnd)
}
