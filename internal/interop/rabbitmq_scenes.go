package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/slogship/slogship/handler"
	slogamqp "github.com/slogship/slogship/transport/amqp"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// rabbitAlarm: with an alarm for its memory the broker takes nothing. That is told
// in so many words, and when it is over every record arrives, once.
func rabbitAlarm(ctx context.Context, on *stage) error {
	at := on.server.life.at
	if err := rabbitCtl(ctx, at, "set_vm_memory_high_watermark", "0"); err != nil {
		return err
	}
	pipe, err := on.pipeline("alarm", rabbitAt(at), nil)
	if err != nil {
		return err
	}
	if err := logThousand(ctx, pipe); err != nil {
		return err
	}
	held := heldBack(ctx, pipe, slogamqp.ErrBlocked.Error())
	over := rabbitCtl(ctx, at, "set_vm_memory_high_watermark", "0.6")
	// Flush first: the broker looks at its memory from time to time, and Close does
	// not wait for a destination that is known to be down.
	if err := errors.Join(held, over, pipe.handler.Flush(ctx), pipe.close(ctx, false)); err != nil {
		return err
	}
	return rabbitAll(ctx, on, 0)
}

// rabbitAll asks for all records of a scene, less those that are in the dead
// letter. None may be there twice: no connection broke.
func rabbitAll(ctx context.Context, on *stage, dead int) error {
	j := newJudge(1, relpSceneRecords)
	j.check = checkProperties
	if _, err := on.server.received(ctx, j.take); err != nil {
		return err
	}
	if v := j.sentence(); v.lost != dead || v.duplicates > 0 || v.faults() != nil {
		return fmt.Errorf("%d missing, want %d; %d duplicates: %w", v.lost, dead, v.duplicates, errors.Join(v.faults(), j.wrong, errScene))
	}
	return nil
}

// rabbitDeleted: somebody deletes the queue, and nobody has told slogship to
// declare it. All that comes is unroutable, so the destination is at fault and not
// the records: the route holds, and says what the broker does. (A few records may
// be in the dead letter by then.) When the queue is back, the rest arrives; what the
// first queue had is gone with it.
func rabbitDeleted(ctx context.Context, on *stage) error {
	at, to := on.server.life.at, rabbitAt(on.server.life.at)
	undeclared := slogamqp.Destination{Addrs: to.Addrs, RoutingKey: rabbitQueue, Headers: to.Headers}
	queue := func(method string) error {
		return rabbitAsk(ctx, at, method, "/api/queues/%2F/"+rabbitQueue, map[string]any{"durable": true}, nil)
	}
	if err := queue(http.MethodPut); err != nil {
		return err
	}
	pipe, err := on.pipeline("deleted", undeclared, nil)
	if err != nil {
		return err
	}
	stats := func() handler.RouteStats { return pipe.handler.Stats().Routes[0] }
	for i := range relpSceneRecords {
		if i == relpSceneRecords/2 {
			if err := errors.Join(pipe.handler.Flush(ctx), queue(http.MethodDelete)); err != nil {
				return errors.Join(err, pipe.close(ctx, false))
			}
		}
		if err := logNumbered(ctx, pipe, i); err != nil {
			return errors.Join(err, pipe.close(ctx, false))
		}
	}
	held := poll(ctx, func() bool { return stats().Breaker == "open" && strings.Contains(stats().LastError, "312 NO_ROUTE") })
	before := stats()
	if err := errors.Join(held, queue(http.MethodPut), pipe.handler.Flush(ctx), pipe.close(ctx, false)); err != nil {
		return fmt.Errorf("%d delivered, %d dead, %q: %w", before.Delivered, before.Dead, before.LastError, err)
	}
	dead := 0
	if before.Dead > 0 {
		letters, err := deadLetters(filepath.Join(on.dir, "buffer", "deleted"))
		if dead = strings.Count(letters, "312 NO_ROUTE"); err != nil || dead != int(before.Dead) {
			return fmt.Errorf("%d unroutable of %d dead letters: %.300q: %w", dead, before.Dead, letters, errors.Join(err, errScene))
		}
	}
	return rabbitAll(ctx, on, relpSceneRecords/2+dead)
}

// rabbitRefused: one record is for a queue that is not there, and one is larger
// than the broker takes. Both are in the dead letter with the broker's answer, and
// all others arrive.
func rabbitRefused(ctx context.Context, on *stage) error {
	to := rabbitAt(on.server.life.at)
	to.ExchangeAttr, to.Exchanges = "to", map[string]string{"nowhere": "amq.topic"}
	if err := rabbitCtl(ctx, on.server.life.at, "eval", "application:set_env(rabbit, max_message_size, 20000), persistent_term:put(max_message_size, 20000)."); err != nil {
		return err
	}
	pipe, err := on.pipeline("refused", to, nil)
	if err != nil {
		return err
	}
	for i := range relpSceneRecords {
		err := logNumbered(ctx, pipe, i)
		switch i {
		case relpSceneRecords / 3:
			err = errors.Join(err, pipe.log(ctx, slog.String("to", "nowhere")))
		case relpSceneRecords / 2:
			err = errors.Join(err, pipe.log(ctx, slog.String("large", strings.Repeat("0123456789", 3000))))
		}
		if err != nil {
			return errors.Join(err, pipe.close(ctx, false))
		}
	}
	err = pipe.handler.Flush(ctx)
	stats := pipe.handler.Stats().Routes[0]
	if err := errors.Join(err, pipe.close(ctx, false)); err != nil {
		return err
	}
	dead, err := deadLetters(filepath.Join(on.dir, "buffer", "refused"))
	switch {
	case err != nil:
		return err
	case stats.Delivered != relpSceneRecords || stats.Dead != 2:
		return fmt.Errorf("%d delivered, %d dead: %.300q: %w", stats.Delivered, stats.Dead, dead, errScene)
	case !strings.Contains(dead, "312 NO_ROUTE") || !strings.Contains(dead, "406 PRECONDITION_FAILED"):
		return fmt.Errorf("dead letter %.500q: %w", dead, errScene)
	}
	return wantAll(ctx, on) // the large one closed a channel: what was out with it may be there twice
}

// rabbitStranger: a wrong host name and a wrong password deliver nothing, lose
// nothing, and are told without the password. The right password in the same file
// is taken up without a restart; the right name needs one.
func rabbitStranger(good *pki) func(context.Context, *stage) error {
	return func(ctx context.Context, on *stage) error {
		const wrong, right = "n0t-th1s-0ne", "th1s-0ne"
		at, file := on.server.life.at, filepath.Join(on.dir, "password")
		if err := errors.Join(rabbitUser(ctx, at, "shop", right), os.WriteFile(file, []byte(wrong+"\n"), 0o600)); err != nil {
			return err
		}
		to := rabbitAt(at)
		to.Addrs, to.Username, to.PasswordFile, to.TLS = []string{at.addrs[rabbitTLS]}, "shop", file, &tlsconfig.Options{CAFile: good.ca}
		misled := to
		misled.TLS = &tlsconfig.Options{CAFile: good.ca, ServerName: "rabbit.example"}
		pipe, err := on.pipeline("stranger", misled, nil)
		if err != nil {
			return err
		}
		if err := logThousand(ctx, pipe); err != nil {
			return err
		}
		misledErr := heldBack(ctx, pipe, "rabbit.example")
		if err := errors.Join(closeEarly(ctx, pipe), misledErr); err != nil {
			return err
		}
		if pipe, err = on.pipeline("stranger", to, nil); err != nil {
			return err
		}
		refused := heldBack(ctx, pipe, slogamqp.ErrLogin.Error())
		if said := pipe.handler.Stats().Routes[0].LastError; strings.Contains(said, wrong) {
			refused = errors.Join(refused, fmt.Errorf("the error shows the password: %q: %w", said, errScene))
		}
		corrected := os.WriteFile(file, []byte(right+"\n"), 0o600)
		if err := errors.Join(refused, corrected, pipe.handler.Flush(ctx), pipe.close(ctx, false)); err != nil {
			return err
		}
		return rabbitAll(ctx, on, 0)
	}
}

// rabbitRotated: the broker comes back with another certificate of the same
// authority, and the client has got another one meanwhile, in the middle of
// records.
func rabbitRotated(good *pki) func(context.Context, *stage) error {
	return func(ctx context.Context, on *stage) error {
		if err := rabbitUser(ctx, on.server.life.at, "interop", ""); err != nil {
			return err
		}
		pipe, err := on.pipeline("rotated", rabbitSecureAt(on.server.life.at, good), nil)
		if err != nil {
			return err
		}
		for i := range relpSceneRecords {
			err := logNumbered(ctx, pipe, i)
			if err == nil && i == relpSceneRecords/2 {
				on.server.kill()
				_, serverErr := good.issue("server")
				_, clientErr := good.issue("interop")
				err = errors.Join(serverErr, clientErr, on.server.start(ctx))
			}
			if err != nil {
				return errors.Join(err, pipe.close(ctx, false))
			}
		}
		// Flush first: Close does not wait for a destination that was down a moment ago.
		if err := errors.Join(pipe.handler.Flush(ctx), pipe.close(ctx, false)); err != nil {
			return err
		}
		return wantAll(ctx, on)
	}
}

// rabbitVersions: what version 1 of a service has left in its buffer, because the
// broker was away, is shipped by version 2 and still says version 1.
func rabbitVersions(ctx context.Context, on *stage) error {
	to := rabbitAt(on.server.life.at)
	if err := twoVersions(ctx, on, to, logThousand, logLast); err != nil {
		return err
	}
	seen := map[string]int{}
	err := rabbitDrain(ctx, on.server.life.at, func(row map[string]any) {
		properties, _ := row["properties"].(map[string]any)
		headers, _ := properties["headers"].(map[string]any)
		payload, _ := row["payload"].(string)
		if v, _ := headers[slogamqp.HeaderVersion].(string); strings.Contains(payload, `"`+v+`"`) {
			seen[v]++
		}
	})
	return wantVersions(seen, err)
}
