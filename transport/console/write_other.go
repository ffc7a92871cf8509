//go:build !unix

package console

import "os"

func writeFile(f *os.File, b []byte) (int, error) { return f.Write(b) }
