package memory_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/memory"
)

// deliver stands for the code under test, which has the Sink as the destination
// of one of its routes and logs.
func deliver(to transport.Destination, recs ...encode.Record) error {
	tr, err := to.Open()
	if err != nil {
		return err
	}
	defer tr.Close()
	return tr.Send(context.Background(), recs)
}

func Example() {
	sink := memory.New()
	err := deliver(sink, encode.Record{
		Message:  "order placed",
		Level:    slog.LevelInfo,
		Attrs:    []slog.Attr{slog.Group("order", slog.Int("id", 42))},
		Resource: &encode.Resource{},
	})
	got := sink.Records()
	fmt.Println(len(got), got[0].Level, got[0].Message, memory.Attr(got[0], "order", "id"), err)
	// Output: 1 INFO order placed 42 <nil>
}

// A destination that is down, and comes back.
func ExampleSink_Fail() {
	sink := memory.New()
	sink.Fail(errors.New("connection refused"))
	fmt.Println(deliver(sink, encode.Record{Message: "first", Resource: &encode.Resource{}}))
	sink.Fail(nil)
	fmt.Println(deliver(sink, encode.Record{Message: "second", Resource: &encode.Resource{}}))
	fmt.Println(sink.Messages())
	// Output:
	// connection refused
	// <nil>
	// [second]
}
