package main

import (
	"context"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/grpc"
)

// grpcReceiverArg makes this program the receiver of the gRPC destination.
const grpcReceiverArg = "grpc-receiver"

// poison is a message that the receiver never takes.
const poison = "poison"

var errPoison = errors.New("no place for poison")

// receiveGRPC serves until SIGTERM, and stops in order then.
func receiveGRPC(addr, file, ca, cert, key string) error {
	out, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer out.Close()
	authorities, err := os.ReadFile(ca)
	if err != nil {
		return err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(authorities)
	w := &appender{out: out}
	r, err := grpc.NewReceiver(w.take, &grpc.ReceiverOptions{
		TLS: &tls.Config{
			ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool,
			GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
				pair, err := tls.LoadX509KeyPair(cert, key) // anew for each connection: it may have been rotated
				return &pair, err
			},
		},
		Authorize: func(_ context.Context, token string) error {
			if subtle.ConstantTimeCompare([]byte(token), []byte(grpcToken)) != 1 {
				return errToken
			}
			return nil
		},
		RetryAfter: 50 * time.Millisecond,
		OnError:    func(err error) { fmt.Fprintln(os.Stderr, err) },
	})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	var stopping sync.WaitGroup
	stopping.Go(func() {
		<-ctx.Done()
		_ = r.Stop(context.Background())
	})
	if err := r.Serve(l); !errors.Is(err, grpc.ErrStopped) {
		return err
	}
	stopping.Wait()
	return nil
}

var errToken = errors.New("unknown token")

// appender writes batches to a file.
type appender struct {
	mu  sync.Mutex
	out *os.File // guarded by mu
	buf []byte   // guarded by mu
}

// take is the receiver's callback.
func (w *appender) take(_ context.Context, recs []encode.Record) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	answers := transport.AnswersFor(len(recs))
	w.buf = w.buf[:0]
	for i := range recs {
		if recs[i].Message == poison {
			answers.Set(i, transport.Permanent(errPoison))
			continue
		}
		var err error
		if w.buf, err = (encode.JSONLines{}).AppendRecord(w.buf, &recs[i]); err != nil {
			return err
		}
		w.buf = append(w.buf, '\n')
	}
	if _, err := w.out.Write(w.buf); err != nil {
		return err
	}
	// What a receiver would do with the batch now. One that does nothing answers
	// before a kill can come in between.
	time.Sleep(rand.N(10 * time.Millisecond))
	return answers.Err()
}
