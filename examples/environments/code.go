package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/route"
	"github.com/slogship/slogship/transport/console"
	"github.com/slogship/slogship/transport/file"
	"github.com/slogship/slogship/transport/https"
	"github.com/slogship/slogship/transport/syslog"
	"github.com/slogship/slogship/transport/tcp"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// everyLevel is "levels: all" of a file: these five cover all there are. The zero
// Levels is another set, that of handler.Options.Levels.
func everyLevel() route.Levels {
	return route.Only(route.LevelTrace, slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError)
}

// environments are the routes of logging.yaml in Go. collector is the host that
// takes most of them.
func environments(collector string) route.Environments {
	return route.Environments{
		"base": {Abstract: true, Routes: []route.Route{
			{
				Name: "audit", Levels: everyLevel(), Match: route.Equals("audit", true), Final: true,
				To: tcp.Destination{Addr: "audit.internal:6514", TLS: &tlsconfig.Options{}},
			},
			{Name: "collector", To: syslog.Destination{Addr: collector + ":514"}},
			{
				Name: "everything", Levels: everyLevel(),
				To:     file.Destination{Path: "/var/log/shop/everything.json", MaxSize: 100e6, KeepFor: 7 * 24 * time.Hour},
				Sample: route.Sample{Share: 0.1, ByTrace: true},
			},
		}},
		"development": {Routes: []route.Route{{
			Name: "console", Levels: route.AtLeast(slog.LevelDebug), Direct: true,
			To: console.Destination{Writer: os.Stdout, Encoder: encode.Text{}},
		}}},
		"staging": {Inherits: "base"},
		"production": {Inherits: "base", Without: []string{"everything"}, Routes: []route.Route{{
			Name: "pager", Levels: route.Only(route.LevelFatal),
			To:      https.Destination{URL: "https://pager.internal/v1/logs"},
			Backoff: route.Backoff{MaxInterval: 10 * time.Second},
		}}},
	}
}
