package crypto

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
)

// jsonOf is what slog's own JSON handler writes of a record with these
// attributes.
func jsonOf(t *testing.T, attrs ...slog.Attr) map[string]any {
	t.Helper()
	var b strings.Builder
	slog.New(slog.NewJSONHandler(&b, nil)).LogAttrs(t.Context(), slog.LevelInfo, "m", attrs...)
	var out map[string]any
	if err := json.Unmarshal([]byte(b.String()), &out); err != nil {
		t.Fatal(err)
	}
	delete(out, "time")
	return out
}

// What another handler gets has the form that the value would have had, with
// tokens in it; and after opening it is what it was.
func TestNextHandlers(t *testing.T) {
	type login struct {
		User     string `json:"user"`
		Password string `json:"password"`
		Pin      int    `json:"pin" slogship:"seal"`
	}
	r := testRing(t, testKey(t, "k1"))
	s := compileWith(t, Policy{Rules: []Rule{{Key: "password"}}, Detect: []Detect{{What: Emails}}}, r)
	attrs := []slog.Attr{
		slog.Any("struct", login{"u", "canary", 4711}), slog.Any("map", map[string]any{"password": "canary", "a": []any{1.5, "x", nil}}),
		slog.Any("err", fmt.Errorf("to canary@example.com: %w", errors.New("cause"))), slog.Any("list", []any{1, "canary@example.com", map[string]any{"password": "canary"}}),
		slog.Any("structs", []login{{"u", "canary", 1}}), slog.Group("g", slog.Any("map", map[string]string{"password": "canary"})),
		slog.Any("strings", []string{"a", "canary@example.com"}),
	}
	var sc Scratch
	var next []slog.Attr
	for _, a := range attrs {
		a, _ := s.Top().Attr(&sc, a)
		next = append(next, a)
	}
	text, err := json.Marshal(jsonOf(t, next...))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "canary") || strings.Count(string(text), Prefix) != 10 {
		t.Errorf("%d tokens: %s", strings.Count(string(text), Prefix), text)
	}
	opened, c, err := NewOpener(r, nil).OpenJSON(t.Context(), text)
	if err != nil || c.Failed() > 0 {
		t.Fatal(err, c)
	}
	var got map[string]any
	if err := json.Unmarshal(opened, &got); err != nil {
		t.Fatal(err)
	}
	if want := jsonOf(t, attrs...); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if err, ok := next[2].Value.Any().(error); !ok || !strings.Contains(err.Error(), Prefix) {
		t.Errorf("the error is %T", next[2].Value.Any())
	}
}

// Without rules and detectors, values are the very ones that were logged. With
// them, errors are, and what was in the closed set stays in it, for encoders.
func TestNextGetsOthersAsTheyAre(t *testing.T) {
	var sc Scratch
	check := func(s *Sealer, xs ...any) {
		t.Helper()
		for _, x := range xs {
			a, ok := s.Top().Attr(&sc, slog.Any("x", x))
			if !ok || !reflect.DeepEqual(a.Value.Any(), x) || reflect.TypeOf(a.Value.Any()) != reflect.TypeOf(x) {
				t.Errorf("%T: %#v, %v", x, a.Value.Any(), ok)
			}
		}
	}
	errs := []any{errors.New("e"), fmt.Errorf("a: %w", errors.New("b")), &encode.Error{Message: "m", Causes: []*encode.Error{{Message: "c"}}}}
	closed := []any{[]slog.Value{slog.IntValue(1)}, encode.JSON("{}"), []byte("b"), nil}
	check(compile(t, Policy{}), &struct{ A int }{1}, map[string]any{"a": 1}, []any{1, "x"}, json.RawMessage("1"))
	strict := compile(t, Policy{Rules: []Rule{{Key: "password"}}, Detect: []Detect{{What: Emails}}})
	for _, s := range []*Sealer{compile(t, Policy{}), strict} {
		check(s, append(errs, closed...)...)
	}
	for _, x := range []any{encode.JSON(`{"password":1}`), &encode.Error{Message: "a@example.com"}, []slog.Value{slog.StringValue("a@example.com")}} {
		a, _ := strict.Top().Attr(&sc, slog.Any("x", x))
		if reflect.TypeOf(a.Value.Any()) != reflect.TypeOf(x) || reflect.DeepEqual(a.Value.Any(), x) {
			t.Errorf("%T: %#v", x, a.Value.Any())
		}
	}
}

// What the buffer leaves out does not come out at another handler, which might
// print it: fields that are not exported, errors in maps.
func TestNextGetsNoMoreThanTheBuffer(t *testing.T) {
	s := compile(t, Policy{Rules: []Rule{{Key: "password", Do: MaskIt}}})
	var sc Scratch
	for _, x := range []any{
		struct{ password string }{"canary"}, struct {
			A string `json:"-"`
			B int
		}{"canary", 1}, map[string]any{"password": errors.New("canary")}, []any{&struct{ password any }{"canary"}},
	} {
		a, _ := s.Top().Attr(&sc, slog.Any("x", x))
		var b strings.Builder
		slog.New(slog.NewTextHandler(&b, nil)).LogAttrs(t.Context(), slog.LevelInfo, "m", a)
		if strings.Contains(b.String(), "canary") {
			t.Errorf("%T: %s", x, b.String())
		}
	}
}

// A value of which not all could be looked at is not the one that was logged.
func TestNextDoesNotGetTheRest(t *testing.T) {
	s := compile(t, Policy{Rules: []Rule{{Key: "password"}}})
	list := []any{}
	for range maxNodes + 10 {
		list = append(list, 1)
	}
	list = append(list, map[string]any{"password": "canary"})
	var sc Scratch
	a, _ := s.Top().Attr(&sc, slog.Any("x", list))
	if text := fmt.Sprint(a.Value.Any()); strings.Contains(text, "canary") {
		t.Error("what was not looked at is passed on")
	}
}
