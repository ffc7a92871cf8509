package crypto

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
)

// encoders are all that package encode has: see TestEveryEncoder.
func encoders() map[string]encode.Encoder {
	return map[string]encode.Encoder{
		"JSONLines": encode.JSONLines{}, "ECS": encode.ECS{}, "GELF": encode.GELF{}, "Logfmt": encode.Logfmt{}, "Text": encode.Text{},
		"RFC5424": encode.RFC5424{}, "RFC3164": encode.RFC3164{}, "Journal": encode.Journal{}, "Protobuf": encode.Protobuf{}, "Pickle": encode.Pickle{},
	}
}

// A token comes through every encoder byte by byte: as an attribute, in a group,
// in a list, in a message.
func TestTokensSurviveEncoders(t *testing.T) {
	r := testRing(t, testKey(t, "k1_-Z"))
	s := compileWith(t, Policy{}, r)
	big := slog.StringValue(strings.Repeat("x", 3000))
	for name, e := range encoders() {
		t.Run(name, func(t *testing.T) {
			var tokens []string
			next := func(v slog.Value) string {
				tokens = append(tokens, seal(t, s, testID, "user.email", v))
				return tokens[len(tokens)-1]
			}
			rec := encode.Record{
				ID: testID, Time: time.Unix(1e9, 0), Level: slog.LevelInfo, Message: "mail to " + next(slog.StringValue("m")) + ", sent",
				Resource: &encode.Resource{Service: "shop", Host: "a1"},
				Attrs: []slog.Attr{
					slog.String("secret", next(slog.IntValue(5))), slog.Group("user", slog.String("email", next(big))),
					slog.Any("list", []slog.Value{slog.StringValue(next(slog.BoolValue(true)))}),
					slog.Any("json", encode.JSON(`{"a":"`+next(slog.StringValue("j"))+`"}`)),
					slog.Any("err", &encode.Error{Type: "e", Message: "bad " + next(slog.StringValue("e"))}),
				},
			}
			out, err := e.AppendRecord(nil, &rec)
			if err != nil {
				t.Fatal(err)
			}
			for i, token := range tokens {
				if !bytes.Contains(out, []byte(token)) {
					t.Errorf("token %d is not in it: %q", i, out)
				}
			}
			// What grep finds, the opener opens, without knowing the format.
			_, c := NewOpener(r, nil).OpenText(t.Context(), string(out))
			if c.Opened < uint64(len(tokens)) || c.Failed() > 0 {
				t.Errorf("opened %+v of %d: %q", c, len(tokens), out)
			}
		})
	}
}

// A new encoder has to be in the list above.
func TestEveryEncoder(t *testing.T) {
	files, err := filepath.Glob("../encode/*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv == nil || f.Name.Name != "AppendRecord" {
				continue
			}
			receiver, ok := f.Recv.List[0].Type.(*ast.Ident)
			if !ok {
				t.Errorf("%s: a receiver that is no plain type", name)
				continue
			}
			found++
			if encoders()[receiver.Name] == nil {
				t.Errorf("encode.%s is not tested with tokens", receiver.Name)
			}
		}
	}
	if found != len(encoders()) {
		t.Errorf("%d encoders are there, %d in the list", found, len(encoders()))
	}
}
