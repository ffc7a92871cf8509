package crypto

import "os"

// readableByOthers cannot tell: Go makes up the mode from the read-only bit.
func readableByOthers(os.FileMode) bool { return false }
