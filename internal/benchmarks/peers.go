package benchmarks

import (
	"encoding/binary"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/VictoriaMetrics/VictoriaMetrics/lib/persistentqueue"
	"github.com/tidwall/wal"
	"go.etcd.io/bbolt"
	"go.opentelemetry.io/contrib/bridges/otelslog"
	sdklog "go.opentelemetry.io/otel/sdk/log"
)

// Store appends a record of bytes and is closed once.
type Store struct {
	Append func(p []byte) error
	Close  func() error
}

// OpenWrite is one write(2) a record, what a log to a plain file costs.
func OpenWrite(dir string) (*Store, error) {
	f, err := os.OpenFile(filepath.Join(dir, "plain"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("benchmarks: open file: %w", err)
	}
	return &Store{func(p []byte) error { _, err := f.Write(p); return err }, f.Close}, nil
}

// OpenQueue is VictoriaMetrics' queue on disk. No block stays in its memory
// part, or nothing of what is measured would reach the file.
func OpenQueue(dir string) (*Store, error) {
	q := persistentqueue.MustOpenFastQueue(filepath.Join(dir, "queue"), "bench", 0, 0, false)
	write := func(p []byte) error { q.TryWriteBlock(p); return nil }
	return &Store{write, func() error { q.MustClose(); return nil }}, nil
}

// OpenWAL is tidwall/wal without fsync: like ours it leaves write-back to the kernel.
func OpenWAL(dir string) (*Store, error) {
	l, err := wal.Open(filepath.Join(dir, "wal"), &wal.Options{NoSync: true})
	if err != nil {
		return nil, fmt.Errorf("benchmarks: open wal: %w", err)
	}
	i := uint64(0)
	return &Store{func(p []byte) error { i++; return l.Write(i, p) }, l.Close}, nil
}

// OpenBolt is bbolt without fsync, one transaction a record: a batch would
// not be safe from a kill when the call returns.
func OpenBolt(dir string) (*Store, error) {
	db, err := bbolt.Open(filepath.Join(dir, "bolt"), 0o600, &bbolt.Options{NoSync: true})
	if err != nil {
		return nil, fmt.Errorf("benchmarks: open bolt: %w", err)
	}
	var key [8]byte
	i := uint64(0)
	put := func(p []byte) error {
		return db.Update(func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists([]byte("b"))
			if err != nil {
				return err
			}
			i++
			binary.BigEndian.PutUint64(key[:], i)
			return b.Put(key[:], p)
		})
	}
	return &Store{put, db.Close}, nil
}

// OTel is the OpenTelemetry SDK behind its slog bridge. Without an exporter
// the processor only queues and drops, which is the least it can do.
func OTel() slog.Handler {
	p := sdklog.NewLoggerProvider(sdklog.WithProcessor(sdklog.NewBatchProcessor(nil)))
	return otelslog.NewHandler("bench", otelslog.WithLoggerProvider(p))
}
