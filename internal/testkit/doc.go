// Package testkit is what the adapters' own tests share: receivers on loopback,
// opening and sending, and looking at errors. What every transport has to do is
// checked by package transporttest, not here.
package testkit
