package kafka

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"time"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/apiversions"
	"github.com/segmentio/kafka-go/protocol/saslauthenticate"
	"github.com/segmentio/kafka-go/protocol/saslhandshake"

	"github.com/slogship/slogship/internal/ackconn"
	"github.com/slogship/slogship/transport/httpstatus"
)

// maxAnswer bounds an answer, whatever a broker claims: the metadata of 100,000
// partitions takes about 5 MiB.
const maxAnswer = 16 << 20

// ErrVersion: the broker is older than Kafka 0.11, or so new that it knows none
// of our requests.
var ErrVersion = errors.New("the broker knows no version of this request that we do")

// conn is a connection to one broker. It is owned by the Send that runs.
type conn struct {
	*ackconn.Conn
	client   string
	versions map[int16]span // of ApiVersions
	next     int32          // correlation id
	used     time.Time
	expires  time.Time // when the broker wants to see credentials again; zero: never
}

// version returns the newest version of a request that both sides know, between
// least and most.
func (c *conn) version(key protocol.ApiKey, least, most int16) (int16, error) {
	theirs, ok := c.versions[int16(key)]
	v := min(most, theirs.most)
	if !ok || v < max(least, theirs.least) {
		return 0, fmt.Errorf("%v: %w", key, ErrVersion)
	}
	return v, nil
}

// ask writes a request. There is one at a time on a connection: an answer that
// belongs to another is a sign that the two sides do not understand each other.
func (c *conn) ask(version int16, request protocol.Message) error {
	c.next++
	if p, ok := request.(protocol.PreparedMessage); ok {
		p.Prepare(version)
	}
	return protocol.WriteRequest(c.Conn, version, c.next, c.client, request)
}

// hear reads the answer to the last request. What does not carry its number is
// no answer, and is not looked at any further.
func (c *conn) hear() (*answer, error) {
	var head [8]byte
	if _, err := io.ReadFull(c.In, head[:]); err != nil {
		return nil, err
	}
	size, id := int(int32(binary.BigEndian.Uint32(head[:]))), int32(binary.BigEndian.Uint32(head[4:]))
	if size < 4 || size > maxAnswer || id != c.next {
		return nil, fmt.Errorf("%d bytes with number %d: %w", size, id, ErrAnswer)
	}
	body, err := io.ReadAll(io.LimitReader(c.In, int64(size-4)))
	if err == nil && len(body) < size-4 {
		err = io.ErrUnexpectedEOF
	}
	c.used = time.Now()
	return &answer{rest: body}, err
}

// exchange asks and waits for the answer.
func (c *conn) exchange(version int16, request protocol.Message) (*answer, error) {
	if err := c.ask(version, request); err != nil {
		return nil, err
	}
	return c.hear()
}

// greet asks what the broker knows and authenticates.
func (c *conn) greet(ctx context.Context, d *Destination) error {
	a, err := c.exchange(0, &apiversions.Request{})
	if err != nil {
		return err
	}
	code, versions := versionsAnswer(a)
	if err := errors.Join(a.err(), refusal(code, "", -1, "")); err != nil {
		return err
	}
	if c.versions = versions; d.SASL == nil {
		return nil
	}
	return c.authenticate(ctx, d.SASL)
}

// authenticate shows the credentials. The password is taken out of whatever the
// broker says.
func (c *conn) authenticate(ctx context.Context, s *SASL) error {
	user, password, err := s.credentials(ctx)
	if err != nil {
		return err
	}
	mechanism, err := s.mechanism(user, password)
	if err != nil {
		return err
	}
	version, err := c.version(protocol.SaslHandshake, 1, 1)
	if err != nil {
		return err
	}
	a, err := c.exchange(version, &saslhandshake.Request{Mechanism: mechanism.Name()})
	if err != nil {
		return shunnedBy(err)
	}
	if err := errors.Join(refusal(a.int16(), "", -1, ""), a.err()); err != nil {
		return fmt.Errorf("%w: mechanism %v: %w", ErrCredentials, s.Mechanism, err)
	}
	state, said, err := mechanism.Start(ctx)
	if err != nil {
		return ErrCredentials
	}
	for done := false; !done; {
		reply, err := c.show(said, password)
		if err != nil {
			return err
		}
		if done, said, err = state.Next(ctx, reply); err != nil {
			// Not the cause: it quotes what was exchanged.
			return fmt.Errorf("%w: the broker could not prove that it knows user %q", ErrCredentials, user)
		}
	}
	return nil
}

// shunnedBy adds to an end of the connection what it means here: old brokers say
// no in that way.
func shunnedBy(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) {
		return fmt.Errorf("%w: the broker ended the connection: %w", ErrCredentials, err)
	}
	return err
}

// show is one step of the authentication.
func (c *conn) show(said []byte, password string) ([]byte, error) {
	version, err := c.version(protocol.SaslAuthenticate, 0, 1)
	if err != nil {
		return nil, err
	}
	a, err := c.exchange(version, &saslauthenticate.Request{AuthBytes: said})
	if err != nil {
		return nil, shunnedBy(err)
	}
	r := authenticateAnswer(a, version)
	if err := a.err(); err != nil {
		return nil, err
	}
	if r.code != 0 {
		// First the password as it is, however short, and then as quoted or escaped.
		message := httpstatus.NewSecrets(password).Text(strings.ReplaceAll(r.message, password, "…"))
		return nil, fmt.Errorf("%w: %w", ErrCredentials, refusal(r.code, "", -1, message))
	}
	if r.lifetime > 0 {
		// A broker closes the connection when this is over (KIP-368). A new one a
		// little earlier costs less than a Send that does not know its end.
		c.expires = time.Now().Add(time.Duration(r.lifetime) * time.Millisecond * 9 / 10)
	}
	return r.challenge, nil
}

// refused reports whether err is a broker's answer, after which its connection
// is as good as before.
func refused(err error) bool {
	_, ok := errors.AsType[*BrokerError](err)
	return ok || errors.Is(err, ErrVersion)
}
