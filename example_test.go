package slogship_test

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/memory"
)

// The program of the README, with a destination that needs no server.
func Example() {
	sink := memory.New()
	h, err := handler.New([]route.Route{{Name: "collector", To: sink}}, &handler.Options{InMemory: true})
	if err != nil {
		panic(err)
	}
	slog.New(h).Info("order placed", "id", 42)
	if err := h.Close(context.Background()); err != nil {
		panic(err)
	}
	fmt.Println(sink.Records()[0].Message)
	// Output: order placed
}
