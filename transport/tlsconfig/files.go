package tlsconfig

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"os"
)

// maxFile bounds what is read of a file: the whole list of public authorities
// takes about 250 KiB.
const maxFile = 4 << 20

// caFile is a list of authorities that follows its file. The contents are
// compared rather than times and sizes: a few KiB per connection cost nothing,
// and a file replaced twice within its clock's step would look unchanged.
type caFile struct {
	path string
	seen []byte // contents that pool was made of
	pool *x509.CertPool
}

// look reports whether the pool was replaced.
func (f *caFile) look() (bool, error) {
	if f.path == "" {
		return false, nil
	}
	data, err := read(f.path)
	if err != nil || bytes.Equal(data, f.seen) {
		return false, err
	}
	pool, err := parsePool(data)
	if err != nil {
		return false, fmt.Errorf("tlsconfig: read authorities %q: %w", f.path, err)
	}
	f.seen, f.pool = data, pool
	return true, nil
}

// begin is where a PEM block starts (RFC 7468).
const begin = "-----BEGIN"

// parsePool is stricter than AppendCertsFromPEM, which takes what it can read
// of a file that is still being written and drops the rest in silence. So does
// pem.Decode with a block that it cannot read, and goes on to the next one: what it
// has passed must have had one beginning.
func parsePool(data []byte) (*x509.CertPool, error) {
	pool, found := x509.NewCertPool(), false
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			break
		}
		if bytes.Count(data[:len(data)-len(rest)], []byte(begin)) != 1 {
			return nil, ErrPEM
		}
		if data = rest; block.Type != "CERTIFICATE" {
			continue
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		pool.AddCert(cert)
		found = true
	}
	if !found || bytes.Contains(data, []byte(begin)) {
		return nil, ErrPEM
	}
	return pool, nil
}

// pairFiles is a client certificate that follows its two files.
type pairFiles struct {
	cert, key string
	seenCert  []byte // contents that current was made of
	seenKey   []byte
	current   *tls.Certificate // replaced, never changed
}

// look reports whether the certificate was replaced. Between the writing of one
// file and of the other the two do not fit (X509KeyPair compares the public
// keys), so the old pair stays until both are there.
func (f *pairFiles) look() (bool, error) {
	if f.cert == "" {
		return false, nil
	}
	cert, err := read(f.cert)
	if err != nil {
		return false, err
	}
	if err := checkKeyMode(f.key); err != nil {
		return false, fmt.Errorf("tlsconfig: read key %q: %w", f.key, err)
	}
	key, err := read(f.key)
	if err != nil || bytes.Equal(cert, f.seenCert) && bytes.Equal(key, f.seenKey) {
		return false, err
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return false, fmt.Errorf("tlsconfig: read pair %q, %q: %w", f.cert, f.key, err)
	}
	f.seenCert, f.seenKey, f.current = cert, key, &pair
	return true, nil
}

// read returns a file's contents, bounded. The error of package os names the
// path already.
func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("tlsconfig: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("tlsconfig: %w", err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("tlsconfig: read %q: more than %d bytes: %w", path, maxFile, ErrPEM)
	}
	return data, nil
}
