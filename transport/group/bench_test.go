package group_test

import (
	"context"
	"testing"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/group"
)

// What a group adds to a Send that its member takes at once.
func BenchmarkSend(b *testing.B) {
	one, two := nothing{}, []transport.Destination{nothing{}, nothing{}}
	recs := batch(1, 100)
	for name, d := range map[string]transport.Destination{
		"member": one, "failover": group.Failover{Members: two}, "balance": group.Balance{Members: two}, "quorum": group.Quorum{Members: two},
	} {
		b.Run(name, func(b *testing.B) {
			tr := open(b, d)
			defer tr.Close()
			b.ReportAllocs()
			for b.Loop() {
				if err := tr.Send(b.Context(), recs); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// nothing takes everything, at once.
type nothing struct{}

func (nothing) Open() (transport.Transport, error)          { return nothing{}, nil }
func (nothing) Describe() transport.Description             { return transport.Description{} }
func (nothing) Send(context.Context, []encode.Record) error { return nil }
func (nothing) Close() error                                { return nil }
