package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/lumberjack"
	"github.com/slogship/slogship/transport/tlsconfig"
)

const golumberModule, golumberPackage = "golumber", "github.com/slogship/slogship/internal/interop/golumber"

// lumberjackDestinations are the Beats protocol into Elastic's own server of it
// in Go, with compression, and without it but with TLS.
func lumberjackDestinations(env *environment) []destination {
	all := []destination{
		{
			name: "lumberjack", setup: golumber(nil, parseECS), kills: true, batch: lumberjack.DefaultWindow, pause: pause, check: checkBeat,
			to: func(at place) transport.Destination { return lumberjack.Destination{Addrs: []string{at.addr()}} },
		},
		{
			name: "lumberjack-tls", setup: golumber(env.pki, parseECS), kills: true, batch: lumberjack.DefaultWindow, pause: pause, check: checkBeat,
			to: func(at place) transport.Destination {
				return lumberjack.Destination{
					Addrs: []string{at.addr()}, Compression: lumberjack.Uncompressed,
					TLS: &tlsconfig.Options{CAFile: env.pki.ca, CertFile: env.pki.client.cert, KeyFile: env.pki.client.key},
				}
			},
		},
	}
	all[1].scenes = tlsScenes(all[1], env.pki)
	return all
}

// golumber is the server of github.com/elastic/go-lumber. With a pki it speaks
// TLS and asks clients for a certificate. parse makes an entry of each event as
// it was sent.
func golumber(pki *pki, parse func(row map[string]any) entry) setup {
	return setup{
		install: func(ctx context.Context) error { _, err := golumberProgram(ctx); return err },
		version: golumberVersion,
		command: func(at place) (*exec.Cmd, error) {
			program, err := golumberProgram(context.Background())
			if err != nil {
				return nil, err
			}
			args := []string{"-addr", at.addr(), "-out", filepath.Join(at.dir, "received", "events")}
			if pki != nil {
				args = append(args, "-ca", pki.ca, "-cert", pki.server.cert, "-key", pki.server.key)
			}
			return exec.Command(program, args...), nil
		},
		ready: answersTCP,
		read:  readRows(parse),
	}
}

func golumberProgram(ctx context.Context) (string, error) {
	return goBuild(ctx, golumberModule, golumberPackage)
}

func golumberVersion(ctx context.Context) (string, error) {
	program, err := golumberProgram(ctx)
	if err != nil {
		return "", missing("golumber", err)
	}
	out, err := exec.CommandContext(ctx, program, "-version").Output()
	return "go-lumber " + strings.TrimSpace(string(out)), err
}

// parseECS is for records that are documents of encode.ECS.
func parseECS(row map[string]any) entry { return parseDocument(row, row["event.id"]) }

var errBeat = errors.New("not as Logstash wants it")

// checkBeat looks at what makes an ECS document an event of a Beat.
func checkBeat(e *entry) error {
	meta, _ := e.Fields["@metadata"].(map[string]any)
	at, _ := e.Fields["@timestamp"].(string)
	if meta["beat"] != "slogship" || meta["version"] != "1" || meta["type"] != "_doc" || at == "" {
		return fmt.Errorf("@metadata %v, @timestamp %q: %w", meta, at, errBeat)
	}
	if e.Fields["service.name"] != "interop" || e.Fields["log.level"] != "info" {
		return fmt.Errorf("service.name %v, log.level %v: %w", e.Fields["service.name"], e.Fields["log.level"], errBeat)
	}
	return nil
}
