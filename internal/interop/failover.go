package main

import (
	"time"

	"github.com/slogship/slogship/transport"
	"github.com/slogship/slogship/transport/group"
	"github.com/slogship/slogship/transport/relp"
	"github.com/slogship/slogship/transport/tcp"
)

// Times of the groups, short ones, so that a minute has many switches.
const (
	failoverBeat   = 200 * time.Millisecond
	failoverStable = 500 * time.Millisecond
)

// failoverDestinations are groups of three rsyslogs, of which nodes are killed
// and revived.
func failoverDestinations(*environment) []destination {
	overRELP := func(addr string) transport.Destination { return relp.Destination{Addr: addr, Encoder: relpFormat} }
	overTCP := func(addr string) transport.Destination { return tcp.Destination{Addr: addr} }
	failover := trial{copies: 1, ordered: true, within: time.Second, lasts: time.Minute}
	unacknowledged := failover
	// Records that one node took and another one took again come to the first
	// one a second time behind newer ones.
	unacknowledged.ordered, unacknowledged.quiet = false, true
	quorum := failover
	quorum.copies, quorum.within = 2, 0 // there is no switch
	return []destination{
		{
			name: "failover", setup: rsyslog(relpInput(), parseCEE), check: checkRELP, try: failover.run,
			to: func(at place) transport.Destination {
				return group.Failover{Members: each(at, overRELP), HeartbeatInterval: failoverBeat, StableAfter: failoverStable}
			},
		},
		{
			name: "failover-tcp", setup: rsyslog(rsyslogInput{module: "imtcp"}, parseRaw), try: unacknowledged.run,
			to: func(at place) transport.Destination {
				return group.Failover{Members: each(at, overTCP), HeartbeatInterval: failoverBeat, StableAfter: failoverStable}
			},
		},
		{
			name: "quorum", setup: rsyslog(relpInput(), parseCEE), check: checkRELP, try: quorum.run,
			to: func(at place) transport.Destination {
				return group.Quorum{Members: each(at, overRELP), HeartbeatInterval: failoverBeat, StableAfter: failoverStable}
			},
		},
	}
}

// each makes a member for each address.
func each(at place, of func(addr string) transport.Destination) (members []transport.Destination) {
	for _, addr := range at.addrs {
		members = append(members, of(addr))
	}
	return members
}
