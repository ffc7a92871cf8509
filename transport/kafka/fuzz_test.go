package kafka

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"log/slog"
	"testing"
	"time"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/slogship/slogship/encode"
)

// plain writes the message alone.
type plainText struct{}

func (plainText) AppendRecord(dst []byte, rec *encode.Record) ([]byte, error) {
	return append(dst, rec.Message...), nil
}
func (plainText) ContentType() string { return "text/plain" }

// Whatever a record holds, a parser that is not ours reads the same number of
// messages, with the same keys, values and headers (S1, S5).
func FuzzBatch(f *testing.F) {
	f.Add("one", "key", "two", int64(0), byte(1))
	f.Add("", "", "a\r\n\x00\x1b\u2028", int64(-1), byte(0))
	f.Add("\xff\xfe", "\x00", "{\"msg\":\"forged\"}", int64(1)<<62, byte(255))
	f.Fuzz(func(t *testing.T, first, key, second string, at int64, trace byte) {
		s := &sender{dest: &Destination{Encoder: plainText{}}, key: "key"}
		topic := newTopic(1)
		recs := []encode.Record{
			{ID: encode.ID{1}, Message: first, Time: time.Unix(0, at), Attrs: []slog.Attr{slog.String("key", key)}},
			{ID: encode.ID{2}, Message: second, Level: slog.Level(at), Trace: encode.Trace{TraceID: [16]byte{trace}}},
		}
		for i := range recs {
			if err := s.messages.add(s, &recs[i], topic); err != nil {
				t.Fatal(err)
			}
		}
		set := protocol.RecordSet{Version: 2, Records: &reader{messages: &s.messages, contentType: []byte("text/plain"), indices: []int{0, 1}}}
		var out bytes.Buffer
		if _, err := set.WriteTo(&out); err != nil {
			t.Fatal(err)
		}
		got := parseBatch(t, out.Bytes()[4:]) // behind its length
		for i, r := range got {
			if string(r.Value) != recs[i].Message || string(r.Headers[0].Value) != recs[i].ID.String() || string(r.Headers[1].Value) != encode.LevelName(recs[i].Level) {
				t.Errorf("message %d is %+v", i, r)
			}
			if traced := len(r.Headers) == 4; traced != (recs[i].Trace.TraceID != [16]byte{}) {
				t.Errorf("message %d has %d headers", i, len(r.Headers))
			}
		}
		if string(got[0].Key) != key || (got[0].Key == nil) != (key == "") || got[1].Key != nil {
			t.Errorf("keys %q and %q, want %q and none", got[0].Key, got[1].Key, key)
		}
	})
}

// parseBatch reads the two messages of a batch and checks its sum.
func parseBatch(t *testing.T, raw []byte) [2]kmsg.Record {
	t.Helper()
	var b kmsg.RecordBatch
	if err := b.ReadFrom(raw); err != nil {
		t.Fatal(err)
	}
	if sum := crc32.Checksum(raw[21:], crc32.MakeTable(crc32.Castagnoli)); int32(sum) != b.CRC || b.NumRecords != 2 || b.LastOffsetDelta != 1 {
		t.Fatalf("sum %x, want %x; %d records", b.CRC, sum, b.NumRecords)
	}
	var got [2]kmsg.Record
	rest := b.Records
	for i := range got {
		size, n := binary.Varint(rest)
		if err := got[i].ReadFrom(rest[:n+int(size)]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n+int(size):]
	}
	if len(rest) > 0 {
		t.Fatalf("%d bytes are left", len(rest))
	}
	return got
}
