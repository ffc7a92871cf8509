package crypto

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
)

// Rules reach into what structs and maps are logged as.
func TestRulesInsideJSON(t *testing.T) {
	r := testRing(t, testKey(t, "k1"))
	s := compileWith(t, Policy{Rules: []Rule{{Key: "password"}, {Path: "x.n"}, {Key: "gone", Do: Drop}, {Key: "m", Do: MaskIt, Mask: KeepLast4}, {Key: "kept", Do: Keep}}}, r)
	for in, want := range map[string]string{
		`{"a":1}`:          "",
		`{"password":"p"}`: `{"password":TOKEN}`,
		`{"a":[{"password":null},{"b":2}],"c":3}`: `{"a":[{"password":TOKEN},{"b":2}],"c":3}`,
		`{"gone":1}`:                                       `{}`,
		`{"gone":1,"a":2}`:                                 `{"a":2}`,
		`{"a":2,"gone":[1,{"b":2}]}`:                       `{"a":2}`,
		`{"gone":1,"gone":2,"a":3,"gone":4}`:               `{"a":3}`,
		`{"gone":1, "gone":2 , "password":3}`:              `{"password":TOKEN}`,
		`{"n":{"deep":1},"a":"b"}`:                         `{"n":TOKEN,"a":"b"}`,
		`{"p\u0061ssword":true}`:                           `{"p\u0061ssword":TOKEN}`,
		`{"PASSWORD":"x\"y\\"}`:                            `{"PASSWORD":TOKEN}`,
		`{"m":"12345678"}`:                                 `{"m":"****5678"}`,
		`[1,"password",{"password":1}]`:                    `[1,"password",{"password":TOKEN}]`,
		`{"kept":1,"password":2,"x":{"kept":[{"a":"b"}]}}`: `{"kept":1,"password":TOKEN,"x":{"kept":[{"a":"b"}]}}`,
		`"password"`:                                       "",
		`{"":{"password":1}}`:                              `{"":{"password":TOKEN}}`,
		`{"a.password":1,"b":{"c":{}}}`:                    `{"a.password":TOKEN,"b":{"c":{}}}`,
	} {
		got := both(t, s.Top(), slog.Any("x", encode.JSON(in)))["x"]
		if !json.Valid([]byte(got)) {
			t.Errorf("%s: not JSON: %s", in, got)
		}
		if want == "" {
			want = in
		}
		if masked := withoutTokens(t, r, got); masked != strings.ReplaceAll(want, "TOKEN", `"T"`) {
			t.Errorf("%s: got %s, want %s", in, masked, want)
		}
	}
}

// withoutTokens writes T for each token, which has to open.
func withoutTokens(t *testing.T, r *Keyring, text string) string {
	for {
		from, to := findToken(text, 0)
		if from < 0 {
			return text
		}
		open(t, r, text[from:to])
		text = text[:from] + "T" + text[to:]
	}
}

// Structs by encoding/json, maps and whatever marshals itself.
func TestRulesInsideValues(t *testing.T) {
	type login struct {
		User     string `json:"user"`
		Password string `json:"password"`
	}
	s := compile(t, Policy{Rules: []Rule{{Key: "password"}}})
	for _, x := range []any{
		login{"u", "canary"}, &login{"u", "canary"}, map[string]string{"password": "canary"}, []login{{"u", "canary"}},
		map[string]any{"a": []any{map[string]any{"password": "canary"}}}, json.RawMessage(`{"password":"canary"}`),
		[]any{login{"u", "canary"}}, map[string]login{"x": {"u", "canary"}},
	} {
		got := fmt.Sprint(both(t, s.Top(), slog.Any("x", x)))
		if strings.Contains(got, "canary") || !isToken(got) {
			t.Errorf("%T: %v", x, got)
		}
	}
}

// jsonModel does with the members of one name, in a parsed document, what a rule
// does.
func jsonModel(v any, name string, drop bool) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, e := range v {
			switch {
			case k != name:
				out[k] = jsonModel(e, name, drop)
			case !drop:
				out[k] = "T"
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = jsonModel(e, name, drop)
		}
		return out
	}
	return v
}

func randomJSON(rnd *rand.Rand, depth int) string {
	space := strings.Repeat(" ", rnd.IntN(2))
	switch n := rnd.IntN(8); {
	case n < 3 && depth < 5:
		var members []string
		for _, i := range rnd.Perm(5)[:rnd.IntN(5)] {
			name := []string{"gone", "secret", "a", `b\"`, "c"}[i]
			members = append(members, space+`"`+name+`"`+space+":"+space+randomJSON(rnd, depth+1)+space)
		}
		return "{" + strings.Join(members, ",") + space + "}"
	case n == 3 && depth < 5:
		var elements []string
		for range rnd.IntN(4) {
			elements = append(elements, space+randomJSON(rnd, depth+1)+space)
		}
		return "[" + strings.Join(elements, ",") + space + "]"
	default:
		return []string{"1", `"x"`, `"a\"}],{"`, "null", "true", "-1.5e3", `""`}[rnd.IntN(7)]
	}
}

// Random documents against a model that parses them.
func TestJSONAgainstModel(t *testing.T) {
	rnd := random(t)
	r := testRing(t, testKey(t, "k1"))
	sealer := compileWith(t, Policy{Rules: []Rule{{Key: "secret"}}}, r)
	dropper := compileWith(t, Policy{Rules: []Rule{{Key: "gone", Do: Drop}}}, r)
	for range 3000 {
		doc := randomJSON(rnd, 0)
		sealed := applyTo(t, sealer, doc)
		same(t, doc, withoutTokens(t, r, sealed), "secret", false)
		same(t, doc, applyTo(t, dropper, doc), "gone", true)
		// Opened, it is what it was.
		opened, counts, err := NewOpener(r, nil).OpenJSON(t.Context(), []byte(sealed))
		if err != nil || counts.Failed() > 0 {
			t.Fatal(err, counts)
		}
		same(t, doc, string(opened), "", false)
	}
}

func applyTo(t *testing.T, s *Sealer, doc string) string {
	var sc Scratch
	return string(s.Top().json(&sc, s.Top().find("x"), encode.JSON(doc)))
}

// same checks that got is what the model makes of doc.
func same(t *testing.T, doc, got, name string, drop bool) {
	t.Helper()
	var have, want any
	if err := json.Unmarshal([]byte(got), &have); err != nil {
		t.Fatalf("%s: %s: %v", doc, got, err)
	}
	if err := json.Unmarshal([]byte(doc), &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(have, jsonModel(want, name, drop)) {
		t.Fatalf("%s: got %s", doc, got)
	}
}
