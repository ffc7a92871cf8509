package crypto

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
)

type (
	plainStruct struct {
		A int
		B []string
		T time.Time
	}
	tree struct {
		Name     string `json:"name"`
		Children []*tree
		Parent   *tree `json:",omitempty"`
		Any      any   `json:"any,omitempty"`
	}
	tagged struct {
		Secret int `slogship:"seal"`
	}
	wide struct {
		Tagged  tagged
		Pointer *tagged
		Nil     *tagged
		List    []tagged
		Array   [1]tagged
		Map     map[int]tagged
		Any     any
		*inner
	}
	inner struct {
		Promoted string `slogship:"seal"`
		Plain    int
	}
)

// What a type may hold is known from the type.
func TestHides(t *testing.T) {
	for _, c := range []struct {
		x    any
		want bool
	}{
		{plainStruct{}, false}, {&plainStruct{}, false}, {time.Time{}, false}, {1, false}, {"", false}, {[]string{}, false}, {map[string]int{}, false},
		{tagged{}, true}, {&tagged{}, true}, {[]tagged{}, true}, {map[string][]*tagged{}, true}, {wide{}, true}, {inner{}, true},
		{[]any{}, true}, {map[string]any{}, true}, {tree{}, true}, {SecretValue{}, true}, {[]error{}, true},
		{struct{ a tagged }{}, false}, {struct {
			A tagged `json:"-"`
		}{}, false}, {func() {}, false}, {make(chan tagged), false},
	} {
		var types typeCache
		for range 2 { // the second answer is from the cache
			if got := types.hides(reflect.TypeOf(c.x)); got != c.want {
				t.Errorf("%T: %v, want %v", c.x, got, c.want)
			}
		}
	}
}

// A value in which there is nothing to hide is left to be logged as it is.
func TestExpandOnlyWhatHolds(t *testing.T) {
	loop := &tree{Name: "loop"}
	loop.Parent = loop
	for _, x := range []any{
		nil, 1, plainStruct{}, tree{Name: "x", Children: []*tree{{Name: "y"}}}, []any{1, "x", nil, errors.New("e")}, map[string]any{"a": []any{plainStruct{}}},
		(*tagged)(nil), []*tagged{nil}, map[string]*tagged{"a": nil}, wide{}.Any,
	} {
		var types typeCache
		if v, ok := expand(slog.AnyValue(x), &types); ok {
			t.Errorf("%T is expanded: %v", x, v)
		}
	}
	// One without an end is, since nobody can look at all of it.
	var types typeCache
	if _, ok := expand(slog.AnyValue(loop), &types); !ok {
		t.Error("a loop is left to encoding/json")
	}
}

// What is expanded has the names and the order of fields that encoding/json
// gives it, but for what is hidden.
func TestExpandNames(t *testing.T) {
	x := wide{
		Tagged: tagged{1}, Pointer: &tagged{2}, List: []tagged{{3}}, Array: [1]tagged{{4}}, Map: map[int]tagged{6: {6}, 5: {5}},
		Any: map[string]any{"deep": []any{&tagged{7}, 8}}, inner: &inner{"p", 9},
	}
	var types typeCache
	v, ok := expand(slog.AnyValue(x), &types)
	if !ok {
		t.Fatal("not expanded")
	}
	want, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	// revealed, it says what encoding/json says of the struct.
	if got := valueJSON(normal(reveal(v))); string(got) != string(want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	hidden := map[string]bool{}
	for path, text := range flat([]slog.Attr{{Key: "x", Value: v}}) {
		hidden[path] = text == MarkSecret
	}
	for _, path := range []string{"x.Tagged.Secret", "x.Pointer.Secret", "x.Map.5.Secret", "x.Promoted"} {
		if !hidden[path] {
			t.Errorf("%s is not hidden: %v", path, hidden)
		}
	}
	if hidden["x.Plain"] || hidden["x.Nil"] {
		t.Errorf("too much is hidden: %v", hidden)
	}
}

// A tag's word is the action; one that is not known seals.
func TestTagActions(t *testing.T) {
	type all struct {
		A int `slogship:"seal"`
		B int `slogship:"mask"`
		C int `slogship:"hash"`
		D int `slogship:"drop"`
		E int `slogship:""`
		F int `slogship:"Mask,x"`
		G int `other:"seal"`
	}
	want := []Action{Seal, MaskIt, Hash, Drop, Seal, Seal}
	typ := reflect.TypeFor[all]()
	for i, do := range want {
		if f := typ.Field(i); !hasTag(f) || tagAction(f) != do {
			t.Errorf("%s: %v, want %v", f.Tag, tagAction(f), do)
		}
	}
	if hasTag(typ.Field(len(want))) {
		t.Error("another tag is taken for ours")
	}
}

// Values that panic, or change while they are looked at through methods, are no
// matter: no method is called.
func TestExpandCallsNoMethods(t *testing.T) {
	got := both(t, compile(t, Policy{}).Top(), slog.Any("x", &shouting{Secret: 5}))
	if !isToken(got["x.Secret"]) {
		t.Errorf("got %v", got)
	}
}

type shouting struct {
	Secret int `slogship:"seal"`
}

func (s *shouting) MarshalJSON() ([]byte, error) { panic(fmt.Sprint("secret ", s.Secret)) }
func (s *shouting) String() string               { panic(fmt.Sprint("secret ", s.Secret)) }

// A secret is sealed also where a pointer leads to it, at the top as elsewhere.
func TestSecretBehindPointer(t *testing.T) {
	secret := Secret("canary")
	pointer := &secret
	for _, p := range []Policy{{}, {Rules: []Rule{{Key: "other"}}}, {Rules: []Rule{{Key: "x", Do: Keep}}}, {Detect: []Detect{{What: Emails}}}} {
		s := compile(t, p)
		for what, x := range map[string]any{"once": pointer, "twice": &pointer} {
			for path, text := range both(t, s.Top(), slog.Any("x", x), slog.Group("g", slog.Any("x", x))) {
				if !isToken(text) || open(t, s.keys, text).String() != "canary" {
					t.Errorf("%+v: %s, %s: %s", p, what, path, text)
				}
			}
		}
	}
}

// taggedError is an error with a tag, and with no end.
type taggedError struct {
	Code  int
	Token string `slogship:"seal"`
	Self  *taggedError
}

func (e *taggedError) Error() string { return fmt.Sprintf("code %d", e.Code) }

// An error is its text under every policy and wherever it stands, as the package
// comment says: its tags have no effect, and nothing of its fields is shown.
func TestErrorsAreTheirText(t *testing.T) {
	err := &taggedError{Code: 5, Token: "canary"}
	err.Self = err
	for _, p := range []Policy{{}, {Rules: []Rule{{Key: "other"}}}, {Rules: []Rule{{Key: "x", Do: Keep}}}, {Detect: []Detect{{What: Emails}}}} {
		got := both(t, compile(t, p).Top(), slog.Any("x", err), slog.Group("g", slog.Any("x", err)), slog.Any("l", []slog.Value{slog.AnyValue(err)}))
		for path, text := range got {
			if text != "code 5" {
				t.Errorf("%+v: %s: %s", p, path, text)
			}
		}
		if len(got) != 3 {
			t.Errorf("%+v: %v", p, got)
		}
	}
	s := compile(t, Policy{Rules: []Rule{{Key: "x"}}})
	sealed := open(t, s.keys, both(t, s.Top(), slog.Any("x", err))["x"])
	if e, ok := sealed.Any().(*encode.Error); !ok || e.Message != "code 5" {
		t.Errorf("sealed and opened: %v", sealed)
	}
}
