package grpc

import (
	"math/rand/v2"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport/grpc/logpb"
)

// What encode.Protobuf writes by hand is, to the generated type, the record, and
// has the length that the generated type would have given it: nothing is missing,
// and nothing is written that stands for a default.
func TestEncodesAsGenerated(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	g := generator{rand.New(rand.NewPCG(seed, 1))}
	longer, compared := strings.Repeat("longer", 255), 0
	for range 2000 {
		rec := g.record()
		want := entryOf(&rec)
		if strings.Contains(want.String(), longer) {
			continue // the encoder cuts names and functions at 1 KiB
		}
		compared++
		line, err := encode.Protobuf{}.AppendRecord(nil, &rec)
		if err != nil {
			t.Fatal(err)
		}
		var got logpb.LogEntry
		if err := proto.Unmarshal(line, &got); err != nil {
			t.Fatal(err)
		}
		if !proto.Equal(&got, want) {
			t.Fatalf("the generated type reads\n%v\nwant\n%v", &got, want)
		}
		if len(got.ProtoReflect().GetUnknown()) > 0 || len(line) != proto.Size(want) {
			t.Fatalf("%d bytes, want %d, of which it does not know %x", len(line), proto.Size(want), got.ProtoReflect().GetUnknown())
		}
	}
	if compared < 200 {
		t.Errorf("only %d records compared", compared)
	}
}
