package main

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"reflect"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/tcp"
)

// pythonDestinations are the pickled records of encode.Pickle, by transport/tcp
// with a length of four bytes before each.
func pythonDestinations(*environment) []destination {
	d := destination{
		name: "python-logging", setup: python(parseExtra), kills: true, pause: pause, check: checkLogRecord,
		to: func(at place) transport.Destination { return pickles(at) },
	}
	d.scenes = []scene{
		{"every field", pythonFields},
		{"forging", pythonForging},
		smallWindow(d, "64 KiB", 64<<10), smallWindow(d, "none", -1),
	}
	return []destination{d}
}

func pickles(at place) tcp.Destination {
	return tcp.Destination{Addr: at.addr(), Encoder: encode.Pickle{}, Framing: tcp.Length32}
}

// checkLogRecord compares all attributes of a LogRecord of the load.
func checkLogRecord(e *entry) error {
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	created, _ := e.Fields["created"].(float64)
	id, err := encode.ParseID(e.ID)
	if err != nil {
		return err
	}
	if gap := math.Abs(created - float64(idMillis(id))/1e3); gap > 1 {
		return fmt.Errorf("created %f is %f seconds from the ID's time", created, gap)
	}
	return sameRecord(e.Fields, pythonRecord(slog.LevelInfo, message, created, map[string]any{
		"log_id": e.ID, "slog_level": 0.0,
		"resource": map[string]any{"service.name": "interop", "host.name": host, "process.pid": float64(os.Getpid())},
		"producer": float64(*e.Producer), "seq": float64(*e.Seq), "text": text(*e.Producer, *e.Seq),
	}))
}

// idMillis is the time in a UUID of version 7.
func idMillis(id encode.ID) (ms int64) {
	for _, b := range id[:6] {
		ms = ms<<8 | int64(b)
	}
	return ms
}

// pythonRecord is what the receiver writes of a record without a logger's name,
// source, error or stack.
func pythonRecord(level slog.Level, msg string, created float64, extra map[string]any) map[string]any {
	no, name := 10.0, "DEBUG"
	for _, l := range []struct {
		from slog.Level
		no   float64
		name string
	}{{slog.LevelInfo, 20, "INFO"}, {slog.LevelWarn, 30, "WARNING"}, {slog.LevelError, 40, "ERROR"}, {encode.LevelFatal, 50, "CRITICAL"}} {
		if level >= l.from {
			no, name = l.no, l.name
		}
	}
	return map[string]any{
		"name": "root", "msg": msg, "message": msg, "formatted": msg, "args": nil,
		"levelno": no, "levelname": name, "knownlevel": name,
		"created": created, "msecs": math.Floor(math.Mod(created, 1) * 1000), "relativeCreated": 0.0, "asctime": nil,
		"pathname": "", "filename": "", "module": "", "lineno": 0.0, "funcName": nil,
		"process": float64(os.Getpid()), "processName": "interop", "thread": nil, "threadName": nil,
		"exc_info": nil, "exc_text": nil, "stack_info": nil,
		"extra": extra,
	}
}

// sameRecord compares a row of the receiver's. created is a float of 53 bits, of
// which msecs may be one off. taskName is a LogRecord's own or not, by Python's
// version.
func sameRecord(got, want map[string]any) error {
	extra, _ := got["extra"].(map[string]any)
	for _, of := range []map[string]any{got, extra} {
		if of["taskName"] != nil {
			return fmt.Errorf("taskName is %v: %w", of["taskName"], errDiffers)
		}
		delete(of, "taskName")
	}
	if ms, ok := got["msecs"].(float64); ok && math.Abs(ms-want["msecs"].(float64)) <= 1 {
		want["msecs"] = ms
	}
	return sameFields(got, want)
}

var errDiffers = errors.New("not what was logged")

// sameFields names a field of got that is not as in want.
func sameFields(got, want map[string]any) error {
	for name, value := range want {
		if !reflect.DeepEqual(got[name], value) {
			return fmt.Errorf("%s is %.300v, want %.300v: %w", name, got[name], value, errDiffers)
		}
	}
	if len(got) != len(want) {
		return fmt.Errorf("%d fields, want %d, in %.1000v: %w", len(got), len(want), got, errDiffers)
	}
	return nil
}
