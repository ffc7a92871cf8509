// Package all links every driver of gocloud.dev/secrets, so that any of their
// URLs opens. It links the client libraries of AWS, Google Cloud, Azure and
// Vault with it; import one driver instead where that matters.
package all

import (
	_ "gocloud.dev/secrets/awskms"
	_ "gocloud.dev/secrets/azurekeyvault"
	_ "gocloud.dev/secrets/gcpkms"
	_ "gocloud.dev/secrets/hashivault"
)
