package buffer

import (
	"fmt"
	"os"
	"sync/atomic"
	"syscall"

	"github.com/slogship/slogship/internal/vfs"
)

// childKinds are the lives of children that do something else than append
// until they are killed. None returns.
var childKinds = map[string]func(b *Buffer, round uint64){
	"lose":  childLose,
	"exit":  childEnd(childExit),
	"fatal": childEnd(childFatal),
	"panic": childEnd(childPanic),
	"oom":   childOOM,
	"move":  childMove,
}

// childDisk is the child's file system: the real one, or the real one with
// every 20th sync of a segment failing. A file goes by the name under which it
// was made.
func childDisk() vfs.FS {
	if os.Getenv("SLOGSHIP_CHILD_FAIL_SYNCS") != "1" {
		return vfs.OS{}
	}
	fsys := vfs.NewFault(vfs.OS{})
	segments := vfs.And(vfs.Kinds(vfs.OpSync), vfs.Base("*"+tmpSuffix))
	var n atomic.Int64
	fsys.Inject(vfs.When(segments, vfs.InjectorFunc(func(vfs.Op) error {
		if n.Add(1)%20 == 0 {
			return syscall.EIO
		}
		return nil
	})))
	return fsys
}

// childMove appends and delivers while its directory gets another name again and
// again.
func childMove(b *Buffer, round uint64) {
	dir := os.Getenv("SLOGSHIP_CHILD_DIR")
	for i := range uint64(100) { // there is something to lose also with the first move
		childAppend(b, round<<48|1<<47|i)
	}
	for p := range uint64(4) {
		go childProduce(b, round<<48|p<<32)
	}
	go childConsume(b)
	for i := 0; ; i++ {
		if err := b.Move(dir + movedSuffix[i%2]); err != nil {
			fmt.Fprintln(os.Stderr, "move:", err)
			os.Exit(6)
		}
	}
}

// movedSuffix are the endings between which childMove moves its directory.
var movedSuffix = [...]string{"-moved", ""}

// childLosses is how many records childLose loses before each report.
const childLosses = 3

// childLose loses records and reports the losses, one report after the other.
// It appends as well, so that its directory has a segment.
func childLose(b *Buffer, round uint64) {
	for i := range uint64(1000) {
		childAppend(b, round<<48|i)
		for n := range childLosses {
			b.Lose(TooOld, 2, [16]byte{byte(i), byte(n)}, 1)
		}
		l, ok := b.Loss()
		if !ok {
			fmt.Fprintln(os.Stderr, "nothing lost")
			os.Exit(6)
		}
		b.Reported(l.ID)
	}
	os.Exit(4)
}
