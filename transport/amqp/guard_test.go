package amqp

import (
	"encoding/binary"
	"errors"
	"testing"
)

func frameOf(kind byte, payload ...byte) []byte {
	return append(append(binary.BigEndian.AppendUint32([]byte{kind, 0, 1}, uint32(len(payload))), payload...), 0xCE)
}

func confirmOf(method byte, tag uint64) []byte {
	return append(binary.BigEndian.AppendUint64([]byte{0, 60, 0, method}, tag), 1)
}

// payloadOf is a method with its fields, strings of n bytes among them.
func payloadOf(method uint32, fields string, n int) []byte {
	p := binary.BigEndian.AppendUint32(nil, method)
	for _, f := range fields {
		switch f {
		case 's':
			p = append(append(p, byte(n)), make([]byte, n)...)
		case 'l':
			p = append(binary.BigEndian.AppendUint32(p, uint32(n)), make([]byte, n)...)
		case 't':
			p = binary.BigEndian.AppendUint64(p, 1)
		default:
			p = append(p, make([]byte, f-'0')...)
		}
	}
	return p
}

// brokerMethods are all that a publisher hears, by fieldsOf's own word.
func brokerMethods() map[uint32]string {
	all := map[uint32]string{}
	for class := uint32(0); class <= 100; class++ {
		for method := range uint32(200) {
			if fields, known := fieldsOf(class<<16 | method); known {
				all[class<<16|method] = fields
			}
		}
	}
	return all
}

// guarded is what a guard says of bytes that come in steps.
func guarded(all []byte, step int) (err error) {
	g := guard{}
	g.published.Store(7)
	for at := 0; at < len(all) && err == nil; at += step {
		err = g.check(all[at:min(at+step, len(all))])
	}
	return err
}

// Confirms are seen wherever the connection cuts the bytes, and nothing else is
// taken for one.
func TestGuard(t *testing.T) {
	var good []byte
	for _, f := range [][]byte{
		frameOf(8), frameOf(1, payloadOf(60<<16|50, "2sss", 80)...), frameOf(2, make([]byte, 14)...), frameOf(3, confirmOf(80, 99)...),
		frameOf(1, confirmOf(80, 7)...), frameOf(3, make([]byte, 1000)...), frameOf(1, confirmOf(120, 1)...),
		frameOf(1, payloadOf(10<<16|10, "11lll", 300)...), frameOf(1, payloadOf(10<<16|61, "", 0)...),
	} {
		good = append(good, f...)
	}
	deliver := append([]byte{0, 60, 0, 60, 0, 0, 80, 0, 0, 0, 0, 0, 0, 0, 69}, confirmOf(80, 1<<40)...)
	for _, end := range []struct {
		bytes []byte
		want  error
	}{{nil, nil}, {frameOf(1, confirmOf(80, 8)...), errTag}, {frameOf(1, confirmOf(120, 1<<63)...), errTag},
		{frameOf(8, 0), errLength}, {frameOf(1, 0, 60), errLength}, {frameOf(1, append(confirmOf(80, 1), 0)...), errLength},
		{append([]byte{1, 0, 1, 0, 0, 0, 0}, confirmOf(80, 1<<63)...), errLength}, // a confirm behind a length of nothing
		{frameOf(1, deliver...), errMethod}, {frameOf(1, confirmOf(81, 1)...), errMethod},
		// Behind a string that is longer than its frame.
		{append(frameOf(1, 0, 10, 0, 60, 200), frameOf(1, confirmOf(80, 1<<40)...)...), errLength},
	} {
		all := append(append([]byte(nil), good...), end.bytes...)
		for step := 1; step <= len(all); step += 1 + step/8 {
			if err := guarded(all, step); !errors.Is(err, end.want) {
				t.Fatalf("in steps of %d: %v, want %v", step, err, end.want)
			}
		}
	}
}

// Each method is let through at its length and at no other: whatever it was too
// short or too long for would be read as the next frame.
func TestGuardLengths(t *testing.T) {
	methods := brokerMethods()
	if len(methods) < 20 {
		t.Fatalf("%d methods", len(methods))
	}
	for method, fields := range methods {
		for _, n := range []int{0, 1, 255} {
			p := payloadOf(method, fields, n)
			if err := guarded(append(frameOf(1, p...), frameOf(1, confirmOf(80, 8)...)...), 1); !errors.Is(err, errTag) {
				t.Errorf("%d.%d with strings of %d: %v", method>>16, method&0xFFFF, n, err)
			}
			if err := guarded(frameOf(1, append(p, 0)...), 3); !errors.Is(err, errLength) {
				t.Errorf("%d.%d with a byte too many: %v", method>>16, method&0xFFFF, err)
			}
			if err := guarded(frameOf(1, p[:len(p)-1]...), 3); len(p) > 4 && !errors.Is(err, errLength) {
				t.Errorf("%d.%d with a byte too few: %v", method>>16, method&0xFFFF, err)
			}
		}
	}
}
