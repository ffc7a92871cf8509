package handler_test

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/slogship/slogship/handler"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/memory"
)

// The route keeps its name, and with it its buffer and figures, and gets another
// destination.
func ExampleHandler_Reload() {
	ctx, old, next := context.Background(), memory.New(), memory.New()
	h, err := handler.New([]route.Route{{Name: "main", To: old}}, &handler.Options{InMemory: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	logger := slog.New(h)
	logger.Info("before")
	if err := h.Flush(ctx); err != nil {
		fmt.Println(err)
	}
	if err := h.Reload([]route.Route{{Name: "main", To: next}}, nil); err != nil {
		fmt.Println(err) // which route, and why; the old ones are in force
	}
	logger.Info("after")
	if err := h.Close(ctx); err != nil {
		fmt.Println(err)
	}
	fmt.Println(old.Messages(), next.Messages(), h.Stats().Routes[0].Delivered)
	// Output: [before] [after] 2
}
