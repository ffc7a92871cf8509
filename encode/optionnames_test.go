package encode

import (
	"fmt"
	"strings"
	"testing"
)

// Every option that is one of several has a name for each, no two the same, and
// none for the number after the last.
func TestOptionNames(t *testing.T) {
	for _, options := range [][]fmt.Stringer{
		{LevelNames, LevelOffsets, LevelNumbers, LevelFormat(3)},
		{BytesBase64, BytesHex, BytesText, BytesFormat(3)},
		{ErrorObject, ErrorMessage, ErrorFormat(2)},
		{TimeDefault, TimeRFC3339Nano, TimeRFC3339Milli, TimeUnixSeconds, TimeUnixMilli, TimeUnixMicro, TimeUnixNano, TimeClock, TimeFormat(8)},
		{DurationDefault, DurationNanos, DurationText, DurationSeconds, DurationMillis, DurationFormat(5)},
		{SyslogText, SyslogCEE, SyslogMessage(2)},
		{ClockUnstated, ClockSynchronized, ClockUnsynchronized, ClockOmitted, SyslogClock(4)},
	} {
		seen := map[string]bool{}
		for i, o := range options {
			name := o.String()
			if seen[name] || name == "" {
				t.Errorf("%T: %q twice", o, name)
			}
			seen[name] = true
			if last := i == len(options)-1; last != strings.Contains(name, "(") {
				t.Errorf("%T: number %d is called %q", o, i, name)
			}
		}
	}
}
