package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/tcp"
	"github.com/slogship/slogship/transport/udp"
)

// pauseGELF keeps datagrams below what Java's socket buffer bridges, which cannot
// be made as large as rsyslog's.
const pauseGELF = 5 * time.Millisecond

// gelfDestinations are encode.GELF over TCP, a zero byte behind each message,
// and over UDP with most records in two to five chunks.
func gelfDestinations(*environment) []destination {
	stream := destination{
		name: "gelf-tcp", setup: graylog(parseGELF), kills: true, pause: pause, check: checkGELF,
		to:     func(at place) transport.Destination { return gelfStream(at) },
		scenes: []scene{{"forging", gelfForging(false)}},
	}
	stream.scenes = append(stream.scenes, smallWindow(stream, "64 KiB", 64<<10), smallWindow(stream, "none", -1))
	return []destination{stream, {
		name: "gelf-udp", setup: graylog(parseGELF), pause: pauseGELF, check: checkGELF,
		to:     func(at place) transport.Destination { return gelfChunks(at) },
		scenes: []scene{{"forging", gelfForging(true)}},
	}}
}

func gelfStream(at place) tcp.Destination {
	return tcp.Destination{Addr: at.addr(), Encoder: encode.GELF{Host: "host.example"}, Framing: tcp.Null}
}

func gelfChunks(at place) udp.Destination {
	return udp.Destination{Addr: at.addr(), Encoder: encode.GELF{Host: "host.example"}, Chunks: udp.GELF, MaxDatagram: 1432}
}

// parseGELF finds the load's attributes among the message's fields. Graylog
// trims every field.
func parseGELF(row map[string]any) entry {
	e := parseObject(row)
	e.Message, _ = row["message"].(string)
	if e.Producer != nil && e.Seq != nil {
		if want := text(*e.Producer, *e.Seq); e.Text == strings.TrimFunc(want, javaBlank) {
			e.Text, row["text"] = want, want
		}
	}
	return e
}

// javaBlank is what String.trim cuts off.
func javaBlank(r rune) bool { return r <= ' ' }

// checkGELF compares all fields of a message of the load. "_id" is Graylog's own.
func checkGELF(e *entry) error {
	id, err := encode.ParseID(e.ID)
	if err != nil {
		return err
	}
	at, _ := e.Fields["timestamp"].(float64)
	if gap := math.Abs(at - float64(idMillis(id))); gap > 1000 {
		return fmt.Errorf("timestamp %f is %f ms from the ID's time", at, gap)
	}
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	want := map[string]any{
		"source": "host.example", "message": message, "level": 6.0, "slog_level": 0.0, "log_id": e.ID, "timestamp": at, "_id": e.Fields["_id"],
		"resource_service_name": "interop", "resource_host_name": host, "resource_process_pid": float64(os.Getpid()),
		"producer": float64(*e.Producer), "seq": float64(*e.Seq), "text": text(*e.Producer, *e.Seq),
	}
	return sameFields(e.Fields, want)
}

// gelfForged is how many records try to forge others, over TCP and UDP: 10^5.
const gelfForged, gelfForgedUDP = 90_000, 10_000

// gelfForging sends records of which each text tries to end its message, to be
// another, or to be one of Graylog's own fields. Graylog's codec takes as many as
// were sent, each once, with the host and level that it was given.
func gelfForging(datagrams bool) func(context.Context, *stage) error {
	return func(ctx context.Context, on *stage) error {
		var to transport.Destination = gelfStream(on.server.life.at)
		sent, atOnce := gelfForged, gelfForged
		if datagrams {
			to, sent, atOnce = gelfChunks(on.server.life.at), gelfForgedUDP, 1 // a pause after each
		}
		pipe, err := on.pipeline("forging", to, nil)
		if err != nil {
			return err
		}
		seed := rand.Uint64()
		rnd := rand.New(rand.NewPCG(seed, 1))
		for n := 0; n < sent; n += atOnce {
			if err := logForged(ctx, pipe.handler, rnd, atOnce, datagrams); err != nil {
				return errors.Join(err, pipe.close(ctx, false))
			}
		}
		if err := pipe.close(ctx, datagrams); err != nil {
			return err
		}
		if err := (destination{}).settle(ctx, on.server); err != nil {
			return err
		}
		return countGELF(ctx, on.server, sent, seed)
	}
}

func countGELF(ctx context.Context, s *server, sent int, seed uint64) error {
	received, ids := 0, make(map[string]bool)
	var forged map[string]any
	_, err := s.received(ctx, func(e entry) {
		received++
		if e.ID == "" || ids[e.ID] || e.Fields["source"] != "host.example" || e.Fields["level"] != 6.0 || e.Fields["resource_service_name"] != "interop" || e.Fields["number"] == nil {
			forged = e.Fields
		}
		ids[e.ID] = true
	})
	if err == nil && (forged != nil || received != sent) {
		err = fmt.Errorf("seed %d: %d received, %d sent, forged or not understood: %.500v: %w", seed, received, sent, forged, errScene)
	}
	return err
}
