package grpc

import (
	"cmp"
	"context"
	"crypto/tls"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/option"
)

// ErrConfig is wrapped by the errors about a field's value.
var ErrConfig = option.ErrConfig

// Defaults and limits of ReceiverOptions' fields.
const (
	DefaultMaxMessage  = 4 << 20
	DefaultMaxRecords  = 10_000
	DefaultMaxStreams  = 1000
	DefaultRemembered  = 100_000
	DefaultRetryAfter  = time.Second
	DefaultServerPings = 30 * time.Second
)

// ReceiverOptions are what a Receiver may be told besides its callback. The zero
// value, and a nil *ReceiverOptions, are the defaults.
type ReceiverOptions struct {
	// TLS makes the receiver speak TLS; nil is plaintext, for loopback and for
	// proxies that end TLS. It is cloned; MinVersion is at least TLS 1.3 unless it
	// names 1.2. For mTLS set ClientAuth to tls.RequireAndVerifyClientCert and
	// ClientCAs; GetCertificate and GetConfigForClient are asked for each
	// connection, which is how certificates are rotated.
	TLS *tls.Config

	// Authorize is asked once for each stream, with the token of the request
	// header "authorization: Bearer …", "" if there is none. ctx is the stream's,
	// with its peer and metadata. An error ends the stream as UNAUTHENTICATED, or
	// as what it says if it is, or wraps, a status of package
	// google.golang.org/grpc/status; no other text is told to the sender. It is called
	// concurrently. nil: everybody who gets through TLS may send.
	Authorize func(ctx context.Context, token string) error

	// MaxMessage is the most bytes that one request may have. Default 4 MiB,
	// at least 64 KiB.
	MaxMessage int

	// MaxRecords is the most records in one request. Default 10,000.
	MaxRecords int

	// MaxStreams is how many streams there may be at a time, over all
	// connections. What comes above it is told to come again. Default 1,000.
	MaxStreams int

	// Remembered is how many of the newest ids are remembered, so that the
	// callback does not get a record a second time. Default 100,000, which takes
	// some 10 MiB; negative: none.
	Remembered int

	// RetryAfter is how long a sender is asked to wait after the callback has
	// failed, and when there are too many streams. Default 1 s, negative: as it likes.
	RetryAfter time.Duration

	// KeepAlive is how long a connection is quiet before it is asked whether the
	// sender lives. Default 30 s, at least 1 s.
	KeepAlive time.Duration

	// OnError gets the errors that senders are not told: the callback's, and
	// streams that were refused. Called concurrently, must not block. nil: none
	// are reported.
	OnError func(error)
}

// withDefaults is the one place where fields are checked and defaults applied.
func (o *ReceiverOptions) withDefaults() (ReceiverOptions, error) {
	var out ReceiverOptions
	if o != nil {
		out = *o
	}
	out.MaxMessage = cmp.Or(out.MaxMessage, DefaultMaxMessage)
	out.MaxRecords = cmp.Or(out.MaxRecords, DefaultMaxRecords)
	out.MaxStreams = cmp.Or(out.MaxStreams, DefaultMaxStreams)
	out.Remembered = cmp.Or(out.Remembered, DefaultRemembered)
	out.RetryAfter = cmp.Or(out.RetryAfter, DefaultRetryAfter)
	out.KeepAlive = cmp.Or(out.KeepAlive, DefaultServerPings)
	if out.OnError == nil {
		out.OnError = func(error) {}
	}
	if out.TLS != nil {
		out.TLS = out.TLS.Clone()
		if out.TLS.MinVersion != tls.VersionTLS12 {
			out.TLS.MinVersion = max(out.TLS.MinVersion, tls.VersionTLS13)
		}
	}
	return out, out.validate()
}

func (o *ReceiverOptions) validate() error {
	return option.Check("grpc: ReceiverOptions", option.Fields{
		{"MaxMessage", o.MaxMessage, o.MaxMessage < 64<<10 || o.MaxMessage > 1<<30, "64 KiB to 1 GiB"},
		{"MaxRecords", o.MaxRecords, o.MaxRecords < 1 || o.MaxRecords > 1_000_000, "1 to 1,000,000"},
		{"MaxStreams", o.MaxStreams, o.MaxStreams < 1, "1 or more"},
		{"KeepAlive", o.KeepAlive, o.KeepAlive < time.Second, "1 s or more"},
	})
}

// Handle takes a batch of a Receiver's: see [NewReceiver].
type Handle = func(ctx context.Context, recs []encode.Record) error
