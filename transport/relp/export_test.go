package relp

import "github.com/slogship/slogship/transport"

// SetTxnr makes n the number of the last command of the open session.
func SetTxnr(tr transport.Transport, n uint32) { tr.(*sender).session.last = txnr(n) }
