//go:build darwin || freebsd

package vfs

const nullDevice = 0 // never opened
