//go:build !linux

package buffer

import "errors"

func mountTmpfs(string, string) error { return errors.ErrUnsupported }

func syscallUnmount(string) error { return nil }
