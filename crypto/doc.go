// Package crypto keeps values out of logs, or puts them there so that only a
// key's holder can read them.
package crypto
