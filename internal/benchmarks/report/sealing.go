package main

import (
	"context"
	"crypto/fips140"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/slogship/slogship/crypto"
	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/internal/benchmarks"
	"github.com/slogship/slogship/internal/buffer"
	"github.com/slogship/slogship/internal/vfs"
	"github.com/slogship/slogship/route"
)

// sealedText is a field of 32 bytes.
const sealedText = "4f9a1c7be02d48f6a3b5c7d9e1f20416"

// withField logs the record of all budgets with its path replaced by a field of 32
// bytes.
func withField(h slog.Handler) func(int) {
	l, ctx := slog.New(h), context.Background()
	return func(n int) {
		for range n {
			l.LogAttrs(ctx, slog.LevelInfo, "request served",
				slog.String("method", "GET"), slog.String("session", sealedText),
				slog.String("user_agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"),
				slog.Int("status", 200), slog.Int("bytes", 51234), slog.Duration("took", 1532*time.Microsecond),
				slog.Bool("cached", true), slog.Any("err", errUpstream))
		}
	}
}

func newKeys() (*crypto.Keyring, error) {
	key, err := crypto.GenerateKey("bench")
	if err != nil {
		return nil, err
	}
	return crypto.NewKeyring(key)
}

// sealing measures what field policies and encrypted segments cost. With
// GODEBUG=fips140=on it is the cost in FIPS mode.
func sealing(rounds int) ([]row, error) {
	dir, err := os.MkdirTemp("", "slogship-sealing-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	keys, err := newKeys()
	if err != nil {
		return nil, err
	}
	defer keys.Close()
	rows, err := policyCosts(dir, keys, rounds)
	if err != nil {
		return nil, err
	}
	append256, err := sealedAppend(dir, keys, rounds)
	return append(rows, append256...), err
}

func policyCosts(dir string, keys *crypto.Keyring, rounds int) ([]row, error) {
	var subjects []subject
	var hs []*handler.Handler
	for i, p := range []*crypto.Policy{
		nil,
		{Rules: []crypto.Rule{{Key: "password"}, {Path: "customer.**"}, {Key: "*token*"}}},
		{Rules: []crypto.Rule{{Key: "session"}}},
	} {
		h, err := handler.New([]route.Route{{Name: "r", To: benchmarks.Sink{}}}, &handler.Options{
			Dir: filepath.Join(dir, fmt.Sprint(i)), OnError: func(error) {}, Fields: p, Keys: keys,
		})
		if err != nil {
			return nil, err
		}
		defer h.Close(context.Background())
		hs = append(hs, h)
		subjects = append(subjects, subject{withField(h), 200})
	}
	more := beyond(10*rounds, subjects[0], subjects[1], subjects[2])
	if sealed := hs[2].Stats().Fields.Sealed; sealed == 0 {
		return nil, fmt.Errorf("nothing was sealed: this measures something else")
	}
	seal, nothing := withField(hs[2]), withField(benchmarks.Nothing{})
	allocs := testing.AllocsPerRun(2000, func() { seal(1) }) - testing.AllocsPerRun(2000, func() { nothing(1) })
	budget, mode := 400.0, "AES-256-GCM; in FIPS mode run it with GODEBUG=fips140=on"
	if fips140.Enabled() {
		budget, mode = 1000, "in FIPS mode"
	}
	return []row{
		{what: "a field policy that matches nothing, eight attributes", got: more[0], budget: 60, unit: "ns", note: "beyond no policy"},
		{what: "… that seals one field of 32 bytes", got: more[1], budget: budget, unit: "ns", note: mode},
		{what: "… heap allocations per call, beyond those of slog", got: allocs},
	}, nil
}

// sealedAppend measures appends to encrypted segments beside plain ones.
func sealedAppend(dir string, keys *crypto.Keyring, rounds int) ([]row, error) {
	var rows []row
	for _, size := range []int{256, 1024} {
		var subjects []subject
		for i, encrypt := range []bool{false, true} {
			b, err := buffer.Open(vfs.OS{}, filepath.Join(dir, fmt.Sprint("append", size, i)), &buffer.Options{
				MaxBytes: 2 << 30, MinSegment: 16 << 20, MaxSegment: 16 << 20, StallTimeout: time.Second,
				NewID: func() [16]byte { return [16]byte{1} }, Cipher: crypto.NewSegmentKeys(keys), Encrypt: encrypt,
			})
			if err != nil {
				return nil, err
			}
			defer b.Close()
			r := buffer.Record{Payload: make([]byte, size), Level: 2, Time: 1}
			r.Sum = buffer.Sum(r.Payload)
			subjects = append(subjects, subject{n: 2000, run: func(n int) {
				for range n {
					_, _ = b.Append(context.Background(), r)
				}
			}})
		}
		m := compare(rounds, subjects...)
		rows = append(rows, row{
			what: fmt.Sprintf("append to an encrypted segment, %d B", size), got: float64(size) / m[1] * 1000, budget: 500, unit: "MB/s",
			atLeast: true, note: fmt.Sprintf("%.4g ns; plain %.4g ns", m[1], m[0]),
		})
	}
	return rows, nil
}
