package config

import (
	"reflect"

	"github.com/slogship/slogship/encode"
)

// Encoders returns the formats by their names in a file. Each is the zero value
// of its type, which is its default.
func Encoders() map[string]encode.Encoder {
	return map[string]encode.Encoder{
		"json":     encode.JSONLines{},
		"logfmt":   encode.Logfmt{},
		"text":     encode.Text{},
		"ecs":      encode.ECS{},
		"gelf":     encode.GELF{},
		"pickle":   encode.Pickle{},
		"protobuf": encode.Protobuf{},
		"rfc5424":  encode.RFC5424{},
		"rfc3164":  encode.RFC3164{},
		"journal":  encode.Journal{},
	}
}

// EncoderFields returns the fields of the format of this name.
func EncoderFields(name string) []Field { return FieldsOf(reflect.TypeOf(Encoders()[name])) }
