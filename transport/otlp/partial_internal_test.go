package otlp

// This file is inside the package: what is written to stderr is known by nobody
// else.

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestShowerIsQuiet: the first is shown, and then one a minute; all are counted.
func TestShowerIsQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s shower
		for minute := range 3 {
			for i := range 5 {
				if s.count(2); s.due() != (i == 0) {
					t.Errorf("minute %d, partial success %d", minute, i)
				}
			}
			time.Sleep(everyMinute) // in the bubble
		}
		if total := s.count(0); total != 30 {
			t.Errorf("%d counted", total)
		}
	})
}
