package encode_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

var errTwice = errors.New("name twice in one object")

// walkJSON reads text token by token as one JSON value. It fails on a name that
// comes twice in one object. top, unless nil, is called for each member of the
// outermost object, in order.
func walkJSON(text []byte, top func(name string, value json.RawMessage)) error {
	dec := json.NewDecoder(bytes.NewReader(text))
	if err := walkValue(dec); err != nil {
		return err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("something after the value: %v", err)
	}
	if top == nil {
		return nil
	}
	dec = json.NewDecoder(bytes.NewReader(text))
	dec.Token()
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return err
		}
		top(name.(string), value)
	}
	return nil
}

func walkValue(dec *json.Decoder) error {
	token, err := dec.Token()
	if err != nil {
		return err
	}
	open, ok := token.(json.Delim)
	if !ok {
		return nil
	}
	seen := make(map[string]bool)
	for dec.More() {
		if open == '{' {
			name, err := dec.Token()
			if err != nil {
				return err
			}
			if seen[name.(string)] {
				return fmt.Errorf("%w: %q", errTwice, name)
			}
			seen[name.(string)] = true
		}
		if err := walkValue(dec); err != nil {
			return err
		}
	}
	_, err = dec.Token()
	return err
}

// parseLogfmt is a parser of its own: words of key=value between single spaces,
// values bare or in quotes.
func parseLogfmt(line string) (keys, values []string, err error) {
	for rest := line; rest != ""; {
		i := 0
		for i < len(rest) && rest[i] != '=' {
			if rest[i] <= ' ' || rest[i] == '"' {
				return nil, nil, fmt.Errorf("key holds %q: %q", rest[i], line)
			}
			i++
		}
		if i == 0 || i == len(rest) {
			return nil, nil, fmt.Errorf("no key or no '=' at %q", rest)
		}
		key := rest[:i]
		value, after, err := logfmtValue(rest[i+1:])
		if err != nil {
			return nil, nil, err
		}
		keys, values = append(keys, key), append(values, value)
		if after == "" {
			break
		}
		if after[0] != ' ' || len(after) == 1 {
			return nil, nil, fmt.Errorf("no single space at %q", after)
		}
		rest = after[1:]
	}
	return keys, values, nil
}

func logfmtValue(s string) (value, rest string, err error) {
	if s == "" || s[0] != '"' {
		for i := range len(s) {
			switch {
			case s[i] == ' ':
				return s[:i], s[i:], nil
			case s[i] == '"' || s[i] == '=' || s[i] < ' ':
				return "", "", fmt.Errorf("bare value holds %q: %q", s[i], s)
			}
		}
		return s, "", nil
	}
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			err := json.Unmarshal([]byte(s[:i+1]), &value)
			return value, s[i+1:], err
		}
	}
	return "", "", fmt.Errorf("quote not closed: %q", s)
}
