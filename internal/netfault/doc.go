// Package netfault breaks networks for tests: a TCP proxy whose faults are set
// while it runs, and a DNS server whose answers are. Both live on loopback,
// stop with the test, and are for tests only.
package netfault
