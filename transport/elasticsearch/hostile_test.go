package elasticsearch_test

import (
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/elasticsearch"
)

// pieces are the texts of S1, and of this protocol.
var pieces = []string{
	"\r", "\n", "\r\n", "\x00", "\x1b[2J", "\x7f", "\u0085", "\u2028", "\u202e", "[", "]", "{", "}", `"`, `\`, "\xff\xfe", "\xc3(", "ä", "word",
	"\n{\"delete\":{\"_index\":\"other\",\"_id\":\"1\"}}\n", "\n{\"create\":{\"_index\":\"other\"}}\n{\"forged\":1}\n", `"},"_index":"other`,
	`{"index":{}}`, "_id", "_index", "@timestamp", "a.b", "event.id", "",
}

func hostileText(rng *rand.Rand) string {
	var s strings.Builder
	for range 1 + rng.IntN(8) {
		s.WriteString(pieces[rng.IntN(len(pieces))])
	}
	return s.String()
}

// indented writes JSON over many lines, as an encoder of a user's own may.
type indented struct{ encode.ECS }

func (e indented) AppendRecord(dst []byte, rec *encode.Record) ([]byte, error) {
	doc, err := e.ECS.AppendRecord(nil, rec)
	if err != nil {
		return dst, err
	}
	var parsed any
	if err := json.Unmarshal(doc, &parsed); err != nil {
		return dst, err
	}
	doc, err = json.MarshalIndent(parsed, "\r\n", "\t")
	return append(dst, doc...), err
}

// TestS1_HostileRecords is S1 and S5: whatever is in messages, keys, values and the
// attribute that chooses the index, the server's parser finds as many documents
// as were sent, each with its ID and message, in the index that was configured,
// and nothing else.
func TestS1_HostileRecords(t *testing.T) {
	total := 3_000
	if os.Getenv("SLOGSHIP_NIGHTLY") != "" {
		total = 100_000
	}
	seed := rand.Uint64()
	if v, err := strconv.ParseUint(os.Getenv("SLOGSHIP_SEED"), 10, 64); err == nil {
		seed = v
	}
	t.Logf("seed %d (SLOGSHIP_SEED)", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for name, enc := range map[string]encode.Encoder{"ECS": nil, "labels": encode.ECS{Labels: true}, "indented": indented{}} {
		s := &server{knows: true}
		_, d := serve(t, s)
		d.Encoder, d.Index, d.IndexAttr, d.Indices = enc, "logs", "tenant", map[string]string{"word": "words"}
		tr := testkit.Open(t, d)
		want := map[string]string{}
		for first := 0; first < total; first += 500 {
			recs := batch(first, 500)
			for i := range recs {
				recs[i].Message = hostileText(rng)
				recs[i].Attrs = []slog.Attr{
					slog.String("tenant", hostileText(rng)), slog.String(hostileText(rng), hostileText(rng)), slog.String("_id", "forged"),
					slog.Group(hostileText(rng), slog.Any(hostileText(rng), []byte(hostileText(rng)))),
				}
				want[recs[i].ID.String()] = strings.ToValidUTF8(recs[i].Message, "\uFFFD")
			}
			testkit.Deliver(t, tr, recs)
		}
		got := s.stored()
		if got["logs"]+got["words"] != total || len(got) > 2 {
			t.Fatalf("%s: %d records became %v", name, total, got)
		}
		for _, docs := range s.docs {
			for id, doc := range docs {
				// Runs of invalid bytes are one U+FFFD here and several there.
				if m, err := message(doc); err != nil || squeeze(m) != squeeze(want[id]) {
					t.Fatalf("%s: %s has the message %q, %v, want %q", name, id, m, err, want[id])
				}
			}
		}
	}
}

func squeeze(s string) string {
	for strings.Contains(s, "\uFFFD\uFFFD") {
		s = strings.ReplaceAll(s, "\uFFFD\uFFFD", "\uFFFD")
	}
	return s
}

// FuzzMessage: one record is one document, with its message.
func FuzzMessage(f *testing.F) {
	for _, p := range pieces {
		f.Add(p, p)
	}
	s := &server{knows: true}
	_, d := serve(f, s)
	d.IndexAttr, d.Indices = "tenant", map[string]string{"a": "b"}
	tr, source := testkit.Open(f, d), encode.NewIDSource()
	f.Fuzz(func(t *testing.T, text, value string) {
		rec := encode.Record{ID: source.Next(day), Time: day, Message: text, Attrs: []slog.Attr{slog.String("tenant", value)}, Resource: &encode.Resource{}}
		before := len(s.ids())
		testkit.Deliver(t, tr, []encode.Record{rec})
		ids := s.ids()
		if len(ids) != before+1 || ids[before] != rec.ID.String() {
			t.Fatalf("%d documents came of one", len(ids)-before)
		}
	})
}

// ids are those of the documents in the order in which they were stored.
func (s *server) ids() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.order
}

// FuzzAnswer: whatever a server answers, Send comes back with nil or an error
// that is safe, and acknowledges only what it was told of.
func FuzzAnswer(f *testing.F) {
	for _, text := range []string{
		"", "{}", `{"items":[{"create":{"status":201}},{"create":{"status":400,"error":{"type":"a","reason":"b"}}}]}`,
		`{"took":1,"errors":true,"items":[{"create":{"status":429}}`, `{"items":[{"create":{"status":409,"error":{"type":"x"}}},{"create":null}]}`,
		`{"items":{}}`, `[]`, `{"items":[[]]}`, `{"a":{"items":[1]},"items":[{"create":{"status":201}},{"create":{"status":201}}]}x`,
	} {
		f.Add(text)
	}
	s := &server{}
	_, d := serve(f, s)
	d.SourceOnError = elasticsearch.SourceUnset
	tr := testkit.Open(f, d)
	f.Fuzz(func(t *testing.T, text string) {
		answer := answers(text)
		s.before = answer.before
		err := tr.Send(t.Context(), batch(0, 2))
		out := transport.Classify(err, 2)
		if out.Resend != 0 || out.TooLarge || out.Permanent {
			t.Fatalf("the worker sees %+v of %q", out, text)
		}
		if taken := strings.Count(text, "2") + strings.Count(text, "409"); err == nil && taken < 2 {
			t.Fatalf("acknowledged by %q", text)
		}
	})
}
