// Command interop asks real servers what they received. It starts them as child
// processes on loopback, sends records to each through slogship's whole
// pipeline, kills the server with SIGKILL on the way, and then reads what the
// server has, record by record:
//
//	./internal/interop/run [NAME…]
//
// What is checked of each record, in what the server wrote and not in what
// slogship says:
//
//   - it is there (lost);
//   - its text is the one that was logged, which has quotes, control
//     characters, line separators, things that look like syslog and more in it;
//   - if it is there more than once, all copies have the same ID (duplicates);
//   - the first copies of one producer's records are in the order in which they
//     were logged;
//   - what else the server made of it (a syslog header's fields, say) is what it
//     should be, where a destination has a check for that;
//   - there is nothing else.
//
// A kill counts only if at least one batch was unanswered by then and at least
// 1,000 records that had never been sent before (100 for a server that takes some
// 10 a second) went out since the last one. (An agent that reads a file answers no
// batch: each of its kills counts.) Of UDP nothing is claimed under kills, so its server is left alone: there,
// everything sent at a bearable rate must have arrived.
//
// No wait here depends on a Send that nobody makes: while nothing has begun for
// a moment, the producers are allowed some records more, and a server that says
// it is ready and takes nothing for 30 s fails its destination with its answer.
//
// The servers are told to write what they have read at once: rsyslog runs
// without its main queue. With a queue in memory, rsyslogd would lose by SIGKILL
// what it had taken off the connection, and no sender can do anything about it.
//
// A server that is missing is installed; if it cannot be, that is a failure,
// never a skip.
package main
