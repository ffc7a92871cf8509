package vfs

import "fmt"

// OpKind is a kind of operation that [Fault] can let fail. Its zero value is
// no operation.
type OpKind uint8

// The operations of FS, File and Mapping, one each. Bytes has none: it does
// nothing that can fail.
const (
	OpMkdirAll OpKind = iota + 1
	OpCreate
	OpOpen
	OpRemove
	OpRename
	OpReadDir
	OpSyncDir
	OpLock
	OpUnlock // Close of what Lock returned
	OpSpace
	OpKindOf // FS.Kind
	OpReadAt
	OpWriteAt
	OpClose
	OpSize
	OpAllocate
	OpSync
	OpMap
	OpWriteback
	OpEvict
	OpPopulate
	OpUnmap

	opEnd // the first number that is no operation
)

// OpKinds returns all kinds, for a test that lets each fail in turn.
func OpKinds() []OpKind {
	kinds := make([]OpKind, 0, opEnd-1)
	for k := OpKind(1); k < opEnd; k++ {
		kinds = append(kinds, k)
	}
	return kinds
}

// Reads says whether an operation leaves the volume as it is. A read-only or
// full volume lets it through.
func (k OpKind) Reads() bool {
	switch k {
	case OpOpen, OpReadDir, OpSpace, OpKindOf, OpReadAt, OpClose, OpSize, OpMap, OpEvict, OpUnmap, OpUnlock:
		return true
	}
	return false
}

// Writes says whether an operation changes the volume, or moves a change
// towards the disk. Each kind either reads or writes.
func (k OpKind) Writes() bool {
	switch k {
	case OpMkdirAll, OpCreate, OpRemove, OpRename, OpSyncDir, OpLock, OpWriteAt, OpAllocate, OpSync, OpWriteback, OpPopulate:
		return true
	}
	return false
}

// Grows says whether an operation may need room on the volume: what a full disk
// lets fail. Sync is one because blocks may only be found then.
func (k OpKind) Grows() bool {
	switch k {
	case OpMkdirAll, OpCreate, OpLock, OpWriteAt, OpAllocate, OpSync, OpPopulate:
		return true
	}
	return false
}

// String returns the name of the method, as "Sync".
func (k OpKind) String() string {
	names := [opEnd]string{
		OpMkdirAll:  "MkdirAll",
		OpCreate:    "Create",
		OpOpen:      "Open",
		OpRemove:    "Remove",
		OpRename:    "Rename",
		OpReadDir:   "ReadDir",
		OpSyncDir:   "SyncDir",
		OpLock:      "Lock",
		OpUnlock:    "Unlock",
		OpSpace:     "Space",
		OpKindOf:    "Kind",
		OpReadAt:    "ReadAt",
		OpWriteAt:   "WriteAt",
		OpClose:     "Close",
		OpSize:      "Size",
		OpAllocate:  "Allocate",
		OpSync:      "Sync",
		OpMap:       "Map",
		OpWriteback: "Writeback",
		OpEvict:     "Evict",
		OpPopulate:  "Populate",
		OpUnmap:     "Unmap",
	}
	if k < opEnd && names[k] != "" {
		return names[k]
	}
	return fmt.Sprintf("OpKind(%d)", uint8(k))
}

// Op is one operation on its way to the file system.
type Op struct {
	Kind  OpKind
	Name  string // of the file or directory; a File and a Mapping keep the name that they were opened by
	To    string // of OpRename
	Index int    // 0 for the first operation of this Fault
}

// String returns the operation as a line of a trace.
func (op Op) String() string {
	if op.To != "" {
		return fmt.Sprintf("%d %v %s -> %s", op.Index, op.Kind, op.Name, op.To)
	}
	return fmt.Sprintf("%d %v %s", op.Index, op.Kind, op.Name)
}
