// Package slogship ships log/slog records out of a service over the network
// and does not lose them: a log call that has returned survives kill -9, and
// its record reaches the destination once the destination lives.
//
// This package is documentation; the library is in the packages below it.
//
// A program that logs to a TCP collector and, from WARN up, to an HTTPS one:
//
//	dir, _ := handler.StateDir("shop")
//	h, err := handler.New([]route.Route{
//		{Name: "collector", To: tcp.Destination{Addr: "logs.internal:5170"}},
//		{Name: "alerts", To: https.Destination{URL: "https://alerts.example.com/in"}, Levels: route.AtLeast(slog.LevelWarn)},
//	}, &handler.Options{Dir: dir, Resource: encode.Resource{Service: "shop"}})
//	if err != nil { … }
//	defer h.Close(ctx)
//	slog.New(h).Info("order placed", "id", 42)
//
// # Nouns
//
// A handler ([github.com/slogship/slogship/handler.Handler]) is the slog.Handler
// of the service. It has routes ([github.com/slogship/slogship/route.Route]): plain data
// that say which records go to which destination
// ([github.com/slogship/slogship/transport.Destination]). Each route has a buffer in
// its own directory, and one worker that reads batches from it, sends them with
// the destination's transport, and acknowledges what the destination has taken.
// An encoder ([github.com/slogship/slogship/encode.Encoder]) turns records into the
// destination's format.
//
// A policy ([github.com/slogship/slogship/crypto.Policy]) says which fields are
// sealed, masked, hashed or left out before anything of a record is stored. A file
// of routes is read by [github.com/slogship/slogship/route/config], and put in force
// again when it changes by its package watch. A group
// ([github.com/slogship/slogship/transport/group]) is several destinations as one.
// Requests of net/http are logged by [github.com/slogship/slogship/handler/httplog].
//
// # What a call costs
//
// A record is encoded once and copied into memory-mapped files on the caller's
// goroutine. There is no lock, no allocation of the library's, no waiting for
// a network, and no system call but at most one that wakes a sleeping worker.
//
// # What is lost, and when
//
// The README has the table; handler/GUARANTEES.md has each promise word by word
// and the tests that hold it. Losses are counted by reason and level, and
// reported at the destination as a record. Per route, over crashes,
//
//	logged + recovered = delivered + dropped + dead + buffered
//
// # Duplicates
//
// Delivery is at-least-once. A record keeps its ID over every retry and
// restart, so that a destination can drop what came twice.
//
// # Tests of your own
//
// [github.com/slogship/slogship/transport/memory] keeps records where a test can
// look at them. [github.com/slogship/slogship/transport/transporttest] tests a
// transport that you have written.
package slogship
