// Command generate writes the Go code of logentry.proto to logpb. It compiles the
// file itself and hands what it found to protoc's plugins, so that no protoc has to
// be installed. It is a module of its own, or everybody who uses the transport would
// require a compiler. Run it with go generate in transport/grpc.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/protoutil"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/pluginpb"
)

const (
	source = "../../logentry.proto"
	target = "../../logpb"

	// registered is the name in the registry of everything that is linked into
	// a program, where no two files may have the same.
	registered = "slogship/v1/logentry.proto"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	file, err := compile(ctx)
	if err != nil {
		return err
	}
	parameter := "module=github.com/slogship/slogship/transport/grpc/logpb"
	for _, plugin := range []string{"protoc-gen-go", "protoc-gen-go-grpc"} {
		if err := generate(ctx, plugin, &pluginpb.CodeGeneratorRequest{
			FileToGenerate: []string{registered}, Parameter: &parameter, ProtoFile: []*descriptorpb.FileDescriptorProto{file},
		}); err != nil {
			return fmt.Errorf("%s: %w", plugin, err)
		}
	}
	return nil
}

func compile(ctx context.Context) (*descriptorpb.FileDescriptorProto, error) {
	compiler := protocompile.Compiler{
		Resolver: &protocompile.SourceResolver{Accessor: func(name string) (io.ReadCloser, error) {
			if name != registered {
				return nil, os.ErrNotExist
			}
			return os.Open(source)
		}},
		SourceInfoMode: protocompile.SourceInfoStandard, // the comments
	}
	files, err := compiler.Compile(ctx, registered)
	if err != nil {
		return nil, err
	}
	return protoutil.ProtoFromFileDescriptor(files[0]), nil
}

// generate runs one plugin, as protoc does: a request on stdin, a response on
// stdout.
func generate(ctx context.Context, plugin string, request *pluginpb.CodeGeneratorRequest) error {
	in, err := proto.Marshal(request)
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, "go", "tool", plugin)
	command.Stdin, command.Stderr = bytes.NewReader(in), os.Stderr
	out, err := command.Output()
	if err != nil {
		return err
	}
	var response pluginpb.CodeGeneratorResponse
	if err := proto.Unmarshal(out, &response); err != nil {
		return err
	}
	if response.Error != nil {
		return fmt.Errorf("the plugin says: %s", response.GetError())
	}
	for _, f := range response.File {
		if err := os.WriteFile(filepath.Join(target, filepath.Base(f.GetName())), []byte(f.GetContent()), 0o644); err != nil {
			return err
		}
	}
	return nil
}
