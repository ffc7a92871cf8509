package buffer

import (
	"context"
	"testing"
)

// The floor: memcpy and CRC-32C into the same mapping. The budget for Append
// is 1.5 times that.
func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{256, 1024} {
		name := map[int]string{256: "256", 1024: "1024"}[size]
		r := record(1, size)
		b.Run("floor/"+name, func(b *testing.B) {
			buf := benchBuffer(b)
			mustAppend(b, buf, 1, size)
			s := buf.active.Load()
			mem := s.mem
			b.ReportAllocs()
			off := headerSize
			var x uint32
			for b.Loop() {
				if off+size+32 > len(mem) {
					off = headerSize
				}
				copy(mem[off+32:off+32+size], r.Payload)
				x ^= Sum(mem[off+32 : off+32+size])
				off += size + 32
			}
			_ = x
		})
		b.Run("path/"+name, func(b *testing.B) {
			buf := benchBuffer(b)
			ctx := context.Background()
			n := uint64(strideOf(size))
			mustAppend(b, buf, 1, size)
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				if s := buf.active.Load(); s == nil || s.used()+n > s.size {
					b.StopTimer()
					for {
						if s := buf.active.Load(); s != nil && s.used()+n <= s.size {
							break
						}
						_, _ = buf.Append(ctx, r)
					}
					b.StartTimer()
				}
				r.Sum = Sum(r.Payload)
				_, _ = buf.Append(ctx, r)
			}
		})
		b.Run("append/"+name, func(b *testing.B) {
			buf := benchBuffer(b)
			ctx := context.Background()
			b.ReportAllocs()
			lost := 0
			for b.Loop() {
				r.Sum = Sum(r.Payload)
				if _, err := buf.Append(ctx, r); err != nil {
					lost++
				}
			}
			b.ReportMetric(float64(lost)/float64(b.N), "lost/op")
		})
		b.Run("parallel/"+name, func(b *testing.B) {
			buf := benchBuffer(b)
			b.ReportAllocs()
			b.SetParallelism(4)
			b.RunParallel(func(pb *testing.PB) {
				ctx := context.Background()
				r := record(2, size)
				for pb.Next() {
					r.Sum = Sum(r.Payload)
					_, _ = buf.Append(ctx, r)
				}
			})
			s := buf.Stats()
			b.ReportMetric(float64(s.Refused)/float64(b.N), "refused/op")
		})
	}
}

// benchBuffer has no consumer: what is over the cap is dropped unread, which
// is the most work that the background can have.
func benchBuffer(b *testing.B) *Buffer {
	o := testOptions()
	o.MinSegment, o.MaxSegment = 16<<20, 16<<20
	o.OnError = func(error) {}
	o.StallTimeout = 0
	buf := open(b, b.TempDir(), o)
	b.Cleanup(func() { _ = buf.Close() })
	return buf
}
