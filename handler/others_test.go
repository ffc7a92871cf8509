//go:build !linux

package handler_test

import "testing"

// What only Linux can do to a process and its volume is tested there.

func addMoments(map[string]moment) {}

func mount(t *testing.T, _, _ string) { t.Skip("mounting a volume is tested on Linux") }

func unmount(string) {}

func resize(*testing.T, string, string) {}
