package kafka_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/slogship/slogship/transport/transporttest"
)

// front stands before a broker of kfake: metadata name the front in the broker's
// place, and each request and answer passes through it one by one. So a test can
// kill the broker's network without losing its topics, and see, change or swallow
// what passes.
type front struct {
	addr, upstream string // its own, and the broker's; not changed once it serves

	asking sync.Mutex
	broker net.Conn // guarded by asking; nil before the first request

	mu       sync.Mutex
	produced func(req *kmsg.ProduceRequest)             // guarded by mu; called when it was stored
	answer   func(key int16, answer []byte) (to []byte) // guarded by mu; nil answers end the connection
	instead  func(key int16, request []byte) []byte     // guarded by mu; what is not nil is answered without the broker
}

// newFront starts a cluster of one broker behind a front. p may be nil outside
// the conformance suite.
func newFront(t testing.TB, p *transporttest.Peer, opts ...kfake.Opt) (*front, *kfake.Cluster) {
	t.Helper()
	cluster := newCluster(t, append(opts, kfake.NumBrokers(1))...)
	if p == nil {
		p = &transporttest.Peer{}
	}
	f := &front{upstream: cluster.ListenAddrs()[0]}
	ready := make(chan struct{})
	f.addr = transporttest.ServeTCP(t, p, func(c net.Conn) {
		<-ready
		f.serve(c)
	})
	close(ready)
	t.Cleanup(func() {
		f.asking.Lock()
		defer f.asking.Unlock()
		if f.broker != nil {
			f.broker.Close()
		}
	})
	return f, cluster
}

func newCluster(t testing.TB, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	cluster, err := kfake.NewCluster(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	return cluster
}

// serve passes requests of one client on until either side ends.
func (f *front) serve(client net.Conn) {
	for {
		request, err := readFrame(client)
		if err != nil {
			return
		}
		answer := f.intercept(request)
		if answer == nil {
			if answer, err = f.ask(request); err != nil {
				return
			}
			answer = f.pass(request, answer)
		}
		if _, err := client.Write(answer); err != nil || answer == nil {
			return
		}
	}
}

// ask passes one request on. All clients share one connection: kfake leaves a
// goroutine behind for each that it has had, which the suite would count as ours.
func (f *front) ask(request []byte) ([]byte, error) {
	f.asking.Lock()
	defer f.asking.Unlock()
	if f.broker == nil {
		var err error
		if f.broker, err = net.Dial("tcp", f.upstream); err != nil {
			return nil, err
		}
	}
	if _, err := f.broker.Write(request); err != nil {
		return nil, err
	}
	return readFrame(f.broker)
}

// intercept returns the answer to a request that the broker does not get.
func (f *front) intercept(request []byte) []byte {
	f.mu.Lock()
	instead := f.instead
	f.mu.Unlock()
	if instead != nil {
		if answer := instead(int16(binary.BigEndian.Uint16(request[4:])), request); answer != nil {
			return answer
		}
	}
	return f.authenticate(request)
}

// authenticate answers PLAIN's requests itself, as a broker without SASL has no
// answer to them: any credentials will do. nil: it is another request.
func (f *front) authenticate(request []byte) []byte {
	var body []byte
	switch binary.BigEndian.Uint16(request[4:]) {
	case 17:
		body = kmsg.NewPtrSASLHandshakeResponse().AppendTo(request[8:12:12])
	case 36:
		body = kmsg.NewPtrSASLAuthenticateResponse().AppendTo(request[8:12:12])
		if request[7] == 1 {
			body = append(body, make([]byte, 8)...) // session lifetime
		}
	default:
		return nil
	}
	return frame(body)
}

// pass returns the answer that the client gets to request.
func (f *front) pass(request, answer []byte) []byte {
	f.mu.Lock()
	produced, change := f.produced, f.answer
	f.mu.Unlock()
	key := int16(binary.BigEndian.Uint16(request[4:]))
	switch {
	case key == 0 && produced != nil:
		produced(parseProduce(request))
	case key == 3:
		answer = f.renamed(int16(binary.BigEndian.Uint16(request[6:])), answer)
	}
	if change != nil {
		return change(key, answer)
	}
	return answer
}

// renamed puts the front's address into metadata.
func (f *front) renamed(version int16, answer []byte) []byte {
	m := kmsg.NewPtrMetadataResponse()
	m.SetVersion(version)
	if err := m.ReadFrom(answer[8:]); err != nil {
		panic(fmt.Sprintf("metadata do not parse: %v", err))
	}
	host, port, _ := net.SplitHostPort(f.addr)
	number, _ := strconv.Atoi(port)
	for i := range m.Brokers {
		m.Brokers[i].Host, m.Brokers[i].Port = host, int32(number)
	}
	return frame(m.AppendTo(append([]byte(nil), answer[4:8]...)))
}

func (f *front) onProduced(g func(*kmsg.ProduceRequest)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.produced = g
}

func (f *front) onAnswer(g func(key int16, answer []byte) []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = g
}

func (f *front) onRequest(g func(key int16, request []byte) []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.instead = g
}

// refuses makes the broker answer each Produce with what judge says of each
// batch, without storing anything where that is not nil.
func (f *front) refuses(judge func(p *kmsg.ProduceRequestTopicPartition, values []string) *kmsg.ProduceResponseTopicPartition) {
	f.onRequest(func(key int16, request []byte) []byte {
		if key != 0 {
			return nil
		}
		req := parseProduce(request)
		res := req.ResponseKind().(*kmsg.ProduceResponse)
		refused := false
		for i := range req.Topics {
			t := kmsg.NewProduceResponseTopic()
			t.Topic = req.Topics[i].Topic
			for k := range req.Topics[i].Partitions {
				p := &req.Topics[i].Partitions[k]
				answer := judge(p, batchValues(p.Records))
				if answer == nil {
					answer = &kmsg.ProduceResponseTopicPartition{}
				}
				answer.Partition = p.Partition
				refused = refused || answer.ErrorCode != 0
				t.Partitions = append(t.Partitions, *answer)
			}
			res.Topics = append(res.Topics, t)
		}
		if !refused {
			return nil
		}
		return frame(res.AppendTo(request[8:12:12]))
	})
}

// readFrame reads a request or an answer with its length.
func readFrame(r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	frame := make([]byte, 4+binary.BigEndian.Uint32(head[:]))
	copy(frame, head[:])
	_, err := io.ReadFull(r, frame[4:])
	return frame, err
}

// frame puts the length before body.
func frame(body []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
}

// parseProduce reads length, key, version, number, client id, and the rest with
// franz-go's types: an independent parser.
func parseProduce(frame []byte) *kmsg.ProduceRequest {
	req := kmsg.NewPtrProduceRequest()
	req.SetVersion(int16(binary.BigEndian.Uint16(frame[6:])))
	client := int(binary.BigEndian.Uint16(frame[12:]))
	if err := req.ReadFrom(frame[14+client:]); err != nil {
		panic(fmt.Sprintf("the request does not parse: %v", err))
	}
	return req
}

// values returns the values of all messages of a request that is not compressed,
// batch by batch.
func values(req *kmsg.ProduceRequest) (all []string) {
	for _, t := range req.Topics {
		for _, p := range t.Partitions {
			all = append(all, batchValues(p.Records)...)
		}
	}
	return all
}

func batchValues(batch []byte) (all []string) {
	var b kmsg.RecordBatch
	if err := b.ReadFrom(batch); err != nil {
		panic(fmt.Sprintf("a batch does not parse: %v", err))
	}
	for rest := b.Records; len(rest) > 0; {
		size, n := binary.Varint(rest)
		var r kmsg.Record
		if err := r.ReadFrom(rest[:n+int(size)]); err != nil {
			panic(fmt.Sprintf("a record does not parse: %v", err))
		}
		all, rest = append(all, string(r.Value)), rest[n+int(size):]
	}
	return all
}
