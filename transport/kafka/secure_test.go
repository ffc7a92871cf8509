package kafka_test

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport/kafka"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// Each mechanism lets in who knows the password. Who does not loses nothing,
// reads no password in the error (S10), and is let in with the next connection once
// the file is right.
func TestS10_SASL(t *testing.T) {
	for _, m := range []kafka.Mechanism{kafka.Plain, kafka.ScramSHA256, kafka.ScramSHA512} {
		t.Run(m.String(), func(t *testing.T) {
			cluster := newCluster(t, kfake.NumBrokers(2), kfake.SeedTopics(2, "logs"), kfake.EnableSASL(), kfake.Superuser(m.String(), "shop", secret))
			const wrong = "hunter2-hunter2"
			file := testpki.File(t, t.TempDir(), "password", []byte(wrong+"\r\n"))
			d := kafka.Destination{Brokers: cluster.ListenAddrs(), AllowPlaintext: true, SASL: &kafka.SASL{Mechanism: m, Username: "shop", PasswordFile: file}}
			tr := open(t, d)
			for range 2 {
				err := tr.Send(within(t), recordsOf("one"))
				wantPlain(t, err, 1)
				if !errors.Is(err, kafka.ErrCredentials) {
					t.Errorf("want ErrCredentials, got %v", err)
				}
				if text := fmt.Sprintf("%v %+v %#v", err, err, err); strings.Contains(text, wrong) {
					t.Errorf("the password is in %q", text)
				}
			}
			testpki.File(t, filepath.Dir(file), "password", []byte(secret+"\n"))
			send(t, tr, recordsOf("one", "two"))
			direct := *d.SASL
			direct.PasswordFile, direct.Password = "", secret
			send(t, open(t, kafka.Destination{Brokers: d.Brokers, AllowPlaintext: true, SASL: &direct}), recordsOf("three"))
			for _, text := range []string{fmt.Sprintf("%v %+v %#v", d, d, d), fmt.Sprintf("%v %#v", d.SASL, d.SASL), fmt.Sprintf("%v %+v %#v %#v", direct, direct, direct, &direct)} {
				if strings.Contains(text, secret) || strings.Contains(text, file) {
					t.Errorf("printed: %s", text)
				}
			}
		})
	}
}

// A broker that repeats the password, as it is and in its usual disguises (S10).
func TestS10_RepeatedPassword(t *testing.T) {
	const odd = `p"a/ss wörd`
	f, _ := newFront(t, nil, kfake.SeedTopics(1, "logs"))
	said := "no " + odd + fmt.Sprintf(" %q ", odd) + url.QueryEscape(odd) + " " + base64.StdEncoding.EncodeToString([]byte(odd))
	f.onRequest(func(key int16, request []byte) []byte {
		if key != 36 {
			return nil
		}
		r := kmsg.NewPtrSASLAuthenticateResponse()
		r.SetVersion(int16(request[7]))
		r.ErrorCode, r.ErrorMessage = 58, &said
		return frame(r.AppendTo(request[8:12:12]))
	})
	tr := open(t, kafka.Destination{Brokers: []string{f.addr}, AllowPlaintext: true, SASL: &kafka.SASL{Mechanism: kafka.Plain, Username: "shop", Password: odd}})
	err := tr.Send(within(t), recordsOf("one"))
	wantPlain(t, err, 1)
	if !errors.Is(err, kafka.ErrCredentials) || !strings.Contains(err.Error(), "no ") {
		t.Errorf("want ErrCredentials and what the broker says, got %v", err)
	}
	for _, hidden := range []string{odd, strings.Trim(fmt.Sprintf("%q", odd), `"`), url.QueryEscape(odd), base64.StdEncoding.EncodeToString([]byte(odd))} {
		if strings.Contains(err.Error(), hidden) {
			t.Errorf("%q is in %v", hidden, err)
		}
	}
}

// A mechanism that the broker does not offer, credentials that cannot be had,
// and a file that has gone are plain errors.
func TestNoCredentials(t *testing.T) {
	cluster := newCluster(t, kfake.NumBrokers(1), kfake.SeedTopics(1, "logs"), kfake.EnableSASL(), kfake.Superuser("PLAIN", "shop", secret))
	vault := errors.New("the vault is sealed")
	file := testpki.File(t, t.TempDir(), "password", []byte(secret))
	for name, s := range map[string]*kafka.SASL{
		"none":            nil,
		"other mechanism": {Mechanism: kafka.ScramSHA512, Credentials: func(context.Context) (string, string, error) { return "nobody", secret, nil }},
		"error":           {Mechanism: kafka.Plain, Credentials: func(context.Context) (string, string, error) { return "", "", vault }},
		"empty":           {Mechanism: kafka.Plain, Credentials: func(context.Context) (string, string, error) { return "shop", "", nil }},
		"file has gone":   {Mechanism: kafka.Plain, Username: "shop", PasswordFile: file},
		"not SASLprep":    {Credentials: func(context.Context) (string, string, error) { return "shop", secret + "\x00", nil }},
	} {
		tr := open(t, kafka.Destination{Brokers: cluster.ListenAddrs(), AllowPlaintext: true, SASL: s})
		if name == "file has gone" {
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		}
		err := tr.Send(within(t), recordsOf("one"))
		wantPlain(t, err, 1)
		if s != nil && !errors.Is(err, kafka.ErrCredentials) || name == "error" && !errors.Is(err, vault) {
			t.Errorf("%s: %v", name, err)
		}
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the password is in %v", name, err)
		}
	}
}

// TLS verifies the broker, by name and authority (S14), and takes up a rotated
// authority without a restart.
func TestS14_TLS(t *testing.T) {
	ours, other := testpki.New(t, "ours"), testpki.New(t, "other")
	cluster := newCluster(t, kfake.NumBrokers(1), kfake.SeedTopics(1, "logs"),
		kfake.TLS(&tls.Config{Certificates: []tls.Certificate{ours.Pair(testpki.Leaf{})}}))
	dir := t.TempDir()
	ca := testpki.File(t, dir, "ca", other.PEM)
	d := kafka.Destination{Brokers: cluster.ListenAddrs(), TLS: &tlsconfig.Options{CAFile: ca}}
	tr := open(t, d)
	err := tr.Send(within(t), recordsOf("one"))
	wantPlain(t, err, 1)
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); !ok {
		t.Errorf("want a CertificateVerificationError, got %v", err)
	}
	testpki.File(t, dir, "ca", ours.PEM)
	send(t, tr, recordsOf("one"))

	d.TLS = &tlsconfig.Options{CAFile: ca, ServerName: "kafka.example"}
	wantPlain(t, open(t, d).Send(within(t), recordsOf("one")), 1)
	d.TLS = nil
	wantPlain(t, open(t, d).Send(within(t), recordsOf("one")), 1)
}

// Plain shows the password, so it needs TLS or a word.
func TestPlaintext(t *testing.T) {
	d := kafka.Destination{Brokers: []string{"127.0.0.1:1"}, Topic: "logs", SASL: &kafka.SASL{Mechanism: kafka.Plain, Credentials: password}}
	if _, err := d.Open(); !errors.Is(err, kafka.ErrPlaintext) {
		t.Errorf("want ErrPlaintext, got %v", err)
	}
	d.TLS = &tlsconfig.Options{}
	if _, err := d.Open(); err != nil {
		t.Error(err)
	}
}

// A broker that wants to see the credentials again after a while (KIP-368) gets
// them with a new connection, before it closes the old one.
func TestSessionLifetime(t *testing.T) {
	f, _ := newFront(t, nil, kfake.SeedTopics(1, "logs"))
	var shown atomic.Int64
	f.onRequest(func(key int16, request []byte) []byte {
		if key != 36 {
			return nil
		}
		shown.Add(1)
		body := kmsg.NewPtrSASLAuthenticateResponse().AppendTo(request[8:12:12])
		return frame(binary.BigEndian.AppendUint64(body, 1)) // a millisecond
	})
	tr := open(t, kafka.Destination{Brokers: []string{f.addr}, AllowPlaintext: true, SASL: &kafka.SASL{Mechanism: kafka.Plain, Credentials: password}})
	send(t, tr, recordsOf("one"))
	before := shown.Load()
	for range 3 {
		<-time.After(2 * time.Millisecond) // the session's end
		send(t, tr, recordsOf("one"))
	}
	if again := shown.Load() - before; again < 3 {
		t.Errorf("the credentials were shown %d times in three sessions", again)
	}
}

// mutual asks clients for a certificate.
func mutual(ca *testpki.CA) *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{ca.Pair(testpki.Leaf{})}, ClientCAs: ca.Pool(), ClientAuth: tls.RequireAndVerifyClientCert,
	}
}

// A broker that has nothing newer than TLS 1.2, or a certificate that has ended,
// is refused (S12, S14); the former can be allowed by name.
func TestS12_OldTLS(t *testing.T) {
	ca := testpki.New(t, "ours")
	file := testpki.File(t, t.TempDir(), "ca", ca.PEM)
	for _, c := range []struct {
		name  string
		leaf  testpki.Leaf
		most  uint16
		allow bool
		taken bool
	}{
		{"1.2", testpki.Leaf{}, tls.VersionTLS12, false, false},
		{"1.2, allowed", testpki.Leaf{}, tls.VersionTLS12, true, true},
		{"1.1", testpki.Leaf{}, tls.VersionTLS11, true, false},
		{"ended", testpki.Leaf{NotAfter: time.Now().Add(-time.Minute)}, 0, false, false},
		{"not begun", testpki.Leaf{NotBefore: time.Now().Add(time.Hour)}, 0, false, false},
		{"another name", testpki.Leaf{Names: []string{"kafka.example"}}, 0, false, false},
	} {
		cluster := newCluster(t, kfake.NumBrokers(1), kfake.SeedTopics(1, "logs"), kfake.TLS(&tls.Config{
			Certificates: []tls.Certificate{ca.Pair(c.leaf)}, MinVersion: tls.VersionTLS10, MaxVersion: c.most,
		}))
		tr := open(t, kafka.Destination{Brokers: cluster.ListenAddrs(), TLS: &tlsconfig.Options{CAFile: file, AllowTLS12: c.allow}})
		if err := tr.Send(within(t), recordsOf("one")); c.taken != (err == nil) {
			t.Errorf("%s: %v", c.name, err)
		} else if err != nil {
			wantPlain(t, err, 1)
		}
	}
}
