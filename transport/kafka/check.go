package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/slogship/slogship/internal/ackconn"
	"github.com/slogship/slogship/internal/preflight"
	"github.com/slogship/slogship/transport"
)

var _ transport.Checker = (*sender)(nil)

// Check looks at the way to each configured broker, logs in, and asks for the
// metadata of the topics, then at the way to the brokers that lead them. It
// creates no topic, whatever CreateTopics says.
func (s *sender) Check(ctx context.Context) []transport.Finding {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.cluster.seed.dialer.Check(ctx)
	if !preflight.Passed(found) {
		return append(found, preflight.Skip(preflight.Topic, "", "no broker can be reached"))
	}
	s.cluster.stale()
	if err := s.cluster.ask(ctx); err != nil {
		return append(found, brokenMetadata(err))
	}
	found = append(found, preflight.Good(preflight.Protocol, "", "%d brokers", len(s.cluster.brokers)))
	if s.dest.SASL != nil {
		found = append(found, preflight.Good(preflight.Credentials, "", "logged in with %v", s.dest.SASL.Mechanism))
	}
	for _, name := range s.router.names {
		found = append(found, s.checkTopic(name))
	}
	return append(found, s.checkLeaders(ctx)...)
}

func brokenMetadata(err error) transport.Finding {
	switch {
	case errors.Is(err, ErrCredentials), errors.Is(err, kafkago.SASLAuthenticationFailed), errors.Is(err, kafkago.UnsupportedSASLMechanism), errors.Is(err, kafkago.IllegalSASLState):
		return preflight.Bad(preflight.Credentials, "", err, "correct SASL: mechanism, user's name and password")
	case errors.Is(err, io.EOF):
		return preflight.Bad(preflight.Protocol, "", err, "the broker hung up: its listener may want TLS or SASL, or be for other brokers")
	default:
		return preflight.Bad(preflight.Protocol, "", err, "see the broker's log, and whether the port is a listener for clients")
	}
}

func (s *sender) checkTopic(name string) transport.Finding {
	t := s.cluster.topics[name]
	switch {
	case t.err == nil:
		return preflight.Good(preflight.Topic, name, "%d partitions", len(t.partitions))
	case errors.Is(t.err, kafkago.UnknownTopicOrPartition) && s.dest.CreateTopics != nil:
		return preflight.Warn(preflight.Topic, name, "is not there yet", "nothing: CreateTopics makes it with the first record")
	case errors.Is(t.err, kafkago.UnknownTopicOrPartition):
		return preflight.Bad(preflight.Topic, name, t.err, "create the topic, or set CreateTopics; or correct the name")
	case errors.Is(t.err, kafkago.TopicAuthorizationFailed):
		return preflight.Bad(preflight.Credentials, name, t.err, "give the user the rights Describe and Write on the topic")
	default:
		return preflight.Bad(preflight.Topic, name, t.err, "look at the cluster: the topic has no leader for now")
	}
}

// checkLeaders looks at the addresses under which the brokers want to be reached,
// which are often others than those that are configured.
func (s *sender) checkLeaders(ctx context.Context) []transport.Finding {
	var list []transport.Finding
	for _, id := range slices.Sorted(maps.Keys(s.cluster.brokers)) {
		b := s.cluster.brokers[id]
		d := ackconn.Dialer{Hosts: b.dialer.Hosts, TLS: b.dialer.TLS}
		for _, f := range d.Check(ctx) {
			if f.Verdict == transport.Failed {
				f.Found = fmt.Sprintf("broker %d: %s", id, f.Found)
				f.Remedy = "advertised.listeners of the broker has to be an address that is reached from here; " + f.Remedy
				list = append(list, f)
			}
		}
	}
	return list
}
