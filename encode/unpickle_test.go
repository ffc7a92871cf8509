package encode_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"unicode/utf8"
)

var errPickle = errors.New("not a pickle of plain values")

type pickleMark struct{}

// unpickler is a machine for the few opcodes that plain values need. All others,
// those that name or call something before all, are errors.
type unpickler struct {
	rest  []byte
	stack []any
}

// unpickle returns the one value of a pickle.
func unpickle(p []byte) (any, error) {
	u := unpickler{rest: p}
	for {
		op, err := u.take(1)
		if err != nil {
			return nil, err
		}
		if op[0] == '.' {
			break
		}
		if err := u.step(op[0]); err != nil {
			return nil, err
		}
	}
	if len(u.stack) != 1 || len(u.rest) != 0 {
		return nil, fmt.Errorf("%w: %d values and %d bytes are left", errPickle, len(u.stack), len(u.rest))
	}
	return u.stack[0], nil
}

func (u *unpickler) take(n int) ([]byte, error) {
	if n < 0 || len(u.rest) < n {
		return nil, fmt.Errorf("%w: ends early", errPickle)
	}
	b := u.rest[:n]
	u.rest = u.rest[n:]
	return b, nil
}

func (u *unpickler) push(v any) error {
	u.stack = append(u.stack, v)
	return nil
}

func (u *unpickler) step(op byte) error {
	switch op {
	case 0x80:
		if version, err := u.take(1); err != nil || version[0] != 2 {
			return fmt.Errorf("%w: protocol %v", errPickle, version)
		}
		return nil
	case 'N':
		return u.push(nil)
	case 0x88, 0x89:
		return u.push(op == 0x88)
	case '}':
		return u.push(map[string]any{})
	case ']':
		return u.push([]any(nil))
	case '(':
		return u.push(pickleMark{})
	case 'u', 'e':
		return u.gather(op)
	default:
		return u.scalar(op)
	}
}

func (u *unpickler) scalar(op byte) error {
	size := map[byte]int{'J': 4, 0x8a: 1, 'G': 8, 'X': 4}[op]
	if size == 0 {
		return fmt.Errorf("%w: opcode %q", errPickle, op)
	}
	b, err := u.take(size)
	if err != nil {
		return err
	}
	switch op {
	case 'J':
		return u.push(int64(int32(binary.LittleEndian.Uint32(b))))
	case 'G':
		return u.push(math.Float64frombits(binary.BigEndian.Uint64(b)))
	case 'X':
		s, err := u.take(int(binary.LittleEndian.Uint32(b)))
		if err != nil || !utf8.Valid(s) {
			return fmt.Errorf("%w: string %q: %v", errPickle, s, err)
		}
		return u.push(string(s))
	}
	digits, err := u.take(int(b[0]))
	if err != nil {
		return err
	}
	return u.push(pickleLong(digits))
}

// pickleLong reads a two's complement number of any length.
func pickleLong(b []byte) any {
	n := new(big.Int)
	for i := len(b) - 1; i >= 0; i-- {
		n.Or(n.Lsh(n, 8), big.NewInt(int64(b[i])))
	}
	if len(b) > 0 && b[len(b)-1] >= 0x80 {
		n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(b))))
	}
	if n.IsInt64() {
		return n.Int64()
	}
	return n.Uint64()
}

// gather puts what is above the mark into the container below it.
func (u *unpickler) gather(op byte) error {
	i := len(u.stack) - 1
	for ; i > 0; i-- {
		if _, ok := u.stack[i].(pickleMark); ok {
			break
		}
	}
	if i <= 0 {
		return fmt.Errorf("%w: no mark", errPickle)
	}
	items := u.stack[i+1:]
	u.stack = u.stack[:i]
	if op == 'e' {
		list, ok := u.stack[i-1].([]any)
		if !ok {
			return fmt.Errorf("%w: no list", errPickle)
		}
		u.stack[i-1] = append(list, items...)
		return nil
	}
	dict, ok := u.stack[i-1].(map[string]any)
	if !ok || len(items)%2 != 0 {
		return fmt.Errorf("%w: no dict, or %d items", errPickle, len(items))
	}
	for j := 0; j < len(items); j += 2 {
		key, ok := items[j].(string)
		if _, twice := dict[key]; !ok || twice {
			return fmt.Errorf("%w: key %v is no string, or comes twice", errPickle, items[j])
		}
		dict[key] = items[j+1]
	}
	return nil
}
