package tcp_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/tcp"
	"github.com/slogship/slogship/transport/tlsconfig"
	"github.com/slogship/slogship/transport/transporttest"
)

// TestConformance runs the contract over each framing, with this test's own
// readers of them.
func TestConformance(t *testing.T) {
	for _, framing := range []tcp.Framing{tcp.Newline, tcp.OctetCounted, tcp.Length32, tcp.Null} {
		t.Run(framing.String(), func(t *testing.T) {
			transporttest.Run(t, transporttest.Harness{
				Start: func(t testing.TB, p *transporttest.Peer) transport.Destination {
					addr := transporttest.ServeTCP(t, p, func(c net.Conn) {
						readFrames(c, framing, func(frame []byte) { p.Received(string(frame)) })
					})
					return tcp.Destination{Addr: addr, Framing: framing, CloseTimeout: 200 * time.Millisecond}
				},
				Message: testkit.JSONMessage,
				Invalid: invalid(t),
			})
		})
	}
}

func invalid(t *testing.T) []transport.Destination {
	const addr = "127.0.0.1:1"
	return []transport.Destination{
		tcp.Destination{},
		tcp.Destination{Addr: "host"},
		tcp.Destination{Addr: ":514"},
		tcp.Destination{Addr: addr, Network: "udp"},
		tcp.Destination{Addr: addr, Framing: 4},
		tcp.Destination{Addr: addr, ConnectTimeout: -1},
		tcp.Destination{Addr: addr, WriteTimeout: -1},
		tcp.Destination{Addr: addr, CloseTimeout: -1},
		tcp.Destination{Addr: addr, Lifetime: -1},
		tcp.Destination{Addr: addr, SendBuffer: -1},
		tcp.Destination{Addr: addr, ReceiveBuffer: -1},
		tcp.Destination{Addr: addr, UserTimeout: 1 << 62},
		tcp.Destination{Addr: addr, TLS: &tlsconfig.Options{CAFile: filepath.Join(t.TempDir(), "none")}},
		tcp.Destination{Addr: addr, Encoder: encode.JSONLines{Keys: encode.Keys{Level: "msg"}}},
	}
}

// Errors about fields can be told from others.
func TestOpenErrors(t *testing.T) {
	for _, d := range []tcp.Destination{
		{Addr: "h:1", Network: "sctp"},
		{Addr: "h"},
		{Addr: "h:1", Encoder: encode.JSONLines{Keys: encode.Keys{Level: "msg"}}},
	} {
		if _, err := d.Open(); !errors.Is(err, tcp.ErrConfig) {
			t.Errorf("%+v: want ErrConfig, got %v", d, err)
		}
	}
	if _, err := (tcp.Destination{Addr: "h:1", TLS: &tlsconfig.Options{KeyFile: "k"}}).Open(); !errors.Is(err, tlsconfig.ErrPair) {
		t.Errorf("want ErrPair, got %v", err)
	}
}

// readFrames reads frames until the stream ends, in this test's own way, and
// returns the error it ended with. A frame that is cut off is not handed over.
func readFrames(r io.Reader, framing tcp.Framing, frame func([]byte)) error {
	b := bufio.NewReaderSize(r, 64<<10)
	for {
		p, err := readFrame(b, framing)
		if err != nil {
			return err
		}
		frame(p)
	}
}

func readFrame(b *bufio.Reader, framing tcp.Framing) ([]byte, error) {
	size := 0
	switch framing {
	case tcp.OctetCounted:
		for {
			c, err := b.ReadByte()
			if err != nil {
				return nil, err
			}
			if c == ' ' {
				break
			}
			if c < '0' || c > '9' || size == 0 && c == '0' {
				return nil, errors.New("not a length")
			}
			size = 10*size + int(c-'0')
		}
	case tcp.Length32:
		for range 4 {
			c, err := b.ReadByte()
			if err != nil {
				return nil, err
			}
			size = size<<8 | int(c)
		}
	case tcp.Newline:
		p, err := b.ReadBytes('\n')
		return trim(p, err)
	default:
		p, err := b.ReadBytes(0)
		return trim(p, err)
	}
	p := make([]byte, size)
	_, err := io.ReadFull(b, p)
	return p, err
}

func trim(p []byte, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return p[:len(p)-1], nil
}
