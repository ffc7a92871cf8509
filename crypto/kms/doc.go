// Package kms lets a key service hold the key: it makes a [crypto.Wrapper] of
// every service that gocloud.dev/secrets knows.
//
//	import (
//		"github.com/slogship/slogship/crypto"
//		"github.com/slogship/slogship/crypto/kms"
//		_ "github.com/slogship/slogship/crypto/kms/all"
//	)
//
//	w, err := kms.Open(ctx, "awskms://alias/logs?region=eu-central-1")
//	ring, err := crypto.NewEnvelopeKeyring("aws-logs", w, nil)
//	err = ring.Ready(ctx)
//
// # URLs
//
// A service works once its driver is linked: by package all, which links all of
// them, or one by one, since each brings its vendor's client along.
//
//	base64key://KEY                    a key in the URL: for tests and trials; always linked
//	awskms://ID?region=R               gocloud.dev/secrets/awskms
//	gcpkms://projects/…/cryptoKeys/K   gocloud.dev/secrets/gcpkms
//	azurekeyvault://V.vault.azure.net/keys/K   gocloud.dev/secrets/azurekeyvault
//	hashivault://K                     gocloud.dev/secrets/hashivault (the transit engine; VAULT_SERVER_URL, VAULT_SERVER_TOKEN)
//
// # Calls
//
// A process that seals makes one call at its start and one an hour
// (crypto.EnvelopeOptions.Period). One that opens makes a call for each data key
// it meets, and keeps the answer for an hour. Who may write to a log can make up
// tokens with data keys in them, each of which is a call that fails: where calls cost
// money, look at the counts of what could not be opened. The permission to encrypt is
// enough to seal: a service that can only log cannot read what it has logged.
//
// # Security
//
// The service sees data keys, never what is logged. base64key is NaCl's
// secretbox, which is not in FIPS 140-3; the others are as their services are.
package kms
