package group_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/slogship/slogship/encode"
	"github.com/slogship/slogship/internal/option"
	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/group"
	"github.com/slogship/slogship/transport/memory"
	"github.com/slogship/slogship/transport/relp"
)

// invalid are destinations whose Open names a field.
func invalid() []transport.Destination {
	one := []transport.Destination{memory.New()}
	two := []transport.Destination{memory.New(), memory.New()}
	return []transport.Destination{
		group.Failover{},
		group.Balance{},
		group.Quorum{},
		group.Failover{Members: make([]transport.Destination, 2)},
		group.Failover{Members: many(65)},
		group.Failover{Members: itself()},
		group.Quorum{Members: []transport.Destination{&group.Balance{Members: itself()}}},
		group.Failover{Members: nested(17)},
		group.Failover{Members: two, Names: []string{"a"}},
		group.Failover{Members: two, Names: []string{"a", "a"}},
		group.Failover{Members: two, Names: []string{"", "memory#1"}},
		group.Failover{Members: one, StableAfter: -1},
		group.Failover{Members: one, MemberTimeout: -1},
		group.Balance{Members: one, MemberTimeout: -1},
		group.Balance{Members: one, Policy: 2},
		group.Quorum{Members: two, QuorumSize: 3},
		group.Quorum{Members: two, QuorumSize: -1},
		group.Quorum{Members: two, SyncTimeout: -1},
		group.Failover{Members: []transport.Destination{memory.New(), relp.Destination{Addr: "nowhere"}}},
	}
}

func many(n int) (all []transport.Destination) {
	for range n {
		all = append(all, memory.New())
	}
	return all
}

// itself is a group's members that are the group itself.
func itself() []transport.Destination {
	m := make([]transport.Destination, 2)
	m[0], m[1] = memory.New(), group.Failover{Members: m}
	return m
}

// nested is groups in groups, that deep.
func nested(deep int) []transport.Destination {
	var d transport.Destination = memory.New()
	for range deep - 1 {
		d = group.Failover{Members: []transport.Destination{d}}
	}
	return []transport.Destination{d}
}

func TestOpenErrors(t *testing.T) {
	for i, d := range invalid() {
		tr, err := d.Open()
		if !errors.Is(err, group.ErrConfig) {
			t.Errorf("invalid[%d] opens with %v", i, err)
		}
		if err == nil {
			tr.Close()
		}
	}
	if tr, err := (group.Failover{Members: nested(16)}).Open(); err != nil {
		t.Errorf("16 deep: %v", err)
	} else {
		tr.Close()
	}
}

// All that is wrong is told at once, each with the member's name, and what was
// open is closed.
func TestOpenTellsAll(t *testing.T) {
	n := &node{t: t}
	_, err := (group.Quorum{Members: []transport.Destination{
		relp.Destination{Addr: "first"}, n, relp.Destination{Addr: "third"},
	}}).Open()
	for _, part := range []string{`"first"`, `"third"`, "relp#1", "relp#3"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v does not have %s", err, part)
		}
	}
	want(t, "the one that opened is closed", n.closed, 1)
	if m, ok := errors.AsType[*option.MemberError](err); !ok || m.Field != "Members[0]" || !errors.Is(err, group.ErrConfig) {
		t.Errorf("%v does not name the member's place", err)
	}
	if _, err := (group.Failover{Members: []transport.Destination{closed{}}}).Open(); !errors.Is(err, errDown) || errors.Is(err, group.ErrConfig) {
		t.Errorf("%v: the member's error is another, or one about a field", err)
	}
}

// closed does not open, and not for a field.
type closed struct{}

func (closed) Open() (transport.Transport, error) { return nil, errDown }

// A Describe has the limits of the strictest member.
func TestDescribe(t *testing.T) {
	d := func(records, bytes, inFlight int, linger time.Duration, acks, direct bool) transport.Description {
		return transport.Description{
			MaxRecords: records, MaxBytes: bytes, MaxInFlight: inFlight, Linger: linger, Acknowledged: acks, Direct: direct,
		}
	}
	for _, c := range []struct{ a, b, want transport.Description }{
		{d(0, 0, 0, 0, true, true), d(0, 0, 0, 0, true, true), d(1000, 1<<20, 1, 0, true, true)},
		{d(10, 0, 8, 0, true, true), d(0, 4096, 4, time.Second, false, false), d(10, 4096, 4, time.Second, false, false)},
		{d(5000, 8<<20, 1, 0, false, true), d(2000, 2<<20, 3, 0, true, false), d(2000, 2<<20, 1, 0, false, false)},
		{d(5000, 0, 0, 0, true, false), d(0, 0, 0, 0, true, true), d(1000, 1<<20, 1, 0, true, false)},
	} {
		a, b := &node{t: t, desc: c.a}, &node{t: t, desc: c.b}
		for _, g := range []transport.Destination{group.Failover{Members: members([]*node{a, b})}, group.Quorum{Members: members([]*node{a, b})}} {
			tr := open(t, g)
			expected := c.want
			if _, ok := g.(group.Quorum); ok {
				expected.Direct = false
			}
			want(t, "Description", tr.Describe(), expected)
			a.closed, b.closed = -1, -1
			mustClose(t, tr)
		}
	}
}

// A group has the optional abilities that its members have.
func TestAbilities(t *testing.T) {
	for _, c := range []struct {
		probes, holds bool
		paths         []string
	}{
		{}, {probes: true}, {paths: []string{"b", "a"}}, {probes: true, paths: []string{"a", "b", "a"}}, {holds: true},
	} {
		n := []*node{{t: t, probes: c.probes, holds: c.holds}, {t: t, paths: c.paths}}
		for _, g := range []transport.Destination{
			group.Failover{Members: members(n)}, group.Balance{Members: members(n)}, group.Quorum{Members: members(n)},
			group.Failover{Members: []transport.Destination{group.Balance{Members: members(n)}}},
		} {
			tr := open(t, g)
			_, probes := tr.(transport.Prober)
			_, holds := tr.(transport.Holder)
			client, names := tr.(transport.Client)
			_, states := tr.(transport.Stater)
			_, checks := tr.(transport.Checker)
			if probes != (c.probes || c.holds) || holds != c.holds || names != (c.paths != nil) || !states || !checks {
				t.Errorf("%+v in %T: Prober %v, Holder %v, Client %v, Stater %v, Checker %v", c, g, probes, holds, names, states, checks)
			}
			if names {
				paths := client.ImportPaths()
				if len(paths) != 2 || paths[0] != "a" || paths[1] != "b" {
					t.Errorf("ImportPaths: %q", paths)
				}
			}
			n[0].closed, n[1].closed = -1, -1
			mustClose(t, tr)
		}
	}
}

// Groups may be members, of any kind.
func TestMembersOfAnyKind(t *testing.T) {
	a, b := memory.New(), memory.New()
	tr := open(t, group.Failover{Members: []transport.Destination{
		group.Quorum{Members: []transport.Destination{a, b}},
		group.Balance{Members: []transport.Destination{a}},
	}})
	defer tr.Close()
	mustSend(t, tr, batch(1, 3))
	b.Fail(errDown)
	mustSend(t, tr, batch(4, 5))
	want(t, "in the first sink: a try of the quorum, and the balance", len(a.Records()), 7)
	want(t, "in the second", len(b.Records()), 3)
}

// What fails at a member that the group can do without is a warning.
func TestCheck(t *testing.T) {
	for _, c := range []struct {
		down []bool
		want transport.Verdict
	}{{[]bool{true, false}, transport.Warning}, {[]bool{true, true}, transport.Failed}} {
		n := acked(t, 2)
		n[0].down, n[1].down = c.down[0], c.down[1]
		tr := open(t, group.Failover{Members: members(n)})
		found := tr.(transport.Checker).Check(t.Context())
		if len(found) != 2 || found[0].Verdict != c.want || found[0].Err == nil || !strings.HasPrefix(found[1].Check, "group_test#2") {
			t.Errorf("%+v", found)
		}
		mustClose(t, tr)
	}
}

// A group shows what its first member would send.
func TestPreview(t *testing.T) {
	over := relp.Destination{Addr: "127.0.0.1:1", Encoder: encode.Logfmt{}}
	for want, members := range map[string][]transport.Destination{
		"msg=7":     {over, memory.New()},
		`"msg":"7"`: {memory.New(), over},
	} {
		tr := open(t, group.Failover{Members: []transport.Destination{group.Quorum{Members: members}}})
		rec := recordOf(7)
		text, err := tr.(transport.Previewer).Preview(&rec)
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("Preview: %q, %v; want %s in it", text, err, want)
		}
		mustClose(t, tr)
	}
}
