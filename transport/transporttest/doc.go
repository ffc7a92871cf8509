// Package transporttest checks a transport against the contract of package
// transport: one call from an adapter's test turns each sentence of it into a
// named case.
//
//	func TestConformance(t *testing.T) {
//		transporttest.Run(t, transporttest.Harness{
//			Start: func(t testing.TB, p *transporttest.Peer) transport.Destination {
//				url := transporttest.ServeHTTP(t, p, func(w http.ResponseWriter, r *http.Request) {
//					p.ReceivedLines(r.Body)
//				})
//				return webhook.Destination{URL: url}
//			},
//		})
//	}
//
// An entry is one record as the receiver got it, in any format: the suite knows
// its records again by marks that they carry. The adapter brings a receiver and a Destination aimed at it; the suite
// brings the records, breaks the receiver, and plays the delivery worker.
//
// # What it sees of kept memory
//
// After each Send the suite overwrites all that the batch pointed to: the slice
// of records, attributes, groups, lists, byte slices, errors, frames and the
// resource. In the case about kept memory the records also come as the worker
// brings them, through a buffer, so that the bytes of their strings are
// overwritten by the next batch. A transport that looks at any of it later sends
// poison or another record's text, which is looked for in what arrives, and
// under -race it is reported as a data race as well.
//
// # Running it
//
// Cases count goroutines and file descriptors of the process, so tests that run
// in parallel with Run may disturb it. The suite takes a few seconds;
// SLOGSHIP_NIGHTLY=1 opens and closes 1,000 transports instead of 50.
package transporttest
