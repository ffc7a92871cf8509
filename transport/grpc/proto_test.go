package grpc

import (
	"os"
	"regexp"
	"strconv"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/slogship/slogship/transport/grpc/logpb"
)

// The generated code is that of the file: who changes one of them runs go generate.
func TestGeneratedIsCurrent(t *testing.T) {
	src, err := os.ReadFile("logentry.proto")
	if err != nil {
		t.Fatal(err)
	}
	src = regexp.MustCompile(`//[^\n]*`).ReplaceAll(src, nil)
	messages := logpb.File_slogship_v1_logentry_proto.Messages()
	found := regexp.MustCompile(`(?s)\nmessage (\w+) \{(.*?)\n\}`).FindAllSubmatch(src, -1)
	if len(found) != messages.Len() || messages.Len() < 10 {
		t.Errorf("%d messages in the file, %d in the code", len(found), messages.Len())
	}
	for _, m := range found {
		message := messages.ByName(protoreflect.Name(m[1]))
		if message == nil {
			t.Errorf("the code has no %s", m[1])
			continue
		}
		fields := regexp.MustCompile(`(\w+) (\w+) = (\d+);`).FindAllSubmatch(m[2], -1)
		if len(fields) != message.Fields().Len() {
			t.Errorf("%s has %d fields in the file, %d in the code", m[1], len(fields), message.Fields().Len())
		}
		for _, f := range fields {
			code := message.Fields().ByName(protoreflect.Name(f[2]))
			if code == nil || code.TextName() != string(f[2]) || kindOf(code) != string(f[1]) || string(f[3]) != protoNumber(code) {
				t.Errorf("%s.%s is %s = %s in the file, and %v in the code", m[1], f[2], f[1], f[3], code)
			}
		}
	}
}

func kindOf(f protoreflect.FieldDescriptor) string {
	if f.Message() != nil {
		return string(f.Message().Name())
	}
	return f.Kind().String()
}

func protoNumber(f protoreflect.FieldDescriptor) string { return strconv.Itoa(int(f.Number())) }

// The module requires grpc and protobuf, and what these do, and no other adapter's
// client library.
func TestRequires(t *testing.T) {
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	allowed := regexp.MustCompile(`^(github\.com/slogship/slogship|google\.golang\.org/.*|golang\.org/x/.*|github\.com/klauspost/compress)$`)
	required := regexp.MustCompile(`(?m)^\s*(?:require )?([a-z0-9.]+\.[a-z]+/\S+) v`).FindAllStringSubmatch(string(mod), -1)
	if len(required) < 4 {
		t.Errorf("found %d requirements", len(required))
	}
	for _, r := range required {
		if !allowed.MatchString(r[1]) {
			t.Errorf("the module requires %s", r[1])
		}
	}
}
