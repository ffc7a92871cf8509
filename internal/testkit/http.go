package testkit

import (
	"io"
	"log"
	"net/http"
	"net/url"
)

// NoProxy keeps the developer's environment out of the tests.
func NoProxy(*http.Request) (*url.URL, error) { return nil, nil }

// DiscardLog swallows net/http's complaints: failed handshakes and torn requests
// are what these tests are about.
func DiscardLog() *log.Logger { return log.New(io.Discard, "", 0) }
