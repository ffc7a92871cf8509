package encode_test

import (
	"log/slog"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
)

// A clone is equal, and no byte of it lies where the record's bytes lie: the
// delivery worker decodes the next batch into that memory.
func TestCloneSharesNothing(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 7))
	for range 2000 {
		rec := (&gen{data: randomBytes(rnd, 200)}).record()
		rec.Attrs = append(rec.Attrs, slog.Any("all", []slog.Value{
			slog.StringValue(strings.Clone("s")), slog.AnyValue([]byte("b")), slog.AnyValue(encode.JSON("1")), slog.AnyValue(&encode.Error{Message: strings.Clone("e")}),
			slog.GroupValue(slog.String(strings.Clone("k"), strings.Clone("v"))),
		}))
		clone := rec.Clone()
		if a, b := encodeLine(t, encode.JSONLines{}, rec), encodeLine(t, encode.JSONLines{}, &clone); a != b {
			t.Fatalf("clone differs:\n%s\n%s", a, b)
		}
		theirs := make(map[uintptr]bool)
		memory(reflect.ValueOf(rec), func(p uintptr) { theirs[p] = true })
		if len(theirs) == 0 {
			t.Fatal("nothing found in the record")
		}
		memory(reflect.ValueOf(&clone), func(p uintptr) {
			if theirs[p] {
				t.Fatalf("clone shares %x: %+v", p, rec)
			}
		})
	}
}

// memory calls f with where each string, slice and pointer in v points to.
// slog.Value keeps its text behind unexported fields, so those are asked for
// through its methods.
func memory(v reflect.Value, f func(uintptr)) {
	if value, ok := v.Interface().(slog.Value); ok {
		switch value.Kind() {
		case slog.KindString:
			memory(reflect.ValueOf(value.String()), f)
		case slog.KindGroup:
			memory(reflect.ValueOf(value.Group()), f)
		case slog.KindAny:
			if x := value.Any(); x != nil && reflect.TypeOf(x).Kind() != reflect.Struct {
				memory(reflect.ValueOf(x), f)
			}
		}
		return
	}
	switch v.Kind() {
	case reflect.String:
		if v.Len() > 0 {
			f(v.Pointer())
		}
	case reflect.Pointer:
		if !v.IsNil() {
			f(v.Pointer())
			memory(v.Elem(), f)
		}
	case reflect.Slice:
		if v.Len() > 0 {
			f(v.Pointer())
		}
		for i := range v.Len() {
			memory(v.Index(i), f)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				memory(v.Field(i), f)
			}
		}
	}
}
