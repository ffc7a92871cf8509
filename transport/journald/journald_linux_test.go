package journald_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/journald"
	"github.com/slogship/slogship/transport/transporttest"
)

// journal is a journald of this process: it reads datagrams and files, and parses
// fields by https://systemd.io/JOURNAL_NATIVE_PROTOCOL/.
type journal struct {
	t    testing.TB
	conn *net.UnixConn
	take func(fields map[string]string)
	done chan struct{}

	mu    sync.Mutex
	files int // guarded by mu; entries that came as a file
}

func listen(t testing.TB, path string, take func(map[string]string)) *journal {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: path})
	if err != nil {
		t.Fatal(err)
	}
	j := &journal{t: t, conn: conn, take: take, done: make(chan struct{})}
	go j.read()
	t.Cleanup(j.kill)
	return j
}

func (j *journal) kill() {
	j.conn.Close()
	<-j.done
}

func (j *journal) read() {
	defer close(j.done)
	buf, oob := make([]byte, 1<<20), make([]byte, 1024)
	for {
		n, oobn, _, _, err := j.conn.ReadMsgUnix(buf, oob)
		if err != nil {
			return
		}
		entry := buf[:n]
		if oobn > 0 {
			if entry, err = readFile(oob[:oobn]); err != nil || n > 0 {
				j.t.Errorf("a file beside %d bytes: %v", n, err)
				return
			}
			j.mu.Lock()
			j.files++
			j.mu.Unlock()
		}
		if len(entry) == 0 {
			continue // journald passes over it
		}
		fields, err := parse(entry)
		if err != nil {
			j.t.Errorf("%v: %q", err, entry)
			return
		}
		j.take(fields)
	}
}

var errRefused = errors.New("journald would refuse this")

// readFile takes what journald does of a descriptor: one file with all seals.
func readFile(oob []byte) ([]byte, error) {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil || len(messages) != 1 {
		return nil, errors.Join(errRefused, err)
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		return nil, errors.Join(errRefused, err)
	}
	f := os.NewFile(uintptr(fds[0]), "memfd")
	defer f.Close()
	const want = unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE | unix.F_SEAL_SEAL
	if seals, err := unix.FcntlInt(f.Fd(), unix.F_GET_SEALS, 0); err != nil || seals&want != want {
		return nil, fmt.Errorf("%w: seals %x, %v", errRefused, seals, err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	p := make([]byte, info.Size()) // read as mapped: from the start, wherever its offset is
	_, err = f.ReadAt(p, 0)
	return p, err
}

func parse(b []byte) (map[string]string, error) {
	fields := make(map[string]string)
	for len(b) > 0 {
		end := bytes.IndexAny(b, "=\n")
		if end < 1 {
			return nil, errRefused
		}
		name, size := string(b[:end]), bytes.IndexByte(b[end+1:], '\n')
		if b[end] == '\n' {
			size = int(binary.LittleEndian.Uint64(b[end+1:]))
			end += 8
		}
		if _, twice := fields[name]; twice || size < 0 || b[end+1+size] != '\n' {
			return nil, errRefused
		}
		fields[name] = string(b[end+1 : end+1+size])
		b = b[end+1+size+1:]
	}
	return fields, nil
}

func TestConformance(t *testing.T) {
	transporttest.Run(t, transporttest.Harness{
		Start: func(t testing.TB, p *transporttest.Peer) transport.Destination {
			path := filepath.Join(t.TempDir(), "socket")
			listen(t, path, func(fields map[string]string) {
				// The suite looks for its marks in the entry as text.
				p.Received(fmt.Sprint(fields))
			})
			return journald.Destination{Socket: path}
		},
		Unreachable: journald.Destination{Socket: filepath.Join(t.TempDir(), "none")},
		Invalid: []transport.Destination{
			journald.Destination{Socket: "relative"},
			journald.Destination{Socket: "/a\x00b"},
			journald.Destination{Encoder: encode.Journal{Facility: 24}},
			journald.Destination{Encoder: encode.Journal{MaxBytes: -1}},
		},
	})
}

func TestOpenErrors(t *testing.T) {
	if _, err := (journald.Destination{Socket: "x"}).Open(); !errors.Is(err, journald.ErrConfig) {
		t.Errorf("want ErrConfig, got %v", err)
	}
	if _, err := (journald.Destination{Encoder: encode.Journal{Facility: 24}}).Open(); !errors.Is(err, encode.ErrFacility) {
		t.Errorf("want ErrFacility, got %v", err)
	}
}

func open(t *testing.T, path string) transport.Transport {
	t.Helper()
	tr, err := (journald.Destination{Socket: path}).Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tr.Close() })
	return tr
}

func held(tr transport.Transport) int { return tr.(transport.Holder).Held() }

// Entries of any length arrive: what does not fit into a datagram as a file.
func TestLarge(t *testing.T) {
	path, got := filepath.Join(t.TempDir(), "socket"), make(chan map[string]string, 100)
	j := listen(t, path, func(f map[string]string) { got <- f })
	tr := open(t, path)
	for i, size := range []int{10, 100_000, 250_000, 400_000, 10, 900_000} {
		text := strings.Repeat("é\n", size/6) + "end"
		rec := encode.Record{Message: text, Attrs: []slog.Attr{slog.Any("raw", bytes.Repeat([]byte{0, 0xff, '\n', '='}, size/8))}}
		if err := tr.Send(t.Context(), []encode.Record{rec}); err != nil {
			t.Fatal(err)
		}
		select {
		case f := <-got:
			if f["MESSAGE"] != text || len(f["RAW"]) != size/8*4 {
				t.Errorf("%d: the message has %d bytes of %d, the field %d of %d", i, len(f["MESSAGE"]), len(text), len(f["RAW"]), size/8*4)
			}
		case <-time.After(time.Minute):
			t.Fatalf("entry %d did not arrive", i)
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.files != 3 {
		t.Errorf("%d came as files, want 3", j.files)
	}
}

// What was read is let go, after a while; what was not stays, however long that
// takes.
func TestHeld(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: path})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	tr := open(t, path)
	if err := tr.Send(t.Context(), []encode.Record{{Message: "a"}, {Message: "b"}, {Message: strings.Repeat("c", 300_000)}}); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(1500 * time.Millisecond); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if n := held(tr); n != 3 {
			t.Fatalf("held %d while nobody reads, want 3", n)
		}
	}
	conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	for read := 0; read < 3; { // the pings come between
		n, oobn, _, _, err := conn.ReadMsgUnix(make([]byte, 1<<10), make([]byte, 64))
		if err != nil {
			t.Fatal(err)
		}
		if n+oobn > 0 {
			read++
		}
	}
	go func() { // ends with conn: room for the pings
		for {
			if _, err := conn.Read(make([]byte, 1<<10)); err != nil {
				return
			}
		}
	}()
	start := time.Now()
	for held(tr) > 0 {
		if time.Since(start) > 10*time.Second {
			t.Fatalf("held %d although all was read", held(tr))
		}
		time.Sleep(10 * time.Millisecond)
	}
	if d := time.Since(start); d < 400*time.Millisecond {
		t.Errorf("let go after %v", d)
	}
}

// unreadPair sends two records to a socket that nobody reads.
func unreadPair(t *testing.T) (path string, conn *net.UnixConn, tr transport.Transport) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "socket")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: path})
	if err != nil {
		t.Fatal(err)
	}
	tr = open(t, path)
	if err := tr.Send(t.Context(), []encode.Record{{Message: "a"}, {Message: "b"}}); err != nil {
		t.Fatal(err)
	}
	return path, conn, tr
}

// A journald that dies with entries unread: the kernel throws them away and says
// that none are waiting. They are asked for again.
func TestDiesUnread(t *testing.T) {
	for _, idle := range []bool{false, true} {
		path, conn, tr := unreadPair(t)
		conn.Close()
		os.Remove(path)
		// For so long that who believed the queue would have let go.
		for end := time.Now().Add(1200 * time.Millisecond); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			if n := held(tr); n != 2 {
				t.Fatalf("held %d, want 2", n)
			}
		}
		got := make(chan map[string]string, 10)
		listen(t, path, func(f map[string]string) { got <- f })
		var err error
		if idle {
			err = tr.(transport.Prober).Probe(t.Context())
		} else {
			err = tr.Send(t.Context(), []encode.Record{{Message: "c"}})
		}
		if n := transport.Classify(err, 1).Resend; n != 2 {
			t.Fatalf("idle %v: %d to be sent again, want 2: %v", idle, n, err)
		}
		if err := tr.Send(t.Context(), []encode.Record{{Message: "a"}, {Message: "b"}}); err != nil {
			t.Fatal(err)
		}
		<-got
		<-got
	}
}

// Close waits for what is unread, and says whether it was read.
func TestCloseWaits(t *testing.T) {
	for _, reads := range []bool{true, false} {
		_, conn, tr := unreadPair(t)
		done := make(chan struct{})
		go func() { // ends with conn
			defer close(done)
			for reads {
				if _, err := conn.Read(make([]byte, 1<<10)); err != nil {
					return
				}
			}
		}()
		if reads { // not so on a busy machine, where a second may be too short
			journald.SetPatience(tr, time.Minute)
		}
		start := time.Now()
		tr.Close()
		want := map[bool]int{true: 0, false: 2}[reads]
		if n, d := held(tr), time.Since(start); n != want || !reads && d < time.Second {
			t.Errorf("reads %v: held %d after %v, want %d", reads, n, d, want)
		}
		conn.Close()
		<-done
	}
}
