package transporttest

import "testing"

// A testCase is one sentence of the contract.
type testCase struct {
	name string
	run  func(t testing.TB, h *Harness)
}

// cases returns the contract, sentence by sentence, in the words of package
// transport.
func cases() []testCase {
	return []testCase{
		{"Open checks the configuration", openChecks},
		{"Open makes the transport without network I/O", openOffline},
		{"Describe says what one Send may hold", describe},
		{"Send delivers recs in order", inOrder},
		{"Send blocks until the destination has answered or ctx is done", blocks},
		{"Send connects when it needs to and never retries", reconnects},
		{"Send never keeps recs or what they point to", keepsNothing},
		{"Send is called concurrently with itself up to MaxInFlight", concurrent},
		{"Send after Close returns ErrClosed", afterClose},
		{"Close releases what the transport holds", releases},
		{"A record of any content is delivered or Permanent", anyContent},
		{"Errors hold no secret", noSecrets},
		{"Held returns how many of the newest records may be unread", held},
		{"Probe returns nil if the destination would accept a Send", probe},
		{"Check looks at each step without sending a record", check},
		{"ImportPaths names the client library", importPaths},
		{"Preview shows what Send would write and changes nothing", preview},
	}
}

// Run checks the transport that h describes against each sentence of the
// contract, one subtest a sentence. Call it once, from a test that does not run
// in parallel with others.
func Run(t *testing.T, h Harness) {
	t.Helper()
	for _, c := range cases() {
		t.Run(c.name, func(t *testing.T) { c.run(t, &h) })
	}
}
