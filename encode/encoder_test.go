package encode_test

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"

	"github.com/slogship/slogship/encode"
)

// encoders are all of this package, with options that differ.
func encoders() []encode.Encoder {
	return []encode.Encoder{
		encode.JSONLines{},
		encode.JSONLines{Keys: encode.Keys{Message: "message"}, Errors: encode.ErrorMessage, Duration: encode.DurationText},
		encode.Logfmt{},
		encode.Text{},
		encode.Text{Color: true, Multiline: true, ID: true, Trace: true, Resource: true},
		encode.ECS{},
		encode.ECS{Labels: true, Nanos: true, Duration: encode.DurationText, Bytes: encode.BytesHex},
		encode.GELF{},
		encode.GELF{Host: "h", Strings: true, Duration: encode.DurationText},
		encode.Pickle{},
		encode.Pickle{Duration: encode.DurationSeconds, Bytes: encode.BytesText},
		encode.Protobuf{},
		encode.Protobuf{NoResource: true},
		encode.RFC5424{},
		encode.RFC5424{Message: encode.SyslogCEE, Clock: encode.ClockOmitted},
		encode.RFC3164{},
		encode.RFC3164{Message: encode.SyslogCEE, OmitHost: true, UTC: true},
		encode.Journal{},
	}
}

func binaryType(contentType string) bool {
	return contentType == "application/x-protobuf" || contentType == "application/vnd.fdo.journal"
}

// The sentences of the Encoder contract, one case each.
func TestEncoderContract(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 11))
	records := make([]*encode.Record, 200)
	for i := range records {
		records[i] = (&gen{data: randomBytes(rnd, 200)}).record()
	}
	for _, enc := range encoders() {
		for _, rec := range records {
			before := rec.Clone()
			line, err := enc.AppendRecord(nil, rec)
			if err != nil {
				t.Fatalf("%T: these encoders have an answer to any record: %v", enc, err)
			}
			if bytes.HasSuffix(line, []byte("\n")) && !binaryType(enc.ContentType()) { // where it is a byte like any other
				t.Errorf("%T: no trailing newline: %q", enc, line)
			}
			if again, _ := enc.AppendRecord(nil, &before); !bytes.Equal(line, again) {
				t.Errorf("%T: does not change rec:\n%s\n%s", enc, line, again)
			}
			// Room behind dst that was used before must not show through.
			dirty := append(bytes.Repeat([]byte{'#'}, 8192)[:0], "prefix"...)
			if appended, _ := enc.AppendRecord(dirty, rec); string(appended) != "prefix"+string(line) {
				t.Errorf("%T: appends to dst:\n%s\n%s", enc, line, appended)
			}
		}
		if enc.ContentType() == "" {
			t.Errorf("%T: no content type", enc)
		}
		if !reflect.TypeOf(enc).Comparable() {
			t.Errorf("%T: cannot be compared", enc)
		}
	}
}

// Safe for concurrent use: one encoder, one record, eight goroutines.
func TestEncoderConcurrent(t *testing.T) {
	rec := withResource(budgetRecord())
	for _, enc := range encoders() {
		want, _ := enc.AppendRecord(nil, rec)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				var buf []byte
				for range 200 {
					if buf, _ = enc.AppendRecord(buf[:0], rec); !bytes.Equal(buf, want) {
						t.Errorf("%T: %s", enc, buf)
						return
					}
				}
			})
		}
		wg.Wait()
	}
}
