package kafka_test

import (
	"errors"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/netfault"
	"github.com/slogship/slogship/internal/testpki"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/kafka"
	"github.com/slogship/slogship/transport/tlsconfig"
)

// left are the records that an error asks for again.
func left(t testing.TB, err error, recs []encode.Record) (again []encode.Record) {
	t.Helper()
	batch := transport.Classify(err, len(recs)).Batch
	if batch == nil {
		t.Fatalf("want a BatchError, got %v", err)
	}
	for i, child := range batch.Errs {
		if transport.Classify(child, 1).Permanent {
			t.Errorf("record %d is condemned: %v", i, child)
		}
		if child != nil {
			again = append(again, recs[i])
		}
	}
	return again
}

// halfDead is a cluster of two brokers of which one, the leader of partitions,
// cannot be reached.
func halfDead(t *testing.T) (f *front, partitions []int32) {
	f, _ = newFront(t, nil, kfake.SeedTopics(4, "logs"))
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody.Close()
	dead := int32(nobody.Addr().(*net.TCPAddr).Port)
	f.onAnswer(func(key int16, answer []byte) []byte {
		if key != 3 {
			return answer
		}
		m := kmsg.NewPtrMetadataResponse()
		m.SetVersion(4)
		if err := m.ReadFrom(answer[8:]); err != nil {
			panic(err)
		}
		m.Brokers = append(m.Brokers, kmsg.MetadataResponseBroker{NodeID: 99, Host: "127.0.0.1", Port: dead})
		for i := range m.Topics[0].Partitions {
			if p := &m.Topics[0].Partitions[i]; p.Partition%2 == 1 {
				p.Leader = 99
			}
		}
		return frame(m.AppendTo(answer[4:8:8]))
	})
	return f, []int32{1, 3}
}

// passesBy sends recs to the brokers that live. The dead one, which was tried in vain
// after failed, must not be tried again for 5 s; a busy machine may take longer. It
// returns the time after which it was tried last.
func passesBy(t *testing.T, tr transport.Transport, recs []encode.Record, failed time.Time) time.Time {
	t.Helper()
	for {
		began := time.Now()
		err := tr.Send(within(t), recs)
		if err == nil {
			return failed
		}
		if took := time.Since(failed); took < 5*time.Second {
			t.Fatalf("the dead broker is tried again after %v: %v", took, err)
		}
		failed, recs = began, left(t, err, recs)
	}
}

// What cannot be delivered to a broker that is down is delivered to the others,
// by the balancers that have the choice. With Hash it waits.
func TestDeadLeader(t *testing.T) {
	for _, b := range []kafka.Balancer{kafka.LeastBytes, kafka.RoundRobin} {
		f, _ := halfDead(t)
		tr := open(t, kafka.Destination{Brokers: []string{f.addr}, Balancer: b})
		recs, failed := recordsOf(numberedTo(20)...), time.Now()
		again := left(t, tr.Send(within(t), recs), recs)
		if len(again) == 0 || len(again) == 20 {
			t.Fatalf("%v: %d of 20 go again", b, len(again))
		}
		for _, recs := range [][]encode.Record{again, recordsOf(numberedTo(20)...)} {
			failed = passesBy(t, tr, recs, failed)
		}
		for partition := range byPartition(consume(t, f.upstream, "logs", 40)) {
			if partition%2 == 1 {
				t.Errorf("%v: partition %d has messages", b, partition)
			}
		}
	}
	f, _ := halfDead(t)
	tr := open(t, kafka.Destination{Brokers: []string{f.addr}, Balancer: kafka.Hash, KeyAttr: "key"})
	recs := keyed(recordsOf(numberedTo(20)...), func(i int) string { return numberedTo(20)[i] })
	again := left(t, tr.Send(within(t), recs), recs)
	wantPlain(t, tr.Send(within(t), again), len(again))
}

// A Send makes one request to a leader, however many partitions it leads, and
// connections are used again.
func TestOneRequest(t *testing.T) {
	f, _ := newFront(t, nil, kfake.SeedTopics(6, "logs"))
	var requests, greetings atomic.Int64
	f.onRequest(func(key int16, _ []byte) []byte {
		switch key {
		case 0:
			requests.Add(1)
		case 18:
			greetings.Add(1)
		}
		return nil
	})
	tr := open(t, kafka.Destination{Brokers: []string{f.addr}, Balancer: kafka.RoundRobin})
	const sends = 10
	for range sends {
		send(t, tr, recordsOf(numberedTo(60)...))
	}
	if n := requests.Load(); n != sends {
		t.Errorf("%d requests for %d Sends", n, sends)
	}
	// One for metadata, one to the leader.
	if n := greetings.Load(); n != 2 {
		t.Errorf("%d connections were opened", n)
	}
	if got := byPartition(consume(t, f.upstream, "logs", 60*sends)); len(got) != 6 {
		t.Errorf("%d of 6 partitions were used", len(got))
	}
}

// Sticky sends a whole batch to one partition, and the next one to the next.
func TestSticky(t *testing.T) {
	f, _ := newFront(t, nil, kfake.SeedTopics(3, "logs"))
	tr := open(t, kafka.Destination{Brokers: []string{f.addr}, Balancer: kafka.Sticky})
	messages := numberedTo(30)
	for batch := range slices.Chunk(messages, 10) {
		send(t, tr, recordsOf(batch...))
	}
	got := byPartition(consume(t, f.upstream, "logs", 30))
	for i := range int32(3) {
		if !slices.Equal(got[i], messages[10*i:10*i+10]) {
			t.Errorf("partition %d has %q", i, got[i])
		}
	}
}

// Names are resolved with the Resolver, for each connection (T28).
func TestResolver(t *testing.T) {
	f, _ := newFront(t, nil, kfake.SeedTopics(1, "logs"))
	dns := netfault.NewDNS(t)
	_, port, _ := net.SplitHostPort(f.addr)
	tr := open(t, kafka.Destination{Brokers: []string{"kafka.example:" + port}, Resolver: dns.Resolver()})
	wantPlain(t, tr.Send(within(t), recordsOf("one")), 1)
	dns.Set("127.0.0.1")
	send(t, tr, recordsOf("one"))
}

// A rotated client certificate is shown with the next connection, which is made
// for it.
func TestRotatedFiles(t *testing.T) {
	ca := testpki.New(t, "ours")
	dir := t.TempDir()
	write := func() {
		cert, key := ca.Issue(testpki.Leaf{})
		testpki.File(t, dir, "key", key)
		testpki.File(t, dir, "cert", cert)
	}
	write()
	files := tlsconfig.Options{CAFile: testpki.File(t, dir, "ca", ca.PEM), CertFile: dir + "/cert", KeyFile: dir + "/key"}
	cluster := newCluster(t, kfake.NumBrokers(1), kfake.SeedTopics(1, "logs"), kfake.TLS(mutual(ca)))
	tr := open(t, kafka.Destination{Brokers: cluster.ListenAddrs(), TLS: &files, IdleTimeout: time.Nanosecond})
	for range 3 {
		send(t, tr, recordsOf("one"))
		write()
	}
	files.CertFile, files.KeyFile = "", ""
	wantPlain(t, open(t, kafka.Destination{Brokers: cluster.ListenAddrs(), TLS: &files}).Send(within(t), recordsOf("one")), 1)
}

// Errors of Open name the field, and can be told from others.
func TestOpenErrors(t *testing.T) {
	for field, d := range map[string]kafka.Destination{
		"Brokers":                 {Topic: "logs"},
		"Topic":                   {Brokers: []string{"h:1"}},
		"TopicAttr":               {Brokers: []string{"h:1"}, Topic: "logs", TopicAttr: "a"},
		"MaxRecords":              {Brokers: []string{"h:1"}, Topic: "logs", MaxRecords: 50_001},
		"CreateTopics.Partitions": {Brokers: []string{"h:1"}, Topic: "logs", CreateTopics: &kafka.NewTopic{Partitions: -1}},
		"SASL.Mechanism":          {Brokers: []string{"h:1"}, Topic: "logs", SASL: &kafka.SASL{Mechanism: 9, Credentials: password}},
		"SASL":                    {Brokers: []string{"h:1"}, Topic: "logs", SASL: &kafka.SASL{Username: "u", PasswordFile: "p", Credentials: password}},
		"SASL.Password":           {Brokers: []string{"h:1"}, Topic: "logs", SASL: &kafka.SASL{Username: "u", PasswordFile: "p", Password: "s"}},
		"SASL.Username":           {Brokers: []string{"h:1"}, Topic: "logs", SASL: &kafka.SASL{Password: "s"}},
	} {
		d.Encoder = raw{}
		_, err := d.Open()
		if !errors.Is(err, kafka.ErrConfig) || !strings.HasPrefix(err.Error(), "kafka: "+field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}
