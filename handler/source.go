package handler

import (
	"log/slog"
	"maps"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/codec"
	"github.com/slogship/slogship/internal/match"
)

// sourceCache keeps what a PC means. A program has as many log calls as it has
// lines, so the map is small, and copied for each new one: reading it takes no
// lock.
type sourceCache struct {
	known atomic.Pointer[map[uintptr]place]
	mu    sync.Mutex // serialises writers
}

type place struct {
	frame  encode.Frame
	source []byte // frame, encoded for a record's header
	path   string // import path of the package
}

// maxPlaces bounds the cache for programs that generate code.
const maxPlaces = 1 << 14

func (s *sourceCache) place(pc uintptr) place {
	if known := s.known.Load(); known != nil {
		if p, ok := (*known)[pc]; ok {
			return p
		}
	}
	return s.add(pc)
}

func (s *sourceCache) add(pc uintptr) place {
	f, _ := runtime.CallersFrames([]uintptr{pc}).Next()
	p := place{frame: encode.Frame{Function: f.Function, File: f.File, Line: f.Line}, path: match.PackageOf(f.Function)}
	p.source = codec.AppendSource(nil, &slog.Source{Function: f.Function, File: f.File, Line: f.Line})
	s.mu.Lock()
	defer s.mu.Unlock()
	grown := make(map[uintptr]place)
	if known := s.known.Load(); known != nil && len(*known) < maxPlaces {
		maps.Copy(grown, *known)
	}
	grown[pc] = p
	s.known.Store(&grown)
	return p
}

func (s *sourceCache) encoded(pc uintptr) []byte {
	if pc == 0 {
		return nil
	}
	return s.place(pc).source
}

func (s *sourceCache) importPath(pc uintptr) string {
	if pc == 0 {
		return ""
	}
	return s.place(pc).path
}

// maxFrames bounds a stack.
const maxFrames = 64

// stack returns the calls that led to the log call at pc, innermost first. If
// pc is not among them (the record was handed to another goroutine) there is
// no stack: ours would be about someone else.
func (c *core) stack(s *scratch, pc uintptr) []encode.Frame {
	pcs := s.pcs[:runtime.Callers(1, s.pcs[:])]
	start := 0
	for start < len(pcs) && pcs[start] != pc {
		start++
	}
	s.frames = s.frames[:0]
	for _, pc := range pcs[min(start, len(pcs)):] {
		s.frames = append(s.frames, c.sources.place(pc).frame)
	}
	return s.frames
}
