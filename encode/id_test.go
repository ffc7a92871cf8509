package encode_test

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
)

var (
	_ encoding.TextUnmarshaler = (*encode.ID)(nil)
	_ encoding.TextMarshaler   = encode.ID{}
	_ encoding.TextAppender    = encode.ID{}
)

func TestIDText(t *testing.T) {
	for range 1000 {
		var id encode.ID
		for i := range id {
			id[i] = byte(rand.Uint32())
		}
		want := fmt.Sprintf("%x-%x-%x-%x-%x", id[0:4], id[4:6], id[6:8], id[8:10], id[10:16])
		if got := id.String(); got != want {
			t.Fatalf("String of % x = %s, want %s", id[:], got, want)
		}
		for _, text := range []string{want, strings.ToUpper(want)} {
			back, err := encode.ParseID(text)
			if err != nil || back != id {
				t.Fatalf("ParseID(%s) = %s, %v", text, back, err)
			}
		}
	}
}

func TestIDAsJSON(t *testing.T) {
	id := encode.ID{0: 1, 15: 0xfe}
	b, err := json.Marshal(map[string]any{"id": id})
	if err != nil {
		t.Fatal(err)
	}
	var back struct{ ID encode.ID }
	if err := json.Unmarshal(b, &back); err != nil || back.ID != id {
		t.Fatalf("%s came back as %s, %v", b, back.ID, err)
	}
	if text, _ := id.AppendText([]byte("x")); string(text) != "x"+id.String() {
		t.Fatalf("AppendText = %s", text)
	}
}

func TestParseIDRefuses(t *testing.T) {
	const good = "019ab0f2-6f1b-7c3e-9d2a-0242ac120002"
	bad := []string{
		"", "-", good[1:], good + "0", strings.Repeat("0", 36), strings.ReplaceAll(good, "-", ""),
		"{" + good[1:35] + "}", strings.Replace(good, "f", "g", 1), strings.Replace(good, "-", "_", 1),
		good[:35] + "-", "019ab0f-26f1b-7c3e-9d2a-0242ac120002", strings.Repeat("é", 18), strings.Repeat("x", 1<<20),
	}
	for _, s := range bad {
		id, err := encode.ParseID(s)
		if !errors.Is(err, encode.ErrID) {
			t.Errorf("ParseID(%.50q) = %s, %v, want ErrID", s, id, err)
		}
		if err != nil && len(err.Error()) > 400 {
			t.Errorf("ParseID of %d bytes: error of %d bytes", len(s), len(err.Error()))
		}
	}
	id := encode.ID{1, 2, 3}
	if err := id.UnmarshalText([]byte("nonsense")); err == nil || id != (encode.ID{1, 2, 3}) {
		t.Errorf("a failed UnmarshalText left %s, %v", id, err)
	}
}

func FuzzParseID(f *testing.F) {
	f.Add("019ab0f2-6f1b-7c3e-9d2a-0242ac120002")
	f.Add("019ab0f2-6f1b-7c3e-9d2a-0242ac12000-")
	f.Fuzz(func(t *testing.T, s string) {
		if id, err := encode.ParseID(s); err == nil && id.String() != strings.ToLower(s) {
			t.Errorf("ParseID(%q) = %s", s, id)
		}
	})
}
