package otlp

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strconv"

	"github.com/slogship/slogship/encode"
)

var errDepth = errors.New("nested too deep")

// jsonValue is text, which is one JSON value, as groups and lists, so that a
// struct that was logged can be searched by its fields. What is nested too deep
// stays text. It allocates, which attributes of the usual kinds do not: the
// alternative, a string with JSON in it, is what OpenTelemetry's receivers do not
// look into.
func jsonValue(text encode.JSON, depth int) slog.Value {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	v, err := readJSON(d, depth)
	if err != nil {
		return slog.StringValue(string(text))
	}
	return v
}

// readJSON reads one value.
func readJSON(d *json.Decoder, depth int) (slog.Value, error) {
	token, err := d.Token()
	if err != nil {
		return slog.Value{}, err
	}
	switch x := token.(type) {
	case nil:
		return slog.AnyValue(nil), nil
	case bool:
		return slog.BoolValue(x), nil
	case string:
		return slog.StringValue(x), nil
	case json.Number:
		return jsonNumber(x), nil
	}
	if depth >= maxDepth {
		return slog.Value{}, errDepth
	}
	if token == json.Delim('[') {
		return readList(d, depth+1)
	}
	return readObject(d, depth+1)
}

// jsonNumber keeps each digit: what neither an integer nor a float holds is text.
func jsonNumber(n json.Number) slog.Value {
	if i, err := n.Int64(); err == nil {
		return slog.Int64Value(i)
	}
	if u, err := strconv.ParseUint(n.String(), 10, 64); err == nil {
		return slog.Uint64Value(u)
	}
	if f, err := n.Float64(); err == nil && bytes.ContainsAny([]byte(n), ".eE") {
		return slog.Float64Value(f)
	}
	return slog.StringValue(n.String())
}

func readList(d *json.Decoder, depth int) (slog.Value, error) {
	list := []slog.Value{}
	for d.More() {
		v, err := readJSON(d, depth)
		if err != nil {
			return v, err
		}
		list = append(list, v)
	}
	_, err := d.Token() // the bracket
	return slog.AnyValue(list), err
}

func readObject(d *json.Decoder, depth int) (slog.Value, error) {
	var attrs []slog.Attr
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return slog.Value{}, err
		}
		v, err := readJSON(d, depth)
		if err != nil {
			return v, err
		}
		name, _ := key.(string) // a key of JSON is nothing else
		attrs = append(attrs, slog.Attr{Key: name, Value: v})
	}
	_, err := d.Token() // the brace
	if len(attrs) == 0 {
		return slog.StringValue("{}"), err // slog leaves a group without attributes out
	}
	return slog.GroupValue(attrs...), err
}
