package main

import (
	"bytes"
	"context"
	"net"
	"testing"

	"github.com/slogship/slogship/encode"
	sloggrpc "github.com/slogship/slogship/transport/grpc"
)

func TestReceiver(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer // read when serve has returned
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- serve(ctx, l, &out) }()
	tr, err := (sloggrpc.Destination{Addr: l.Addr().String()}).Open()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []string{"one", "two"} {
		if err := tr.Send(t.Context(), []encode.Record{{Message: m, Resource: &encode.Resource{}}}); err != nil {
			t.Fatal(err)
		}
	}
	tr.Close()
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if lines := bytes.Split(bytes.TrimSpace(out.Bytes()), []byte("\n")); len(lines) != 2 || !bytes.Contains(lines[1], []byte(`"two"`)) {
		t.Errorf("the file has %q", lines)
	}
	if run(t.Context(), nil) == nil {
		t.Error("ran without a file")
	}
}
