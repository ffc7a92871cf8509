package group_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/file"
	"github.com/slogship/slogship/transport/group"
	"github.com/slogship/slogship/transport/https"
	"github.com/slogship/slogship/transport/lumberjack"
	"github.com/slogship/slogship/transport/relp"
	"github.com/slogship/slogship/transport/tcp"
	"github.com/slogship/slogship/transport/transporttest"
)

// kind makes a member whose receiver hands what it got to p, which it can kill.
type kind func(t testing.TB, p *transporttest.Peer, got func(...string)) transport.Destination

// overRELP is acknowledged, and can be probed.
func overRELP(t testing.TB, p *transporttest.Peer, got func(...string)) transport.Destination {
	addr := transporttest.ServeTCP(t, p, func(c net.Conn) { serveRELP(c, got) })
	return relp.Destination{Addr: addr, Encoder: encode.JSONLines{}, MaxMessage: 4 << 20, CloseTimeout: 200 * time.Millisecond}
}

// serveRELP takes everything. What it is sent is right: package relp tests that.
func serveRELP(c net.Conn, got func(...string)) {
	b := bufio.NewReader(c)
	for {
		var n, size int
		var command string
		if _, err := fmt.Fscanf(b, "%d %s %d", &n, &command, &size); err != nil {
			return
		}
		data := make([]byte, size+1) // with the space before, and for none the line's end
		if _, err := io.ReadFull(b, data); err != nil {
			return
		}
		if size > 0 {
			if end, err := b.ReadByte(); err != nil || end != '\n' {
				return
			}
		}
		switch command {
		case "open":
			offers := "200 OK\nrelp_version=0\ncommands=syslog"
			fmt.Fprintf(c, "%d rsp %d %s\n", n, len(offers), offers)
		case "syslog":
			got(string(data[1:]))
			fmt.Fprintf(c, "%d rsp 6 200 OK\n", n)
		default:
			fmt.Fprintf(c, "%d rsp 0\n0 serverclose 0\n", n)
			return
		}
	}
}

// overTCP is not acknowledged, and holds.
func overTCP(t testing.TB, p *transporttest.Peer, got func(...string)) transport.Destination {
	addr := transporttest.ServeTCP(t, p, func(c net.Conn) {
		for b := bufio.NewReader(c); ; {
			line, err := b.ReadString('\n')
			if err != nil {
				return
			}
			got(strings.TrimSuffix(line, "\n"))
		}
	})
	return tcp.Destination{Addr: addr, CloseTimeout: 200 * time.Millisecond}
}

// overHTTPS is acknowledged, and cannot be probed.
func overHTTPS(t testing.TB, p *transporttest.Peer, got func(...string)) transport.Destination {
	url := transporttest.ServeHTTP(t, p, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		for line := range strings.Lines(string(body)) {
			got(strings.TrimSuffix(line, "\n"))
		}
	})
	return https.Destination{
		URL: url, AllowPlaintext: true, Compression: https.Uncompressed, MaxInFlight: 2,
		Headers: map[string]string{"X-Webhook": secret},
	}
}

const secret = "correct-horse"

// makes returns the group of these members, with a heartbeat that often.
type makes func(all []transport.Destination, beat time.Duration) transport.Destination

// start returns a Start whose receivers live and die together. Each hands what it
// gets to the peer, but for the silent ones.
func start(of makes, silent func(i int) bool, kinds ...kind) func(testing.TB, *transporttest.Peer) transport.Destination {
	return func(t testing.TB, p *transporttest.Peer) transport.Destination {
		var all []transport.Destination
		var peers []*transporttest.Peer
		for i, k := range kinds {
			own := &transporttest.Peer{}
			got := p.Received
			if silent(i) {
				got = func(...string) {}
			}
			all, peers = append(all, k(t, own, got)), append(peers, own)
		}
		p.Kill = func() {
			for _, own := range peers {
				own.Kill()
			}
		}
		p.Restart = func() {
			for _, own := range peers {
				own.Restart()
			}
		}
		return of(all, beatFor(t))
	}
}

// beatFor returns the heartbeat interval for a case: so short that heartbeats
// come between everything. But it is also the time that a Probe has, and to
// answer within it is more than a busy machine can promise: the case that wants
// such an answer has the default.
func beatFor(t testing.TB) time.Duration {
	if strings.Contains(t.Name(), "/Probe_") {
		return group.DefaultHeartbeatInterval
	}
	return 20 * time.Millisecond
}

// TestConformance runs the contract over groups of several kinds of members. The
// receivers of a Quorum's members but the first are silent, since each record
// arrives at all of them.
func TestConformance(t *testing.T) {
	failover := func(all []transport.Destination, beat time.Duration) transport.Destination {
		return group.Failover{Members: all, HeartbeatInterval: beat, StableAfter: 2 * beat}
	}
	balance := func(all []transport.Destination, beat time.Duration) transport.Destination {
		return group.Balance{Members: all, HeartbeatInterval: beat, StableAfter: 2 * beat}
	}
	quorum := func(all []transport.Destination, beat time.Duration) transport.Destination {
		return group.Quorum{Members: all, HeartbeatInterval: beat, StableAfter: 2 * beat, QuorumSize: len(all)}
	}
	nested := func(all []transport.Destination, beat time.Duration) transport.Destination {
		return failover([]transport.Destination{quorum(all[:1], beat), balance(all[1:], beat)}, beat)
	}
	all, first := func(int) bool { return false }, func(i int) bool { return i > 0 }
	for name, s := range map[string]func(testing.TB, *transporttest.Peer) transport.Destination{
		"failover over RELP":                start(failover, all, overRELP, overRELP),
		"failover over TCP":                 start(failover, all, overTCP, overTCP),
		"failover over TCP, RELP and Beats": start(failover, all, overTCP, overRELP, refusing),
		"failover over HTTP":                start(failover, all, overHTTPS, overHTTPS),
		"balance over RELP":                 start(balance, all, overRELP, overRELP, overRELP),
		"quorum over RELP":                  start(quorum, first, overRELP, overRELP),
		"quorum over TCP and RELP":          start(quorum, first, overTCP, overRELP),
		"quorum over HTTP":                  start(quorum, first, overHTTPS, overHTTPS, overHTTPS),
		"nested over RELP":                  start(nested, all, overRELP, overRELP, overRELP),
	} {
		t.Run(name, func(t *testing.T) {
			h := transporttest.Harness{Start: s, Message: testkit.JSONMessage, Secrets: []string{secret}}
			if name == "failover over RELP" {
				h.Invalid = invalid()
			}
			transporttest.Run(t, h)
		})
	}
}

// refusing is a member that never takes anything.
func refusing(t testing.TB, p *transporttest.Peer, _ func(...string)) transport.Destination {
	addr := transporttest.ServeTCP(t, p, func(c net.Conn) {})
	return lumberjack.Destination{Addrs: []string{addr}, AnswerTimeout: time.Second}
}

// Two files are a group that can be Direct.
func TestConformanceOfFiles(t *testing.T) {
	transporttest.Run(t, transporttest.Harness{
		Start: func(t testing.TB, p *transporttest.Peer) transport.Destination {
			dir := t.TempDir()
			name := filepath.Join(dir, "first")
			p.Read = func() []string { return linesOf(t, name) }
			return group.Failover{Members: []transport.Destination{file.Destination{Path: name}, file.Destination{Path: filepath.Join(dir, "second")}}}
		},
	})
}

func linesOf(t testing.TB, name string) (lines []string) {
	data, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		lines = append(lines, strings.TrimSuffix(line, "\n"))
	}
	return lines
}
