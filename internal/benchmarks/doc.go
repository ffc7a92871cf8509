// Package benchmarks measures this library beside its peers, in a module of
// its own, so that none of them becomes a dependency of a user. The budgets are
// ratios taken in one run; go run ./report prints them.
package benchmarks
