package crypto

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

const (
	jwt = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
	jwe = "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.OKOawDo13gRp2ojaHV7LFpZcgV7T6DVZKTyKOMTYUmKoTCVJRgckCL9kiMT03JGe.48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6ji.XFBoMYUZodetZdvTiFvSkQ"
	pem = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----"
)

// found returns text with X for what the form finds.
func found(t *testing.T, form Form, text string) string {
	t.Helper()
	s := compile(t, Policy{Detect: []Detect{{What: form, Do: MaskIt}}})
	var sc Scratch
	return strings.ReplaceAll(s.Message(&sc, text), stars, "X")
}

func TestDetectors(t *testing.T) {
	for form, cases := range map[Form]map[string]string{
		CardNumbers: {
			"card 4111111111111111 ok": "card X ok", "4111 1111 1111 1111": "X", "5555-5555-5555-4444.": "X.",
			"378282246310005": "X", "12 4111 1111 1111 1111": "12 X", "6011000990139424,4111111111111111": "X,X",
			"4111111111111112": "4111111111111112", "1732352400000": "1732352400000", "411111111111": "411111111111",
			"41111111111111111111111": "41111111111111111111111", "4111  1111 1111 1111": "4111  1111 1111 1111", "": "",
			"x4111111111111111y": "xXy", "4111111111111111 2026": "X 2026",
		},
		Emails: {
			"from ada@example.com to b.c+d@sub.example.co.uk.": "from X to X.", "<a@b.de>": "<X>", "a@b": "a@b", "@b.com": "@b.com",
			"a@1.2.3.4": "a@1.2.3.4", "a@b.c": "a@b.c", "a@@b.com": "a@@b.com", "x@y.com@z.org": "X@z.org", "dörte@bücher.example": "X",
			"user=ada@example.com,": "user=X,", "git@github.com:a/b": "X:a/b",
		},
		BearerTokens: {
			"Authorization: Bearer abc.def-1234": "Authorization: Bearer X", "bearer=deadbeefcafe==;": "bearer=X;", "the bearer of bad news": "the bearer of bad news",
			"forbearer abcdefghijk": "forbearer abcdefghijk", "Bearer": "Bearer", "BEARER  abcdefgh bearer 12345678": "BEARER  X bearer X",
		},
		JWTs: {
			"t=" + jwt + " end": "t=X end", jwe: "X", "eyJhbGciOiJIUzI1NiJ9.x": "eyJhbGciOiJIUzI1NiJ9.x", "eyJub3BlIjoxfQ.eyJ4IjoxfQ.abc": "eyJub3BlIjoxfQ.eyJ4IjoxfQ.abc",
			"a" + jwt: "a" + jwt, jwt + "," + jwt: "X,X",
		},
		PrivateKeys: {
			"key: " + pem + " end": "key: X end", "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----": "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----",
			"-----BEGIN CERTIFICATE-----x" + pem: "-----BEGIN CERTIFICATE-----xX", pem[:40]: "X", strings.ReplaceAll(pem, "\n", `\n`): "X",
			"-----BEGIN PRIVATE KEY-----": "X", pem + pem: "XX",
		},
	} {
		for in, want := range cases {
			if got := found(t, form, in); got != want {
				t.Errorf("%s in %q: %q, want %q", formNames[form], in, got, want)
			}
		}
	}
}

// The order of the detectors does not matter: where two find the same, nor where
// the second one finds something before what the first one has found.
func TestDetectorsOverlap(t *testing.T) {
	for _, forms := range [][]Form{{CardNumbers, Emails}, {Emails, CardNumbers}} {
		s := compile(t, Policy{Detect: []Detect{{What: forms[0], Do: MaskIt}, {What: forms[1], Do: MaskIt}}})
		var sc Scratch
		if got := s.Message(&sc, "x a@b.example y 4111111111111111 z c@d.example"); got != "x **** y **** z ****" {
			t.Errorf("%v: %q", forms, got)
		}
	}
	for _, forms := range [][]Form{{JWTs, BearerTokens}, {BearerTokens, JWTs}} {
		s := compile(t, Policy{Detect: []Detect{{What: forms[0], Do: Drop}, {What: forms[1], Do: Drop}}})
		var sc Scratch
		if got := s.Message(&sc, "Bearer "+jwt+" x"); got != "Bearer  x" {
			t.Errorf("%v: %q", forms, got)
		}
	}
}

// Detectors look at messages and at attributes that no rule decides about, at
// any depth.
func TestDetectEverywhere(t *testing.T) {
	r := testRing(t, testKey(t, "k1"))
	s := compileWith(t, Policy{
		Rules:  []Rule{{Key: "kept", Do: Keep}},
		Detect: []Detect{{What: Emails}, {What: CardNumbers, Do: MaskIt, Mask: KeepLast4}},
	}, r)
	const card = 4111111111111111
	mail := "mail to canary@example.com now"
	got := both(t, s.Top(),
		slog.String("s", mail), slog.Group("g", slog.String("s", mail)), slog.Any("e", fmt.Errorf("x %s: %w", mail, errors.New(mail))),
		slog.Any("l", []string{mail}), slog.Any("m", map[string]any{"a": []any{mail, card}}), slog.Int64("i", card), slog.Uint64("u", card),
		slog.String("kept", mail), slog.Any("st", fmt.Stringer(stringer{})), slog.Int("n", 42), slog.Group("kept", slog.String("in", mail)))
	for path, text := range got {
		if keep := strings.HasPrefix(path, "kept"); strings.Contains(text, "canary") != keep {
			t.Errorf("%s: %s", path, text)
		}
	}
	if got["i"] != "****1111" || got["u"] != "****1111" || got["n"] != "42" || !strings.Contains(got["m"], `"****1111"`) {
		t.Errorf("numbers: %v", got)
	}
	var sc Scratch
	message := s.Message(&sc, mail)
	from, to := findToken(message, 0)
	token, err := Parse(message[from:to])
	if err != nil || token.Path != "" || open(t, r, message[from:to]).String() != "canary@example.com" {
		t.Errorf("in the message: %v, %v", token, err)
	}
	if back, c := NewOpener(r, nil).OpenText(t.Context(), message); back != mail || c.Opened != 1 {
		t.Errorf("opened: %q, %+v", back, c)
	}
}

type stringer struct{}

func (stringer) String() string { return "from canary@example.com" }

// Texts made to take a long time do not.
func TestDetectTime(t *testing.T) {
	s := compile(t, Policy{Detect: []Detect{{What: CardNumbers}, {What: Emails}, {What: BearerTokens}, {What: JWTs}, {What: PrivateKeys}}})
	for _, unit := range []string{"eyJ", "eyJ.", "@", "a@", "a@b.", "@a.", "4", "4 ", "4111-", "bearer ", "bearer", "-----BEGIN ", "-----BEGIN PRIVATE KEY", ".", "eyJ.eyJ.eyJ.", "-----"} {
		text := strings.Repeat(unit, 200_000/len(unit))
		// The least of three: a busy machine may take a while from one, and the square of
		// the length takes minutes each time.
		const bound = 3 * time.Second
		best := time.Hour
		for try := 0; try < 3 && best > bound; try++ {
			start := time.Now()
			var sc Scratch
			s.Message(&sc, text)
			best = min(best, time.Since(start))
		}
		if best > bound {
			t.Errorf("%q repeated: %v", unit, best)
		}
	}
}

func TestMasks(t *testing.T) {
	for _, c := range []struct {
		mask Mask
		v    slog.Value
		want string
	}{
		{KeepNothing, slog.StringValue("abc"), "****"}, {KeepNothing, slog.GroupValue(slog.Int("a", 1)), "****"},
		{KeepLast4, slog.StringValue("4111111111111111"), "****1111"}, {KeepLast4, slog.IntValue(123456789), "****6789"},
		{KeepLast4, slog.StringValue("1234567"), "****"}, {KeepLast4, slog.StringValue("12345678"), "****5678"}, {KeepLast4, slog.StringValue(""), "****"},
		{KeepLast4, slog.StringValue("ääääääää"), "****ää"}, {KeepFirst4, slog.StringValue("ghp_0123456789"), "ghp_****"},
		{KeepFirst4, slog.StringValue("ghp_012"), "****"}, {KeepFirst4, slog.StringValue("日本語日本語"), "日本****"},
		{KeepDomain, slog.StringValue("ada@example.com"), "****@example.com"}, {KeepDomain, slog.StringValue("ada"), "****"}, {KeepDomain, slog.StringValue("@x"), "****"},
		{KeepNetwork, slog.StringValue("192.0.2.77"), "192.0.2.0/24"}, {KeepNetwork, slog.StringValue("2001:db8:1:2::3%eth0"), "2001:db8:1::/48"},
		{KeepNetwork, slog.StringValue("::ffff:192.0.2.77"), "192.0.2.0/24"}, {KeepNetwork, slog.StringValue("host"), "****"},
		{KeepDomain, slog.AnyValue(errors.New("a@b.example")), "****@b.example"}, {KeepDomain, slog.StringValue("a@b.example and a secret"), "****"},
		{KeepDomain, slog.StringValue("a@b.example."), "****"}, {KeepDomain, slog.StringValue("p@ss@b.example"), "****@b.example"}, {KeepLast4, slog.AnyValue(Secret("12345678")), "****5678"},
		{KeepLast4, slog.AnyValue([]string{"12345678"}), "****"},
	} {
		if got := string(appendMasked(nil, c.mask, c.v)); got != c.want {
			t.Errorf("mask %d of %v: %q, want %q", c.mask, c.v, got, c.want)
		}
	}
}
