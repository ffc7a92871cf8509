package all_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

// S5: bytes that are no UTF-8, in every place of a record, make no request that
// its server could not read: each is UTF-8, and JSON where it has to be.
func TestS5_InvalidUTF8(t *testing.T) {
	const each = 300
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	server := &web{}
	url, o := serveHTTPS(t, server)
	sent, failures := 0, 0
	for adapter, to := range overHTTP(url, nil, o) {
		tr, err := to.Open()
		if err != nil {
			t.Fatalf("%s: %v", adapter, err)
		}
		rnd := rand.New(rand.NewPCG(seed, 5))
		for range each {
			bad := make([]byte, 1+rnd.IntN(30))
			for i := range bad {
				bad[i] = byte(rnd.Uint32())
			}
			sent++
			rec := outsider(string(bad))
			rec.Resource.Service, rec.Resource.Version = string(bad), string(bad)
			deliverOne(t, tr, rec)
		}
		for _, a := range server.take() {
			if adapter != "otlp" && !readable(a) { // whose own test has a parser of protobuf
				failures++
				t.Errorf("%s: the request is %q", adapter, a.body)
			}
		}
		if err := tr.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Logf("S5: %d records of random bytes, failures %d", sent, failures)
}

// readable reports whether a body is UTF-8, and a line or more of JSON.
func readable(a asked) bool {
	for line := range bytes.SplitSeq(bytes.TrimSpace(a.body), []byte("\n")) {
		if !json.Valid(line) {
			return false
		}
	}
	if strings.Contains(a.header.Get("User-Agent"), "\ufffd") {
		return false
	}
	return utf8.Valid(a.body)
}
