package kafka_test

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/slogship/slogship/internal/testkit"
	"github.com/slogship/slogship/transport/kafka"
)

// The metadata say whether the topics are there, and no topic is made by asking.
func TestCheck(t *testing.T) {
	cluster := newCluster(t, kfake.NumBrokers(1), kfake.SeedTopics(3, "logs"))
	for _, c := range []struct {
		name string
		dest kafka.Destination
		want string
	}{
		{"there", kafka.Destination{Topic: "logs"}, "name ok, connect ok, protocol ok, topic ok"},
		{"missing", kafka.Destination{Topic: "none"}, "name ok, connect ok, protocol ok, topic failed"},
		{"to be made", kafka.Destination{Topic: "later", CreateTopics: &kafka.NewTopic{Partitions: 1}}, "name ok, connect ok, protocol ok, topic warning"},
		{"still missing", kafka.Destination{Topic: "later"}, "name ok, connect ok, protocol ok, topic failed"},
		{"several", kafka.Destination{Topic: "logs", TopicAttr: "kind", Topics: map[string]string{"a": "audit"}}, "name ok, connect ok, protocol ok, topic failed, topic ok"},
	} {
		c.dest.Brokers = cluster.ListenAddrs()
		if found, got := testkit.Check(t, c.dest); got != c.want {
			t.Errorf("%s: %s, want %s: %v", c.name, got, c.want, found)
		}
	}
	if _, got := testkit.Check(t, kafka.Destination{Topic: "logs", Brokers: []string{testkit.Closed(t)}}); got != "name ok, connect failed, topic skipped" {
		t.Errorf("down: %s", got)
	}
}

// A broker that wants to be reached where it is not.
func TestCheckLeaders(t *testing.T) {
	f, _ := halfDead(t)
	found, got := testkit.Check(t, kafka.Destination{Topic: "logs", Brokers: []string{f.addr}})
	if got != "name ok, connect ok, protocol ok, topic ok, connect failed" {
		t.Errorf("%s: %v", got, found)
	}
}
