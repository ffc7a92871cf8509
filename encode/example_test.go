package encode_test

import (
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/slogship/slogship/encode"
)

func exampleRecord() *encode.Record {
	id, _ := encode.ParseID("019ab0f2-6f1b-7c3e-9d2a-0242ac120002")
	return &encode.Record{
		ID:      id,
		Time:    time.Date(2026, 11, 23, 9, 49, 44, 123456789, time.UTC),
		Level:   slog.LevelInfo,
		Message: "order paid",
		Attrs: []slog.Attr{
			slog.Int("order", 42),
			slog.Duration("took", 1500*time.Microsecond),
			slog.Group("customer", slog.String("plan", "gold plus")),
			slog.String("level", "forged"),
		},
		Resource: &encode.Resource{Service: "shop"},
	}
}

func ExampleJSONLines() {
	line, _ := encode.JSONLines{Duration: encode.DurationText}.AppendRecord(nil, exampleRecord())
	fmt.Println(string(line))
	// Output:
	// {"time":"2026-11-23T09:49:44.123456789Z","level":"INFO","msg":"order paid","order":42,"took":"1.5ms","customer":{"plan":"gold plus"},"level#2":"forged","log_id":"019ab0f2-6f1b-7c3e-9d2a-0242ac120002","resource":{"service.name":"shop"}}
}

// Other names for the record's fields, and some left out.
func ExampleKeys() {
	enc := encode.JSONLines{
		Keys:  encode.Keys{Time: "ts", Message: "message", ID: encode.OmitField, Resource: encode.OmitField},
		Time:  encode.TimeUnixMilli,
		Level: encode.LevelNumbers,
	}
	line, _ := enc.AppendRecord(nil, exampleRecord())
	fmt.Println(string(line))
	// Output:
	// {"ts":1795427384123,"level":0,"message":"order paid","order":42,"took":1500000,"customer":{"plan":"gold plus"},"level#2":"forged"}
}

func ExampleLogfmt() {
	line, _ := encode.Logfmt{}.AppendRecord(nil, exampleRecord())
	fmt.Println(string(line))
	// Output:
	// time=2026-11-23T09:49:44.123456789Z level=INFO msg="order paid" order=42 took=1.5ms customer.plan="gold plus" level#2=forged log_id=019ab0f2-6f1b-7c3e-9d2a-0242ac120002 resource.service.name=shop
}

// For Elasticsearch's _bulk, or a file that Filebeat reads. ECS has no field
// called level, so the attribute keeps its name.
func ExampleECS() {
	line, _ := encode.ECS{}.AppendRecord(nil, exampleRecord())
	fmt.Println(string(line))
	// Output:
	// {"@timestamp":"2026-11-23T09:49:44.123Z","log.level":"info","message":"order paid","order":42,"took":1500000,"customer":{"plan":"gold plus"},"level":"forged","event.id":"019ab0f2-6f1b-7c3e-9d2a-0242ac120002","service.name":"shop","ecs.version":"8.17.0"}
}

// For Graylog: udp.Destination{Encoder: encode.GELF{}, Chunks: udp.GELF}, or
// tcp.Destination{Encoder: encode.GELF{}, Framing: tcp.Null}.
func ExampleGELF() {
	line, _ := encode.GELF{Host: "a1"}.AppendRecord(nil, exampleRecord())
	fmt.Println(string(line))
	// Output:
	// {"version":"1.1","host":"a1","short_message":"order paid","timestamp":1795427384.123456,"level":6,"_slog_level":0,"_log_id":"019ab0f2-6f1b-7c3e-9d2a-0242ac120002","_resource_service_name":"shop","_order":42,"_took":1500000,"_customer_plan":"gold plus","_level--2":"forged"}
}

func ExampleSeverityOf() {
	s := encode.SeverityOf(slog.LevelWarn)
	fmt.Println(int(s), s, s.Level())
	// Output: 4 warning WARN
}

func ExampleText() {
	enc := encode.Text{
		Time:      encode.TimeRFC3339Milli, // the default is the local clock
		Multiline: true,
	}
	rec := exampleRecord()
	rec.Level = slog.LevelError
	rec.Attrs = append(rec.Attrs, slog.Any("err", &encode.Error{
		Message: "charge card: connection refused",
		Frames:  []encode.Frame{{Function: "shop/pay.charge", File: "/src/shop/pay/charge.go", Line: 88}},
	}))
	line, _ := enc.AppendRecord(nil, rec)
	fmt.Println(string(line))
	// Output:
	// 2026-11-23T09:49:44.123Z ERROR  order paid                       order=42 took=1.5ms customer.plan="gold plus" level=forged err="charge card: connection refused"
	//              err: charge card: connection refused
	//                shop/pay.charge
	//                    /src/shop/pay/charge.go:88
}

// A console transport sets up its encoder like this.
func ExampleWantColor() {
	enc := encode.Text{
		Color:     encode.WantColor(os.Stderr, os.LookupEnv),
		Multiline: true,
	}
	line, _ := enc.AppendRecord(nil, exampleRecord())
	os.Stderr.Write(append(line, '\n'))
}
