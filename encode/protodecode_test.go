package encode_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"regexp"
	"strconv"
	"testing"
	"unicode/utf8"
)

// protoField is one field as the .proto file declares it.
type protoField struct {
	name, kind string
	repeated   bool
}

// protoFile is what a .proto file declares: messages by name, fields by number.
// Tests decode by it and not by the encoder's constants, so the two cannot be
// wrong together.
type protoFile map[string]map[int]protoField

const logEntryProto = "../transport/grpc/logentry.proto"

// readProto understands as much of the language as that file needs.
func readProto(t testing.TB) protoFile {
	t.Helper()
	src, err := os.ReadFile(logEntryProto)
	if err != nil {
		t.Fatal(err)
	}
	src = regexp.MustCompile(`//[^\n]*`).ReplaceAll(src, nil)
	file := make(protoFile)
	message := regexp.MustCompile(`(?s)\nmessage (\w+) \{(.*?)\n\}`)
	field := regexp.MustCompile(`(repeated )?(\w+) (\w+) = (\d+);`)
	for _, m := range message.FindAllSubmatch(src, -1) {
		fields := make(map[int]protoField)
		for _, f := range field.FindAllSubmatch(m[2], -1) {
			n, _ := strconv.Atoi(string(f[4]))
			if _, twice := fields[n]; twice {
				t.Fatalf("%s has two fields %d", m[1], n)
			}
			fields[n] = protoField{name: string(f[3]), kind: string(f[2]), repeated: len(f[1]) > 0}
		}
		file[string(m[1])] = fields
	}
	if len(file) < 7 || len(file["LogEntry"]) != 16 { // the messages of the service are there as well
		t.Fatalf("%d messages, %d fields of LogEntry: the file is not understood", len(file), len(file["LogEntry"]))
	}
	return file
}

var errWire = errors.New("not a message of the .proto file")

// maxProtoDepth is how deep messages may nest in protobuf's own parsers for C++
// and Java.
const maxProtoDepth = 100

// decode reads one message into a map by field names; repeated fields are lists.
func (p protoFile) decode(message string, b []byte, depth int) (map[string]any, error) {
	if depth > maxProtoDepth {
		return nil, fmt.Errorf("%w: nested too deep", errWire)
	}
	got := make(map[string]any)
	for len(b) > 0 {
		tag, n := binary.Uvarint(b)
		if n <= 0 {
			return nil, fmt.Errorf("%w: tag", errWire)
		}
		f, ok := p[message][int(tag>>3)]
		if !ok {
			return nil, fmt.Errorf("%w: %s has no field %d", errWire, message, tag>>3)
		}
		value, rest, err := p.value(f, int(tag&7), b[n:], depth)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", message, f.name, err)
		}
		b = rest
		if f.repeated {
			list, _ := got[f.name].([]any)
			got[f.name] = append(list, value)
			continue
		}
		if _, twice := got[f.name]; twice {
			return nil, fmt.Errorf("%w: %s.%s twice", errWire, message, f.name)
		}
		got[f.name] = value
	}
	return got, nil
}

func (p protoFile) value(f protoField, wire int, b []byte, depth int) (v any, rest []byte, err error) {
	switch f.kind {
	case "sint32", "sint64", "uint32", "uint64", "bool":
		x, n := binary.Uvarint(b)
		if wire != 0 || n <= 0 {
			return nil, nil, fmt.Errorf("%w: wire type %d", errWire, wire)
		}
		return protoInt(f.kind, x), b[n:], nil
	case "sfixed64", "double":
		if wire != 1 || len(b) < 8 {
			return nil, nil, fmt.Errorf("%w: wire type %d", errWire, wire)
		}
		x := binary.LittleEndian.Uint64(b)
		if f.kind == "double" {
			return math.Float64frombits(x), b[8:], nil
		}
		return int64(x), b[8:], nil
	}
	size, n := binary.Uvarint(b)
	if wire != 2 || n <= 0 || uint64(len(b)-n) < size {
		return nil, nil, fmt.Errorf("%w: wire type %d, length %d of %d", errWire, wire, size, len(b)-n)
	}
	b, rest = b[n:n+int(size)], b[n+int(size):]
	switch f.kind {
	case "string":
		if !utf8.Valid(b) {
			return nil, nil, fmt.Errorf("%w: %q", errWire, b)
		}
		return string(b), rest, nil
	case "bytes":
		return append([]byte{}, b...), rest, nil
	}
	v, err = p.decode(f.kind, b, depth+1)
	return v, rest, err
}

func protoInt(kind string, x uint64) any {
	switch kind {
	case "bool":
		return x != 0
	case "sint32", "sint64":
		return int64(x>>1) ^ -int64(x&1)
	}
	return x
}
