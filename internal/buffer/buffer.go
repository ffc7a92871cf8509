package buffer

import (
	"context"

	"github.com/slogship/slogship/internal/vfs"
)

type Buffer struct{ ready chan struct{} }

func Open(fsys vfs.FS, dir string, o *Options) (*Buffer, error) { return nil, ErrClosed }

func (b *Buffer) Append(ctx context.Context, r Record) (Position, error) { return 0, ErrClosed }

type Chunk struct{ Entries []Entry }

func (c *Chunk) Reset()                                           {}
func (b *Buffer) Next(c *Chunk, maxRecords, maxBytes int) int     { return 0 }
func (b *Buffer) Arm() bool                                       { return true }
func (b *Buffer) Ready() <-chan struct{}                          { return b.ready }
func (b *Buffer) Ack(m Mark)                                      {}
func (b *Buffer) Rewind(m Mark)                                   {}
func (b *Buffer) Lose(r Reason, level uint8, id [16]byte)         {}
func (b *Buffer) Loss() (Loss, bool)                              { return Loss{}, false }
func (b *Buffer) Reported(id [16]byte)                            {}
func (b *Buffer) Tail() Position                                  { return 0 }
func (b *Buffer) Acked() Position                                 { return 0 }
func (b *Buffer) WaitAcked(ctx context.Context, p Position) error { return ErrClosed }
func (b *Buffer) Stop()                                           {}
func (b *Buffer) Close() error                                    { return nil }
func (b *Buffer) Stats() Stats                                    { return Stats{} }

type Loss struct {
	ID           [16]byte
	Counts       Counts
	First, Last  [16]byte
	Since, Until int64
}

type Stats struct {
	Appended, Recovered, Acked uint64
	Dropped                    Counts
	Refused                    uint64
	Lost                       uint64
	Records                    uint64
	Bytes                      int64
	Disk                       int64
	Oldest                     int64
	Quarantined                uint64
	Corrupt                    uint64
	Recovering                 bool
	Sub                        bool
	Adopted                    uint64
}
