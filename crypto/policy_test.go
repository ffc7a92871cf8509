package crypto

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestPolicyRefuses(t *testing.T) {
	key := testKey(t, "k1")
	ring := testRing(t, key)
	hash := &SealerOptions{HashKey: testKey(t, "h1")}
	for name, c := range map[string]struct {
		p    Policy
		ring *Keyring
		o    *SealerOptions
	}{
		"no name":           {Policy{Rules: []Rule{{}}}, ring, hash},
		"two names":         {Policy{Rules: []Rule{{Path: "a", Key: "b"}}}, ring, hash},
		"an empty name":     {Policy{Rules: []Rule{{Path: "a..b"}}}, ring, hash},
		"a dot at the end":  {Policy{Rules: []Rule{{Path: "a."}}}, ring, hash},
		"a dot in front":    {Policy{Rules: []Rule{{Key: ".a"}}}, ring, hash},
		"no such action":    {Policy{Rules: []Rule{{Key: "a", Do: 9}}}, ring, hash},
		"no such mask":      {Policy{Rules: []Rule{{Key: "a", Do: MaskIt, Mask: 9}}}, ring, hash},
		"mask without Mask": {Policy{Rules: []Rule{{Key: "a", Do: Seal, Mask: KeepLast4}}}, ring, hash},
		"no keyring":        {Policy{Rules: []Rule{{Key: "a"}}}, nil, hash},
		"no hash key":       {Policy{Rules: []Rule{{Key: "a", Do: Hash}}}, ring, nil},
		"no such form":      {Policy{Detect: []Detect{{What: 77}}}, ring, hash},
		"the zero form":     {Policy{Detect: []Detect{{}}}, ring, hash},
		"detect, no key":    {Policy{Detect: []Detect{{What: JWTs}}}, nil, hash},
		"long service":      {Policy{}, ring, &SealerOptions{Service: strings.Repeat("s", 256)}},
		"one key for both":  {Policy{}, ring, &SealerOptions{HashKey: key}},
	} {
		if s, err := c.p.Compile(c.ring, c.o); !errors.Is(err, ErrPolicy) || s != nil {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
	if _, err := (Policy{Rules: []Rule{{Key: "a", Do: Drop}}}).Compile(nil, nil); err != nil {
		t.Errorf("a policy that needs no key: %v", err)
	}
}

func TestPolicyEqual(t *testing.T) {
	a := &Policy{Rules: []Rule{{Key: "a"}}}
	b := &Policy{Rules: []Rule{{Key: "a"}}}
	c := &Policy{Rules: []Rule{{Key: "a", Do: Drop}}}
	if !a.Equal(b) || a.Equal(c) || a.Equal(nil) || !(*Policy)(nil).Equal(nil) {
		t.Error("Equal is wrong")
	}
}

// matched says which of the paths a rule covers: those that are dropped.
func TestPaths(t *testing.T) {
	for _, c := range []struct{ rule, hit, miss string }{
		{"path a", "a A a.b a.b.c", "b ab b.a"},
		{"path a.b", "a.b a.b.c A.B", "a b a.c x.a.b"},
		{"path *.b", "a.b x.b.c", "b a.c a.x.b"},
		{"path a.*.c", "a.b.c a.x.c.d", "a.c a.b.d"},
		{"path **.c", "c a.c a.b.c c.x", "a cc"},
		{"path a.**.d", "a.d a.b.d a.b.c.d", "d a.b"},
		{"path a.**", "a a.b a.b.c", "b b.a"},
		{"path **", "a a.b", ""},
		{"path *tok*", "token mytoken tok TOKEN", "a.token to"},
		{"path *", "a b.c", ""},
		{"key password", "password a.password PassWord a.password.b", "passwords apassword"},
		{"key *token*", "token access_token a.tokens x.Token.y", "a.tok.en"},
		{"key http.auth", "http.auth a.http.auth", "http auth a.auth"},
		{"key pass*word*", "password passXXword passwordword", "pasword wordpass"},
		{"key k", "k K \u212a", "kk"}, // the sign for kelvin is a k to all who fold case
		{"key straße", "straße STRAßE", "strasse"},
	} {
		kind, name, _ := strings.Cut(c.rule, " ")
		rule := Rule{Path: name, Do: Drop}
		if kind == "key" {
			rule = Rule{Key: name, Do: Drop}
		}
		s := compile(t, Policy{Rules: []Rule{rule}})
		for _, path := range strings.Fields(c.hit) {
			if ways := covered(t, s, path); ways != "flat groups with" {
				t.Errorf("%s does not cover %s as %q", c.rule, path, ways)
			}
		}
		for _, path := range strings.Fields(c.miss) {
			if ways := covered(t, s, path); ways != "" {
				t.Errorf("%s covers %s as %q", c.rule, path, ways)
			}
		}
	}
}

// covered says in which forms an attribute at path is dropped: as a key with
// dots, as groups, as the handler's groups with a key.
func covered(t *testing.T, s *Sealer, path string) string {
	var ways []string
	if len(both(t, s.Top(), slog.Int(path, 1))) == 0 {
		ways = append(ways, "flat")
	}
	names := strings.Split(path, ".")
	last := len(names) - 1
	a := slog.Int(names[last], 1)
	for i := last - 1; i >= 0; i-- {
		a = slog.Attr{Key: names[i], Value: slog.GroupValue(a)}
	}
	if len(both(t, s.Top(), a)) == 0 {
		ways = append(ways, "groups")
	}
	g := s.Top()
	for _, name := range names[:last] {
		g = g.Group(name)
	}
	if len(both(t, g, slog.Int(names[last], 1))) == 0 {
		ways = append(ways, "with")
	}
	return strings.Join(ways, " ")
}

// The first rule that matches decides, inside a group that a later one covers,
// too.
func TestOrderOfRules(t *testing.T) {
	s := compile(t, Policy{Rules: []Rule{
		{Path: "user.id", Do: Keep}, {Key: "card", Do: MaskIt, Mask: KeepLast4}, {Path: "user"}, {Path: "user.name", Do: Drop},
	}})
	got := both(t, s.Top(), slog.Group("user",
		slog.Int("id", 7), slog.String("card", "4111111111111111"), slog.String("name", "Ada"), slog.Group("address", slog.String("city", "Ulm"))))
	if got["user.id"] != "7" || got["user.card"] != "****1111" || !isToken(got["user.name"]) || !isToken(got["user.address.city"]) {
		t.Errorf("got %v", got)
	}
	// Without exceptions inside, a group is sealed in one piece.
	s = compile(t, Policy{Rules: []Rule{{Path: "user"}}})
	if got := both(t, s.Top(), slog.Group("user", slog.Int("id", 7))); !isToken(got["user"]) {
		t.Errorf("got %v", got)
	}
}

// What becomes of a value does not depend on what was asked for before, nor on
// how many keys there were: the cache forgets, and never errs.
func TestManyKeys(t *testing.T) {
	s := compile(t, Policy{Rules: []Rule{{Key: "*7", Do: Drop}, {Path: "g*.x*1", Do: Drop}}})
	for round := range 3 {
		for i := range 5000 {
			key := fmt.Sprintf("key%d", i)
			if gone := len(both(t, s.Top(), slog.Int(key, i))) == 0; gone != (i%10 == 7) {
				t.Fatalf("round %d: %s dropped: %v", round, key, gone)
			}
			group, inner := fmt.Sprintf("g%d", i), fmt.Sprintf("x%d", i+round)
			want := (i+round)%10 == 1 || (i+round)%10 == 7 || i%10 == 7
			if gone := len(both(t, s.Top(), slog.Group(group, slog.Int(inner, i)))) == 0; gone != want {
				t.Fatalf("round %d: %s.%s dropped: %v", round, group, inner, gone)
			}
		}
	}
	if n := s.groups.Load(); n > maxGroups {
		t.Errorf("%d groups are kept, want at most %d", n, maxGroups)
	}
}

// A pattern with many stars takes no time that somebody's key could stretch.
func TestGlobTime(t *testing.T) {
	p := strings.Repeat("*a", 50) + "b"
	start := time.Now()
	if glob(p, strings.Repeat("a", 10000)) {
		t.Error("matched")
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("took %v", d)
	}
}
