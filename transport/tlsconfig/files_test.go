package tlsconfig

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/slogship/slogship/internal/testpki"
)

// A client certificate that is rotated file by file: the old pair is in use
// until both halves of the new one are there (S15, T30, I63).
func TestS15_HalfWrittenPairKeepsTheOldOne(t *testing.T) {
	ca, dir := testpki.New(t, "ours"), t.TempDir()
	cert1, key1 := ca.Issue(testpki.Leaf{})
	cert2, key2 := ca.Issue(testpki.Leaf{})
	o := Options{
		CertFile: testpki.File(t, dir, "cert", cert1), KeyFile: testpki.File(t, dir, "key", key1),
		Config: &tls.Config{RootCAs: ca.Pool()},
	}
	server := &tls.Config{
		Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})},
		ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: ca.Pool(),
	}
	c := open(t, o)
	longLived := c.Config("127.0.0.1") // as http.Transport keeps one
	check := func(step string, want []byte, stale bool) {
		t.Helper()
		for _, config := range []*tls.Config{c.Config("127.0.0.1"), longLived.Clone()} {
			got := presented(t, config, server)
			if block, _ := pem.Decode(want); !bytes.Equal(got.Raw, block.Bytes) {
				t.Errorf("%s: the server got another certificate", step)
			}
		}
		if err := c.Err(); (err != nil) != stale {
			t.Errorf("%s: Err is %v", step, err)
		}
	}
	version := c.Version()
	check("at first", cert1, false)
	testpki.File(t, dir, "cert", cert2)
	check("certificate without its key", cert1, true)
	testpki.File(t, dir, "key", key2[:len(key2)/2])
	check("half a key", cert1, true)
	if c.Version() != version {
		t.Errorf("Version changed, and nothing new is in use")
	}
	testpki.File(t, dir, "key", key2)
	check("both", cert2, false)
	if c.Version() <= version {
		t.Errorf("Version did not grow")
	}
	if err := os.Remove(o.CertFile); err != nil {
		t.Fatal(err)
	}
	check("removed", cert2, true)
}

// An authority that is replaced while the process runs (T30).
func TestRotatedAuthority(t *testing.T) {
	old, young := testpki.New(t, "old"), testpki.New(t, "young")
	dir := t.TempDir()
	c := open(t, Options{CAFile: testpki.File(t, dir, "ca", old.PEM)})
	accepts := func(ca *testpki.CA) bool {
		_, err, _ := handshake(t, c.Config("localhost"), &tls.Config{Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})}})
		return err == nil
	}
	both := append(bytes.Clone(old.PEM), young.PEM...)
	for _, step := range []struct {
		name       string
		data       []byte
		old, young bool
	}{
		{"old", old.PEM, true, false},
		{"cut off in the second certificate", both[:len(both)-40], true, false},
		{"cut off in the first of two", append(append([]byte{}, young.PEM[:len(young.PEM)-40]...), young.PEM...), true, false},
		{"a letter in the first of two that is none", append(bytes.Replace(old.PEM, []byte("M"), []byte("!"), 1), young.PEM...), true, false},
		{"empty", nil, true, false},
		{"both", both, true, true},
		{"young", young.PEM, false, true},
	} {
		testpki.File(t, dir, "ca", step.data)
		if accepts(old) != step.old || accepts(young) != step.young {
			t.Errorf("%s: accepts old %v, young %v", step.name, accepts(old), accepts(young))
		}
	}
}

// A configuration and its number are of the same files, whoever looks meanwhile.
func TestVersionIsTheConfigs(t *testing.T) {
	first, second, dir := testpki.New(t, "first"), testpki.New(t, "second"), t.TempDir()
	c := open(t, Options{CAFile: testpki.File(t, dir, "ca", first.PEM)})
	var others sync.WaitGroup
	done := make(chan struct{})
	others.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
			}
			testpki.File(t, dir, "ca", []([]byte){first.PEM, second.PEM}[i%2])
			c.Config("h")
		}
	})
	pools, seen := map[uint64]*x509.CertPool{}, 0
	for seen < 500 {
		config, version := c.current("h")
		if known := pools[version]; known == nil {
			pools[version] = config.RootCAs
		} else if seen++; known != config.RootCAs {
			t.Errorf("version %d has two lists of authorities", version)
		}
	}
	close(done)
	others.Wait()
}

// Secrets are mounted as links that are swapped in one rename.
func TestSymbolicLinks(t *testing.T) {
	old, young := testpki.New(t, "old"), testpki.New(t, "young")
	dir := t.TempDir()
	testpki.File(t, dir, "1", old.PEM)
	testpki.File(t, dir, "2", young.PEM)
	link := filepath.Join(dir, "ca")
	if err := os.Symlink("1", link); err != nil {
		t.Skip("no symbolic links here")
	}
	c := open(t, Options{CAFile: link})
	before := c.Config("h").RootCAs
	if err := os.Symlink("2", link+".new"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(link+".new", link); err != nil {
		t.Fatal(err)
	}
	if after := c.Config("h").RootCAs; after.Equal(before) {
		t.Errorf("the link points elsewhere, and the authorities are the old ones")
	}
}

// S16: a private key that others may read.
func TestS16_KeyMode(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no mode bits")
	}
	ca, dir := testpki.New(t, "ours"), t.TempDir()
	cert, key := ca.Issue(testpki.Leaf{})
	o := Options{CertFile: testpki.File(t, dir, "cert", cert), KeyFile: testpki.File(t, dir, "key", key)}
	groupOK := os.Getuid() == 0 // root's files may be read by their group
	for mode, ok := range map[os.FileMode]bool{
		0o600: true, 0o400: true, 0o440: groupOK, 0o640: groupOK, 0o660: false, 0o644: false, 0o604: false, 0o666: false,
	} {
		if err := os.Chmod(o.KeyFile, mode); err != nil {
			t.Fatal(err)
		}
		_, err := o.Client()
		if ok && err != nil || !ok && !errors.Is(err, ErrKeyMode) {
			t.Errorf("mode %04o: %v", mode, err)
		}
	}
	if !t.Failed() {
		t.Log("S16: 8 modes of a key file, accepted that others may read 0")
	}
}

// Files that are far too large are not read to their end.
func TestHugeFile(t *testing.T) {
	path := testpki.File(t, t.TempDir(), "ca", bytes.Repeat([]byte{'\n'}, maxFile+1))
	if _, err := (&Options{CAFile: path}).Client(); !errors.Is(err, ErrPEM) {
		t.Errorf("want ErrPEM, got %v", err)
	}
}

// Version costs no file access within 5 s, and needs no more than that to see
// a change.
func TestVersionLooksFromTimeToTime(t *testing.T) {
	old, young := testpki.New(t, "old"), testpki.New(t, "young")
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		c := open(t, Options{CAFile: testpki.File(t, dir, "ca", old.PEM)})
		before := c.Version()
		testpki.File(t, dir, "ca", young.PEM)
		if time.Sleep(lookEvery - 1); c.Version() != before {
			t.Errorf("the file was looked at too early")
		}
		if time.Sleep(time.Nanosecond); c.Version() == before {
			t.Errorf("the file was not looked at")
		}
	})
}

// Whatever the file holds, there is a pool with every certificate in it, or an
// error.
func FuzzParsePool(f *testing.F) {
	ca := testpki.New(f, "ours")
	f.Add(ca.PEM)
	f.Add(append([]byte("# comment\n"), ca.PEM...))
	f.Add(ca.PEM[:len(ca.PEM)-30])
	f.Add(append(append([]byte{}, ca.PEM[:len(ca.PEM)-30]...), ca.PEM...))
	f.Fuzz(func(t *testing.T, data []byte) {
		pool, err := parsePool(data)
		if (pool == nil) == (err == nil) {
			t.Fatalf("pool %v, error %v", pool, err)
		}
		want := bytes.Count(data, []byte("-----BEGIN CERTIFICATE-----"))
		if err == nil && (want == 0 || pool.Equal(x509.NewCertPool())) {
			t.Fatalf("an empty pool without an error")
		}
		// A second way to read it: no block more than those that encoding/pem finds.
		blocks := 0
		for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
			blocks++
		}
		if all := bytes.Count(data, []byte("-----BEGIN")); err == nil && blocks != all {
			t.Fatalf("%d of %d blocks were read, without an error", blocks, all)
		}
	})
}

// Files that are written in place, byte by byte as it were, while connections
// are made: no handshake ever fails for it (S15: failures 0), and at the end
// the newest pair is in use.
func TestS15_HandshakesWhileFilesAreWritten(t *testing.T) {
	ca, dir := testpki.New(t, "ours"), t.TempDir()
	type pair struct{ cert, key []byte }
	pairs := make([]pair, 4)
	for i := range pairs {
		pairs[i].cert, pairs[i].key = ca.Issue(testpki.Leaf{})
	}
	o := Options{
		CertFile: testpki.File(t, dir, "cert", pairs[0].cert), KeyFile: testpki.File(t, dir, "key", pairs[0].key),
		CAFile: testpki.File(t, dir, "ca", ca.PEM),
	}
	server := &tls.Config{
		Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})},
		ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: ca.Pool(),
	}
	c := open(t, o)
	stop, stopped := make(chan struct{}), make(chan pair)
	go func() {
		for i := 0; ; i++ {
			p := pairs[i%len(pairs)]
			for path, data := range map[string][]byte{o.CertFile: p.cert, o.KeyFile: p.key, o.CAFile: ca.PEM} {
				os.WriteFile(path, data[:len(data)/2], 0o600)
				os.WriteFile(path, data, 0o600)
			}
			select {
			case <-stop:
				stopped <- p
				return
			default:
			}
		}
	}()
	var workers sync.WaitGroup
	for range 2 {
		workers.Go(func() {
			for range 50 {
				if _, clientErr, serverErr := handshake(t, c.Config("127.0.0.1"), server); clientErr != nil || serverErr != nil {
					t.Errorf("client %v, server %v", clientErr, serverErr)
				}
				c.Version()
			}
		})
	}
	workers.Wait()
	close(stop)
	last := <-stopped
	got := presented(t, c.Config("127.0.0.1"), server)
	if block, _ := pem.Decode(last.cert); !bytes.Equal(got.Raw, block.Bytes) || c.Err() != nil {
		t.Errorf("at the end another certificate is in use; Err is %v", c.Err())
	}
	if !t.Failed() {
		t.Log("S15: 100 handshakes while the files are written, failures 0")
	}
}
