package handler

import (
	"github.com/slogship/slogship/internal/vfs"
	"github.com/slogship/slogship/route"
)

// NewOn is New over a file system that a test lets fail.
func NewOn(fsys vfs.FS, routes []route.Route, opts *Options) (*Handler, error) {
	return newOn(fsys, routes, opts)
}
