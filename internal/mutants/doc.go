// Command mutants asks whether the tests would notice. It breaks the core on
// purpose, one known bug at a time, and runs the tests that promise to notice:
//
//	go run ./internal/mutants [NAME…]
//
// It prints a line for each mutant, "killed" with the test that failed, or
// "SURVIVED", and in the end
//
//	mutants: N, killed N
//
// It exits with 1 if one survives, if one no longer applies, or if a test fails
// without any mutant, since then its failing says nothing. Each of the bugs has
// been somebody's: the comments of list.go name whose (I-numbers are those of
// handler/INCIDENTS.md).
//
// Nothing is written to the tree. A mutant is an overlay (go help build), so a
// run that is killed leaves nothing behind, and two may run beside each other
// and beside an editor. Copying the repository instead would compile everything
// anew.
//
// Only the tests that are named for a mutant run, so a survivor is a survivor
// of these: others may kill it. That is on purpose. A bug that only some other
// test meets by accident is one that the next change to that test lets in.
package main
