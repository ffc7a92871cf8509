package transport_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/slogship/slogship/transport"
)

func TestWarn(t *testing.T) {
	transport.Warn(t.Context(), "nobody hears") // and nothing happens
	var got []string
	ctx := transport.WithWarn(t.Context(), func(message string, attrs []slog.Attr) {
		got = append(got, message+" "+attrs[0].String())
	})
	transport.Warn(context.WithoutCancel(ctx), "seen", slog.Int("n", 1))
	if len(got) != 1 || got[0] != "seen n=1" {
		t.Errorf("got %q", got)
	}
}
