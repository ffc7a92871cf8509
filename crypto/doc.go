// Package crypto keeps values out of logs, or puts them there so that only the
// holder of a key reads them. It works before anything is buffered: what is
// sealed is never on disk in plain text.
//
//	keys, err := crypto.LoadKeyring(ctx, crypto.FileSource("/etc/shop/log.keys", nil))
//	policy := crypto.Policy{
//		Rules: []crypto.Rule{
//			{Key: "password", Do: crypto.Drop},
//			{Key: "*token*"},                                            // Seal is the default
//			{Path: "user.email", Do: crypto.MaskIt, Mask: crypto.KeepDomain},
//		},
//		Detect: []crypto.Detect{{What: crypto.CardNumbers, Do: crypto.MaskIt, Mask: crypto.KeepLast4}},
//	}
//
// # What is hidden
//
// A [Policy] names attributes: by path, by key in any group, by their form. A
// value can say so itself: [Secret], or the tag `slogship:"seal"` ("mask", "hash",
// "drop") at a struct's field. Rules reach into groups, lists, structs and maps.
// [Policy.Compile] makes a [Sealer], which the handler calls for each attribute.
//
// # Tokens
//
// A sealed value is a text of some 200 characters that begins with "slogseal1.",
// passes every format unchanged, and is found by grep: FORMAT.md is its
// specification. It holds the value's type, and is bound to its service, path
// and record. [Opener] opens single ones, documents and streams;
// examples/unseal is the command.
//
// # Keys
//
// A [Keyring] seals with one key and opens with many, and is rotated while
// records are logged ([Keyring.Rotate], [Keyring.Reload]). With a key service
// ([NewEnvelopeKeyring], package crypto/kms) a process has data keys of its own.
// There is no limit on how much one key seals: processes derive keys from it.
// Without a key, a value is replaced by a mark ([MarkNoKey]) and counted; plain
// text goes nowhere.
//
// # Cost
//
// In the log call: a policy that names none of a record's eight attributes adds
// some 55 ns to it; sealing a string of 32 bytes adds 220 ns, 450 ns in FIPS mode.
// Neither allocates. Rules and detectors that look into structs, maps and errors
// cost what encoding/json costs, and a detector reads every text.
//
// # Limits
//
// A value of more than 512 KiB, or whose token does not fit into its record, is
// marked and not sealed. A value's length can be seen from its token's. Names of
// attributes, the message and the text of errors are not hidden, but for what a
// detector finds in the latter two. Rules see what a value's LogValue or Error
// method returns: the tags of a struct that has one have no effect.
//
// # FIPS 140-3
//
// All algorithms are Go's: AES-256-GCM, HKDF and HMAC with SHA-256. Under
// GODEBUG=fips140=on or only, Go's module chooses the nonces.
//
// # For a handler
//
// A slog.Handler that applies a policy holds a [Group] beside its open groups:
// WithGroup(name) goes to g.Group(name), With encodes by g.AppendAttr with a
// zero Scratch.Record. For each record it sets Scratch.Record, asks
// [Sealer.Message] for the message, and calls [Group.AppendAttr] in place of
// codec.AppendAttr; [Group.Attr] gives the same as a slog.Attr, for another
// handler.
//
// # Names
//
// The standard library has a package crypto, too. Where both are needed in one
// file: import slogcrypto "github.com/slogship/slogship/crypto".
package crypto
