package encode_test

import (
	"testing"

	"github.com/slogship/slogship/encode"
)

func BenchmarkSyslog(b *testing.B) {
	for name, enc := range map[string]encode.Encoder{
		"5424": encode.RFC5424{}, "cee": encode.RFC5424{Message: encode.SyslogCEE}, "3164": encode.RFC3164{}, "journal": encode.Journal{}, "json": encode.JSONLines{},
	} {
		b.Run(name, func(b *testing.B) { benchEncoder(b, enc, withResource(budgetRecord())) })
	}
}
