//go:build interop

package main

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/slogship/slogship/transport/otlp"
)

// The request is OTLP's JSON, written by hand: nothing of transport/otlp's is in
// what the Collector is found to keep.
func TestOtelcol(t *testing.T) {
	got := cycle(t, otelcol(nil, otlp.HTTP), func(at place, seq int) {
		said, err := json.Marshal(text(0, seq))
		if err != nil {
			t.Fatal(err)
		}
		now := time.Now().UnixNano()
		post(t, "http://"+at.addr()+"/v1/logs", "application/json", fmt.Sprintf(`{"resourceLogs":[{
			"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"interop"}}]},
			"scopeLogs":[{"logRecords":[{"timeUnixNano":"%d","observedTimeUnixNano":"%d","severityNumber":9,"severityText":"INFO",
			"body":{"stringValue":%q},"attributes":[
				{"key":"log.record.uid","value":{"stringValue":"0-0-0-0-%d"}},{"key":"producer","value":{"intValue":"0"}},
				{"key":"seq","value":{"intValue":"%d"}},{"key":"text","value":{"stringValue":%s}}]}]}]}]}`, now, now, message, seq, seq, said))
	})
	for i := range got {
		if err := checkOTLP(&got[i]); err != nil {
			t.Error(err)
		}
	}
	keepsBoth(t, got)
}
