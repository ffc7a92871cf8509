package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/grpc"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// grpcDestinations is this project's own Receiver: the protocol is its own, too.
// It asks for a client certificate and a token.
func grpcDestinations(env *environment) []destination {
	return []destination{{
		name: "grpc", setup: grpcReceiver(env.pki), kills: true, pause: pause,
		to: func(at place) transport.Destination { return grpcAt(at, env.pki) },
		scenes: []scene{
			{"refused", grpcRefused(env.pki)},
			{"stranger", grpcStranger(env.pki)},
			{"rotated", grpcRotated(env.pki)},
			{"stopped", grpcStopped(env.pki)},
			{"versions", grpcVersions(env.pki)},
		},
	}}
}

func grpcAt(at place, pki *pki) grpc.Destination {
	return grpc.Destination{Addr: at.addr(), TokenFile: grpcTokenFile(at), TLS: &tlsconfig.Options{
		CAFile: pki.ca, CertFile: pki.client.cert, KeyFile: pki.client.key,
	}}
}

// The token of every life, and the file that a sender has it from.
const grpcToken = "th1s-0ne-t0ken"

func grpcTokenFile(at place) string { return filepath.Join(at.data, "token") }

// grpcReceiver is this program again, as a process that appends each record as a
// line of JSON to a file, without a sync, and then answers.
func grpcReceiver(pki *pki) setup {
	return setup{
		version: func(context.Context) (string, error) { return "grpc.Receiver", nil },
		command: func(at place) (*exec.Cmd, error) {
			self, err := os.Executable()
			if err != nil {
				return nil, err
			}
			if _, err := os.Stat(grpcTokenFile(at)); err != nil {
				if err := os.WriteFile(grpcTokenFile(at), []byte(grpcToken+"\n"), 0o600); err != nil {
					return nil, err
				}
			}
			file := filepath.Join(at.dir, "received", "records")
			return exec.Command(self, grpcReceiverArg, at.addr(), file, pki.ca, pki.server.cert, pki.server.key), nil
		},
		ready: answersTCP,
		read:  readRows(parseObject),
	}
}
